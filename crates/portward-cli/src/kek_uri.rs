//! KEKs that lie elsewhere, by their URIs: `pkcs11:…` of RFC 7512, `aws-kms:KEY-ID`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portward::Audience;
use portward_kms::{AuthPin, Pkcs11Options, Pkcs11Token, TokenError};
use portward_store::files::KeyringKek;

use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::passphrase;

/// The one that `--kek` names.
pub(crate) fn open(global: &Global) -> Result<Arc<dyn KeyringKek>, Failure> {
    from_uri(global.kek.as_deref().ok_or_else(missing)?)
}

/// A key of this URI, made first. `tell`: who is told before it is, once it is known where that will be.
pub(crate) fn generate(uri: &str, tell: impl FnOnce() -> Result<(), Failure>) -> Result<Arc<dyn KeyringKek>, Failure> {
    let Some(("pkcs11", rest)) = uri.split_once(':') else {
        return Err(Failure::usage("kek_generate", "only a PKCS#11 token makes a key here"));
    };
    let key = Pkcs11::parse(rest).ok_or_else(malformed)?;
    let token = key.token()?;
    tell()?;
    match token.generate(&key.id, 0) {
        Ok(kek) => Ok(Arc::new(kek)),
        // A key is looked at only once it is made.
        Err(error @ (TokenError::NoKey | TokenError::WeakKey)) => {
            Err(of_token(error).hint("the token has made it, and keeps it"))
        }
        Err(error) => Err(of_token(error)),
    }
}

pub(crate) fn missing() -> Failure {
    Failure::usage("kek_missing", "--kek URI, or PORTWARD_KEK, has to say where the keyring's KEK is")
}

pub(crate) fn from_uri(uri: &str) -> Result<Arc<dyn KeyringKek>, Failure> {
    match uri.split_once(':') {
        Some(("pkcs11", rest)) => Pkcs11::parse(rest).ok_or_else(malformed)?.key(),
        #[cfg(feature = "aws-kms")]
        Some(("aws-kms", id)) => aws(id),
        _ => Err(malformed()),
    }
}

/// Region, credentials and endpoint come from the environment, by the names that every tool of AWS takes them from.
#[cfg(feature = "aws-kms")]
fn aws(id: &str) -> Result<Arc<dyn KeyringKek>, Failure> {
    use portward_kms::aws_sdk_kms::config::{Config, Credentials, Region};
    use portward_kms::{AwsKms, AwsKmsError, AwsKmsOptions};

    let known = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let needed = |name| known(name).ok_or_else(|| Failure::usage("aws_kms_environment", format!("{name} is not set")));
    let (key, secret) = (needed("AWS_ACCESS_KEY_ID")?, needed("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(key, secret, known("AWS_SESSION_TOKEN"), None, "environment");
    let region = known("AWS_REGION").map_or_else(|| needed("AWS_DEFAULT_REGION"), Ok)?;
    let mut config = Config::builder().region(Region::new(region)).credentials_provider(credentials);
    config.set_endpoint_url(known("AWS_ENDPOINT_URL_KMS"));
    let kms = AwsKms::new(&config.build(), AwsKmsOptions::default()).and_then(|kms| kms.key(id));
    Ok(Arc::new(kms.map_err(|error: AwsKmsError| {
        Failure::new(error.code(), Audience::Environment, error.to_string(), Exit::Environment)
    })?))
}

fn malformed() -> Failure {
    Failure::usage("kek_uri", "a KEK is pkcs11:token=LABEL;id=ID?module-path=FILE&pin-source=FILE, as in RFC 7512")
}

/// What of RFC 7512 says where a key is. Another attribute, or one twice, is refused: it could mean another key.
#[derive(Default, Debug, PartialEq, Eq)]
struct Pkcs11 {
    token: String,
    id: Vec<u8>,
    module: PathBuf,
    pin: Option<PathBuf>,
}

impl Pkcs11 {
    fn parse(rest: &str) -> Option<Self> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let attributes = path.split(';').chain(query.split('&').filter(|attribute| !attribute.is_empty()));
        let mut parsed = Self::default();
        for attribute in attributes {
            let (name, value) = attribute.split_once('=')?;
            let value = decoded(value)?;
            let text = || String::from_utf8(value.clone()).ok();
            match name {
                "token" if parsed.token.is_empty() => parsed.token = text()?,
                "id" if parsed.id.is_empty() => parsed.id = value,
                "module-path" if parsed.module.as_os_str().is_empty() => parsed.module = text()?.into(),
                "pin-source" if parsed.pin.is_none() => parsed.pin = Some(file(&text()?)),
                _ => return None,
            }
        }
        let whole = !parsed.token.is_empty() && !parsed.id.is_empty() && !parsed.module.as_os_str().is_empty();
        whole.then_some(parsed)
    }

    /// Version 0: a key of a token has no versions, another key takes its place.
    fn key(&self) -> Result<Arc<dyn KeyringKek>, Failure> {
        Ok(Arc::new(self.token()?.key(&self.id, 0).map_err(of_token)?))
    }

    fn token(&self) -> Result<Arc<Pkcs11Token>, Failure> {
        let pin = passphrase::known(self.pin.as_deref(), "PIN of the token: ", "pin-source")?;
        let pin = core::str::from_utf8(&pin).map_err(|_| Failure::usage("kek_pin", "a PIN is UTF-8"))?;
        let pin = AuthPin::new(pin.into());
        Pkcs11Token::open(&self.module, &self.token, pin, Pkcs11Options::default()).map_err(of_token)
    }
}

fn of_token(error: TokenError) -> Failure {
    Failure::new(error.code(), Audience::Environment, error.to_string(), Exit::Environment)
}

/// `pin-source` is a file, perhaps as a URI.
fn file(source: &str) -> PathBuf {
    let path = source.strip_prefix("file://").or_else(|| source.strip_prefix("file:")).unwrap_or(source);
    Path::new(path).to_owned()
}

fn decoded(value: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)?.checked_mul(16)?.checked_add(hex(rest.next()?)?)?,
            byte => byte,
        });
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_uri_form() {
        let parsed = Pkcs11::parse("token=my%20token;id=%01%ffk?module-path=/usr/lib/p11.so&pin-source=file:/run/pin");
        let expected = Pkcs11 {
            token: "my token".into(),
            id: vec![1, 255, b'k'],
            module: "/usr/lib/p11.so".into(),
            pin: Some("/run/pin".into()),
        };
        assert_eq!(parsed, Some(expected));
        assert!(Pkcs11::parse("token=t;id=k?module-path=/m").is_some(), "the PIN is asked for");
        for refused in [
            "",
            "token=t;id=k",
            "token=t?module-path=/m",
            "id=k?module-path=/m",
            "token=t;id=?module-path=/m",
            "token=t;id=k;id=l?module-path=/m",
            "token=t;id=k;object=o?module-path=/m",
            "token=t;id=k?module-path=/m&pin-value=1234",
            "token=t;id=%4?module-path=/m",
            "token=t;id=%zz?module-path=/m",
            "token=%ff;id=k?module-path=/m",
        ] {
            assert_eq!(Pkcs11::parse(refused), None, "{refused}");
        }
    }
}
