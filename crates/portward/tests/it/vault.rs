//! The vault of a device, whose key is played here by XOR and by refusals.

use std::num::NonZeroUsize;

use portward::Identifier;
use portward::envelope::{
    Binding, Context, Keep, KekError, KekName, KekType, OpenError, ScopeKeys, Slot, UnwrapKey, VaultError, VaultFile,
    WrapKey, WrappedError, WrappedKeyring,
};
use serde_json::{Value, json};

/// Wraps by XOR with the first bytes of the binding, which is as bound as a test needs.
pub(crate) struct Device {
    name: KekName,
    fails: Option<KekError>,
}

impl Device {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: VaultFile::kek(name).unwrap(), fails: None }
    }

    fn failing(name: &str, error: KekError) -> Self {
        Self { fails: Some(error), ..Self::new(name) }
    }
}

fn pad(binding: &Binding) -> impl Iterator<Item = u8> {
    let digest = binding.pairs()[0].1.clone();
    digest.into_bytes().into_iter().take(32)
}

impl WrapKey for Device {
    fn kek(&self) -> KekName {
        self.name.clone()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        self.fails.map_or(Ok(()), Err)?;
        Ok(key.iter().zip(pad(binding)).map(|(key, pad)| key ^ pad).collect())
    }
}

impl UnwrapKey for Device {
    fn resolves(&self, kek: &KekName) -> bool {
        *kek == self.name
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        self.fails.map_or(Ok(()), Err)?;
        let wrapped: [u8; 32] = slot.wrapped().try_into().map_err(|_| KekError::Refused)?;
        key.iter_mut().zip(wrapped.iter().zip(pad(binding))).for_each(|(key, (wrapped, pad))| *key = wrapped ^ pad);
        Ok(())
    }
}

fn tenant() -> Identifier {
    "studio-7".parse().unwrap()
}

fn created() -> (VaultFile, ScopeKeys) {
    VaultFile::create(tenant(), &Device::new("portward")).unwrap()
}

fn context(id: &str) -> Context {
    Context::new(&tenant(), "files.content", id).unwrap()
}

fn changed(file: &VaultFile, change: impl FnOnce(&mut Value)) -> Result<VaultFile, VaultError> {
    let mut json: Value = serde_json::from_slice(&file.to_json()).unwrap();
    change(&mut json);
    VaultFile::from_json(json.to_string().as_bytes())
}

fn opened(file: &VaultFile, device: &Device) -> Option<VaultError> {
    file.open(&tenant(), device).err()
}

#[test]
fn what_one_run_seals_the_next_opens() {
    let (file, keys) = created();
    let object = keys.seal_record(&context("1"), b"Monday").unwrap();
    let again = VaultFile::from_json(&file.to_json()).unwrap();
    assert_eq!((&again, again.key_name()), (&file, "portward"));
    let keys = again.open(&tenant(), &Device::new("portward")).unwrap();
    assert_eq!(keys.open_record(&context("1"), &object).unwrap(), b"Monday");
    assert_eq!(keys.open_record(&context("2"), &object), Err(OpenError::WrongCommitment));
    assert_eq!(keys.scope().as_str(), "vault:objects");
}

#[test]
fn another_vault_of_the_same_key_opens_nothing() {
    let ((_, keys), (_, other)) = (created(), created());
    let object = keys.seal_record(&context("1"), b"Monday").unwrap();
    assert_eq!(other.open_record(&context("1"), &object), Err(OpenError::UnknownDataKey));
    assert_eq!(keys.open_record(&context("1"), &object).unwrap(), b"Monday", "the control");
    let seal = |keep| keys.seal(&context("1"), b"", keep, NonZeroUsize::MIN);
    assert!(seal(Keep::Embedded).is_err() && seal(Keep::Detached).is_ok(), "there is no KEK to embed under");
}

#[test]
fn a_file_of_another_tenant_is_refused_before_the_key_is_asked() {
    let (file, _) = created();
    let away = Device::failing("portward", KekError::Unavailable);
    let other = "studio-8".parse().unwrap();
    assert_eq!(file.open(&other, &away).err(), Some(VaultError::WrongTenant));
    assert_eq!(opened(&file, &away), Some(VaultError::KekUnavailable), "the control");
    assert_eq!(opened(&file, &Device::new("portward")), None);
    let moved = changed(&file, |json| json["tenant"] = json!("studio-8")).unwrap();
    assert_eq!(moved.open(&other, &Device::new("portward")).err(), Some(VaultError::KeyCheckMismatch));
}

#[test]
fn what_the_device_says_is_told() {
    let (file, _) = created();
    assert_eq!(opened(&file, &Device::new("portward")), None);
    assert_eq!(opened(&file, &Device::failing("portward", KekError::Refused)), Some(VaultError::UnwrapFailed));
    assert_eq!(opened(&file, &Device::failing("portward", KekError::Unavailable)), Some(VaultError::KekUnavailable));
    assert_eq!(opened(&file, &Device::new("another")), Some(VaultError::UnwrapFailed));
    let refuses = |error| VaultFile::create(tenant(), &Device::failing("portward", error)).err();
    assert_eq!(refuses(KekError::Refused), Some(VaultError::KekRefused));
    assert_eq!(refuses(KekError::Unavailable), Some(VaultError::KekUnavailable));
}

/// Wraps as another does, and unwraps otherwise.
struct Unequal(Device, Result<u8, KekError>);

