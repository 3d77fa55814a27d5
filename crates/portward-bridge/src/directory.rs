use std::path::Path;
use std::sync::Arc;

use portward_store::files::{Directory, Lock, Passphrase, Protection};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::error::Error;
use crate::events;
use crate::keyring::Keyring;
use crate::wrapped::WrappedKeyring;

/// In a directory, as the command has it.
impl Keyring {
    /// Makes a directory with a new deployment and keyring, as `portward keyring new` does. Under a passphrase the keyring is never on disk in
    /// the clear; without one, its owner alone can read it. `events`: a file that is told of its root before it is written.
    ///
    /// # Errors
    /// `file_exists` for one that has a deployment, and others of files; `sink_failed`.
    pub fn create(
        directory: &Path,
        permissions: Option<&[String]>,
        passphrase: Option<&[u8]>,
        events: Option<&Path>,
    ) -> Result<Self, Error> {
        let recorder = events::recorder(events)?;
        let made = Self::generate(&Deployment::generate(permissions)?)?;
        let directory = Directory::create(directory)?;
        let protection = passphrase.map_or(Protection::Clear, |passphrase| Protection::Passphrase(kept(passphrase)));
        directory.lock(&recorder)?.create(&made.deployment.0, &made.core, &protection, None)?;
        Ok(made)
    }

    /// Opens a directory that [`Keyring::create`] or the command has made. With a passphrase, one in the clear is not taken: whoever can write
    /// the directory could put it in the place of the sealed one.
    ///
    /// # Errors
    /// `file_missing` and others of files, `passphrase_required`, `sealed_wrong_passphrase`, `keyring_lock` for one in the clear where a passphrase was
    /// given, `kek_required` for one that lies under a KEK: [`WrappedKeyring::read`].
    pub fn open(directory: &Path, passphrase: Option<&[u8]>) -> Result<Self, Error> {
        match passphrase {
            Some(_) => Self::open_locked(directory, passphrase),
            None => Ok(opened(directory, None)?.0),
        }
    }

    /// The same, and one in the clear is not taken in any case: for whoever has a KEK, where [`WrappedKeyring::read`] found none under one.
    ///
    /// # Errors
    /// Those of [`Keyring::open`].
    pub fn open_locked(directory: &Path, passphrase: Option<&[u8]>) -> Result<Self, Error> {
        let (keyring, is_clear) = opened(directory, passphrase)?;
        if is_clear {
            let message =
                "a passphrase or a KEK was given, and the keyring is in the clear: if that is right, give none";
            return Err(Error::value("keyring_lock", message));
        }
        Ok(keyring)
    }
}

impl WrappedKeyring {
    /// The keyring of a directory that the command has put under a KEK; none if it is kept in another way.
    ///
    /// # Errors
    /// `file_missing` and others of files, `wrapped_malformed`, `wrapped_newer_version`.
    pub fn read(directory: &Path) -> Result<Option<Self>, Error> {
        let directory = Directory::open(directory)?;
        let deployment = Deployment(Arc::new(directory.deployment()?));
        Ok(directory.wrapped_keyring()?.map(|file| Self { deployment, file: Arc::new(file) }))
    }
}

/// With whether it lay there in the clear.
fn opened(directory: &Path, passphrase: Option<&[u8]>) -> Result<(Keyring, bool), Error> {
    let directory = Directory::open(directory)?;
    let deployment = Deployment(Arc::new(directory.deployment()?));
    let open = directory.open_keyring::<Error>(&deployment.0, |lock| match (lock, passphrase) {
        (Lock::Passphrase, Some(passphrase)) => Ok(Protection::Passphrase(kept(passphrase))),
        (Lock::Passphrase, None) => Err(Error::value("passphrase_required", "the keyring is under a passphrase")),
        (Lock::Kek(_), _) => Err(Error::value("kek_required", "the keyring is under a KEK, and none was given")),
    })?;
    let is_clear = matches!(open.protection(), Protection::Clear);
    Ok((Keyring::of(&deployment, open.keyring)?, is_clear))
}

fn kept(passphrase: &[u8]) -> Passphrase {
    Zeroizing::new(passphrase.to_vec())
}

#[cfg(test)]
mod tests {
    use portward::envelope::{Binding, KekError, KekName, KekType, Slot, UnwrapKey, WrapKey};
    use portward_store::events::Recorder;
    use portward_store::files::FilesError;

    use super::*;

