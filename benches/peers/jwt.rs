//! jsonwebtoken: HS256 over JSON claims, by the RustCrypto backend.

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use portward_benches::facts;

pub struct Peer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
pub struct Claims {
    tenant: String,
    sub: String,
    jti: String,
    iat: u64,
    exp: u64,
    scope: Vec<String>,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            encoding: EncodingKey::from_secret(&[7; 32]),
            decoding: DecodingKey::from_secret(&[7; 32]),
            header: Header::default(),
            validation: Validation::default(),
        }
    }
}

impl Peer {
    pub fn issue(&self, now: u64) -> String {
        let claims = Claims {
            tenant: facts::TENANT.to_owned(),
            sub: facts::CLIENT.to_owned(),
            jti: facts::token_id_text(),
            iat: now,
            exp: now + facts::LIFETIME.as_secs(),
            scope: facts::PERMISSIONS.map(str::to_owned).to_vec(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.encoding).unwrap()
    }

    /// Signature and expiry.
    pub fn verify(&self, token: &str) -> Claims {
        jsonwebtoken::decode(token, &self.decoding, &self.validation).unwrap().claims
    }
}