impl WrapKey for Unequal {
    fn kek(&self) -> KekName {
        self.0.kek()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        self.0.wrap(binding, key)
    }
}

impl UnwrapKey for Unequal {
    fn resolves(&self, kek: &KekName) -> bool {
        self.0.resolves(kek)
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        self.0.unwrap(slot, binding, key)?;
        key[31] ^= self.1?;
        Ok(())
    }
}

#[test]
fn a_key_that_does_not_come_back_makes_no_vault() {
    let made = |unwraps| VaultFile::create(tenant(), &Unequal(Device::new("portward"), unwraps)).err();
    assert_eq!(made(Ok(0)), None, "the control");
    assert_eq!(made(Ok(1)), Some(VaultError::KekRefused));
    assert_eq!(made(Err(KekError::Refused)), Some(VaultError::KekRefused));
    assert_eq!(made(Err(KekError::Unavailable)), Some(VaultError::KekUnavailable));
}

#[test]
fn a_key_has_a_name() {
    assert_eq!(VaultFile::kek("").err(), Some(VaultError::KeyName));
    assert_eq!(VaultFile::kek(&"x".repeat(65)).err(), Some(VaultError::KeyName));
    assert!(VaultFile::kek(&"x".repeat(64)).is_ok());
    let foreign = Device { name: KekName::new(KekType::Other(0x77), *b"key", 0), fails: None };
    assert_eq!(VaultFile::create(tenant(), &foreign).err(), Some(VaultError::KeyName));
}

#[test]
fn the_file_is_read_strictly() {
    let (file, _) = created();
    let malformed = |change: &dyn Fn(&mut Value)| changed(&file, change) == Err(VaultError::Malformed);
    assert!(changed(&file, |_| ()).is_ok(), "the control");
    for member in ["format", "version", "vault", "tenant", "data_key", "check", "slot"] {
        assert!(malformed(&|json| drop(json.as_object_mut().unwrap().remove(member))), "{member} is missing");
        assert!(malformed(&|json| json[member] = json!([])), "{member} is a list");
        assert!(malformed(&|json| json[member] = json!("")), "{member} is empty");
    }
    assert!(malformed(&|json| json["more"] = json!(1)));
    assert!(malformed(&|json| json["vault"] = json!("F".repeat(32))));
    assert!(malformed(&|json| json["slot"] = json!("AQ")));
    assert_eq!(changed(&file, |json| json["version"] = json!(2)), Err(VaultError::NewerVersion));
    assert_eq!(VaultFile::from_json(b"[]"), Err(VaultError::Malformed));
    let long = [file.to_json(), vec![b' '; VaultFile::FILE_MAX]].concat();
    assert_eq!(VaultFile::from_json(&long), Err(VaultError::Malformed));
}

/// A keyring under a KEK that lies elsewhere, here in the device.
#[test]
fn a_keyring_lies_under_a_kek_that_is_elsewhere() {
    let deployment = portward::Deployment::generate(portward::Vocabulary::portal()).unwrap();
    let now = portward::Timestamp::from_unix(1_764_600_000);
    let keyring = portward::Keyring::generate(&deployment, now).unwrap();
    let (kek, other) = (Device::new("portward"), Device::new("other"));
    let wrapped = WrappedKeyring::wrap(&keyring, &[&other, &kek]).unwrap();
    let read = WrappedKeyring::from_json(&wrapped.to_json()).unwrap();
    assert_eq!(read.keks().cloned().collect::<Vec<_>>(), [other.kek(), kek.kek()]);
    assert_eq!(read.open(&[&kek]).unwrap().to_json(), keyring.to_json());

    // Only a KEK that is away lets the next one try.
    let code = |keks: &[&dyn UnwrapKey]| read.open(keks).err().map_or("ok", |error| error.code());
    let (away, denies) = (Device::failing("other", KekError::Unavailable), Device::failing("other", KekError::Refused));
    assert_eq!(
        [code(&[]), code(&[&away]), code(&[&away, &kek]), code(&[&denies, &kek])],
        ["no_slot", "kek_unavailable", "ok", "unwrap_failed"]
    );
    let error = read.open(&[]).unwrap_err();
    assert_eq!(
        (error.audience(), error.to_string()),
        (portward::Audience::Caller, "the keyring lies under another KEK".to_owned())
    );

    assert_eq!(WrappedKeyring::wrap(&keyring, &[]).unwrap_err(), WrappedError::Slots);
    assert_eq!(WrappedKeyring::wrap(&keyring, &[&away]).unwrap_err(), WrappedError::KekUnavailable);
    assert_eq!(WrappedKeyring::wrap(&keyring, &[&denies]).unwrap_err(), WrappedError::KekRefused);
    let own = portward::envelope::RootKeks::new(&keyring);
    assert_eq!(
        WrappedKeyring::wrap(&keyring, &[&own]).unwrap_err(),
        WrappedError::Slots,
        "a root does not lie elsewhere"
    );

    let text = String::from_utf8(wrapped.to_json()).unwrap();
    let at = text.rfind('"').unwrap() - 8;
    let damaged = format!("{}{}{}", &text[..at], if text.as_bytes()[at] == b'A' { 'B' } else { 'A' }, &text[at + 1..]);
    let damaged = WrappedKeyring::from_json(damaged.as_bytes()).unwrap().open(&[&kek]).unwrap_err();
    assert_eq!(damaged.code(), "wrapped_damaged");
    assert_eq!(WrappedKeyring::from_json(b"{}").unwrap_err(), WrappedError::Malformed);
}