    #[test]
    fn one_in_the_clear_is_not_taken_for_the_sealed_one() {
        let directory = tempfile::tempdir().unwrap();
        let (sealed, clear) = (directory.path().join("sealed"), directory.path().join("clear"));
        Keyring::create(&sealed, None, Some(b"correct"), None).unwrap();
        assert!(Keyring::open(&sealed, Some(b"correct")).is_ok());
        assert_eq!(Keyring::open(&sealed, Some(b"wrong")).unwrap_err().code, "sealed_wrong_passphrase");

        Keyring::create(&clear, None, None, None).unwrap();
        assert!(Keyring::open(&clear, None).is_ok());
        let refused = Keyring::open(&clear, Some(b"correct")).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("keyring_lock", crate::Kind::InvalidValue));
    }

    #[test]
    fn one_under_a_kek_is_opened_by_the_key_out_of_its_slot() {
        let folder = tempfile::tempdir().unwrap();
        let made = Keyring::create(folder.path(), None, None, None).unwrap();
        assert!(WrappedKeyring::read(folder.path()).unwrap().is_none(), "in the clear");
        assert_eq!(Keyring::open_locked(folder.path(), None).unwrap_err().code, "keyring_lock");
        let wrapped_under = |version| put_under(folder.path(), Plain::of(1), Plain::of(version));
        wrapped_under(1);
        assert_eq!(Keyring::open(folder.path(), None).unwrap_err().code, "kek_required");
        assert_eq!(Keyring::open(folder.path(), Some(b"correct")).unwrap_err().code, "kek_required");

        let wrapped = WrappedKeyring::read(folder.path()).unwrap().unwrap();
        let [slot] = wrapped.slots().try_into().unwrap();
        assert_eq!((slot.kind.as_str(), slot.id.as_slice(), slot.version), ("type-40", b"key-1".as_slice(), 1));
        assert_eq!(slot.encryption_context[1], ("deployment", made.deployment().id()));
        assert!(slot.binding.ends_with(b"\x40\x05key-1\0\0\0\x01"));
        // Another key, and what became of the directory meanwhile, change nothing.
        wrapped_under(2);
        let key = slot.wrapped;
        assert_eq!(wrapped.open(0, &key).unwrap().roots(), made.roots());
        let code = |slot, key: &[u8]| wrapped.open(slot, key).unwrap_err().code;
        assert_eq!((code(1, &key), code(0, &key[1..]), code(0, &[])), ("no_slot", "unwrap_failed", "unwrap_failed"));
        assert_eq!((code(0, &[7; 32]), code(0, &[&key[..], &[0]].concat())), ("wrapped_damaged", "unwrap_failed"));
        assert_eq!(WrappedKeyring::read(folder.path()).unwrap().unwrap().slots()[0].version, 2);

        // Beside another deployment's file it does not open, whoever has the key.
        let other = Deployment::generate(None).unwrap();
        std::fs::write(folder.path().join("deployment.json"), other.to_json()).unwrap();
        let wrapped = WrappedKeyring::read(folder.path()).unwrap().unwrap();
        assert_eq!(wrapped.open(0, &wrapped.slots()[0].wrapped).unwrap_err().code, "keyring_wrong_deployment");
    }

    fn put_under(folder: &Path, old: Plain, new: Plain) {
        let directory = Directory::open(folder).unwrap();
        let locked = directory.lock(&Recorder::none()).unwrap();
        let unlock = |_| Ok::<_, FilesError>(Protection::Kek(Arc::new(old)));
        let mut open = locked.open_keyring(&directory.deployment().unwrap(), unlock).unwrap();
        open.protect(&Protection::Kek(Arc::new(new))).unwrap();
    }

    /// A KEK that hides nothing: what it wraps is the key.
    struct Plain(KekName);

    impl Plain {
        fn of(version: u32) -> Self {
            Self(KekName::new(KekType::Other(0x40), *b"key-1", version))
        }
    }

    impl WrapKey for Plain {
        fn kek(&self) -> KekName {
            self.0.clone()
        }

        fn wrap(&self, _: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
            Ok(key.to_vec())
        }
    }

    impl UnwrapKey for Plain {
        fn resolves(&self, kek: &KekName) -> bool {
            *kek == self.0
        }

        fn unwrap(&self, slot: &Slot, _: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
            key.copy_from_slice(slot.wrapped());
            Ok(())
        }
    }

    #[test]
    fn what_is_made_is_told_or_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let (directory, events) = (folder.path().join("portward"), folder.path().join("events.jsonl"));
        let refused = Keyring::create(&directory, None, None, Some(Path::new("/dev/full"))).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("sink_failed", crate::Kind::Unavailable));
        assert!(!directory.join("deployment.json").exists());
        Keyring::create(&directory, None, None, Some(&events)).unwrap();
        let told = std::fs::read_to_string(&events).unwrap();
        assert!(told.contains("\"root_made\"") && told.contains("\"root_activated\""), "{told}");
    }
}
