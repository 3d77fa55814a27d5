//! A file is read or refused; what was read is written, and reads the same again, whatever way it was written first.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use portward::envelope::{Binding, KekError, KekName, KekType, Slot, UnwrapKey, VaultError, VaultFile, WrappedKeyring};
use portward::{Deployment, Keyring, KeyringError, RootId, SealedKeyring};
use portward_test_vectors::Vectors;
use serde_json::Value;

use crate::world::{NOW, WORLD};

/// Reads, writes, reads: the second writing is the first.
fn is_stable<T, E: std::fmt::Debug>(
    data: &[u8],
    longest: usize,
    read: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Vec<u8>,
) -> Option<T> {
    let first = read(data).ok()?;
    assert!(data.len() <= longest);
    let written = write(&first);
    let again = read(&written).expect("what is written is read");
    assert_eq!(write(&again), written);
    // Behind a file there is nothing but white space.
    assert!(read(&[data, b"x"].concat()).is_err());
    Some(again)
}

pub(crate) fn deployment(data: &[u8]) {
    let read = is_stable(data, Deployment::FILE_MAX, Deployment::from_json, Deployment::to_json);
    let Some(deployment) = read else { return };
    for lifetimes in [deployment.link, deployment.session] {
        assert!(!lifetimes.default_lifetime().is_zero() && lifetimes.default_lifetime() <= lifetimes.ceiling());
    }
    let names: Vec<&str> = deployment.vocabulary.all().collect();
    assert!(names.len() <= 64 && deployment.vocabulary.expand(&names).is_ok());
}

pub(crate) fn keyring(data: &[u8]) {
    let read = |json: &[u8]| Keyring::from_json(json, &WORLD.deployment);
    let Some(mut keyring) = is_stable(data, Keyring::FILE_MAX, read, |keyring| keyring.to_json().to_vec()) else {
        return;
    };
    has_one_active_root(&keyring);
    // Whatever is done to it, by whatever order, it stays a keyring.
    let ids: Vec<RootId> = keyring.roots().map(|root| root.id).take(8).collect();
    for (turn, id) in ids.iter().cycle().take(3 * ids.len()).enumerate() {
        let done = match (turn + usize::from(id.to_bytes()[0])) % 4 {
            0 => keyring.activate(*id, NOW.wall),
            1 => keyring.retire(*id),
            2 => keyring.reinstate(*id),
            _ => keyring.destroy(*id, &WORLD.deployment, NOW.wall),
        };
        assert!(matches!(done, Ok(()) | Err(KeyringError::WrongState | KeyringError::InUse)));
        has_one_active_root(&keyring);
    }
    let written = keyring.to_json();
    assert_eq!(read(&written).expect("what is written is read").to_json(), written);
}

fn has_one_active_root(keyring: &Keyring) {
    assert_eq!(keyring.roots().filter(|root| root.state.name() == "active").count(), 1);
    let mut ids: Vec<_> = keyring.roots().map(|root| root.id.to_bytes()).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|two| two[0] < two[1]), "an id is there twice");
}

pub(crate) fn sealed(data: &[u8]) {
    let Some(sealed) = is_stable(data, SealedKeyring::FILE_MAX, SealedKeyring::from_json, SealedKeyring::to_json)
    else {
        return;
    };
    let written: Value = serde_json::from_slice(&sealed.to_json()).unwrap();
    // What opening costs is the file's to say.
    if written["argon2id"]["memory_kib"].as_u64() > Some(128) || written["argon2id"]["iterations"].as_u64() > Some(4) {
        return;
    }
    let (passphrases, keyrings) = &*SEALED;
    for passphrase in passphrases {
        if let Ok(opened) = sealed.open(passphrase.as_bytes()) {
            let keyring: Value = serde_json::from_slice(&opened.keyring.to_json()).unwrap();
            assert!(keyrings.contains(&keyring), "a passphrase opens what was not sealed under it");
        }
    }
}

/// What the vectors sealed, and under which passphrases.
static SEALED: LazyLock<(BTreeSet<String>, Vec<Value>)> = LazyLock::new(|| {
    let vectors = Vectors::read("portward", "keys").cases;
    let genuine = vectors.iter().filter(|case| case["op"] == "sealed_keyring" && case["expect"]["ok"].is_object());
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let passphrases = genuine.clone().map(|case| word(&case["passphrase"])).filter(|text| text.len() < 64).collect();
    // A recovery has a deployment in front, in a line of its own.
    let keyring = |text: String| match text.split_once("\n{") {
        Some((_, rest)) => serde_json::from_str(&format!("{{{rest}")).unwrap(),
        None => serde_json::from_str(&text).unwrap(),
    };
    (passphrases, genuine.map(|case| keyring(word(&case["expect"]["ok"]["plaintext"]))).collect())
});

pub(crate) fn wrapped(data: &[u8]) {
    let read = is_stable(data, WrappedKeyring::FILE_MAX, WrappedKeyring::from_json, WrappedKeyring::to_json);
    let Some(wrapped) = read else { return };
    let keks: Vec<KekType> = wrapped.keks().map(KekName::kind).collect();
    assert!((1..=16).contains(&keks.len()) && keks.iter().all(|kek| !matches!(kek, KekType::Tenant | KekType::Root)));
    // A KEK that gives out another key opens nothing.
    assert_eq!(wrapped.open(&[&Gives]).err().map(|error| error.code()), Some("wrapped_damaged"));
    assert_eq!(wrapped.open(&[]).err().map(|error| error.code()), Some("no_slot"));
}

pub(crate) fn vault(data: &[u8]) {
    let Some(vault) = is_stable(data, VaultFile::FILE_MAX, VaultFile::from_json, VaultFile::to_json) else { return };
    assert_eq!(VaultFile::from_json(&vault.to_json()).as_ref(), Ok(&vault));
    assert!((1..=64).contains(&vault.key_name().len()));
    assert_eq!(vault.open(&OTHER_TENANT, &Gives).err(), Some(VaultError::WrongTenant));
    // A device that gives out another key opens nothing.
    assert_eq!(vault.open(vault.tenant(), &Gives).err(), Some(VaultError::KeyCheckMismatch));
}

static OTHER_TENANT: LazyLock<portward::Identifier> = LazyLock::new(|| "nobody-is-called-so".parse().unwrap());

/// A KEK that says yes to everything.
struct Gives;

impl UnwrapKey for Gives {
    fn resolves(&self, _: &KekName) -> bool {
        true
    }

    fn unwrap(&self, _: &Slot, _: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        *key = [0x5A; 32];
        Ok(())
    }
}
