use std::path::Path;
use std::sync::Arc;

use portward_store::files::{Directory, Lock, Passphrase, Protection};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::error::Error;
use crate::events;
use crate::keyring::Keyring;

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
    /// given, `kek_required` for one that lies under a KEK.
    pub fn open(directory: &Path, passphrase: Option<&[u8]>) -> Result<Self, Error> {
        let directory = Directory::open(directory)?;
        let deployment = Deployment(Arc::new(directory.deployment()?));
        let open = directory.open_keyring::<Error>(&deployment.0, |lock| match (lock, passphrase) {
            (Lock::Passphrase, Some(passphrase)) => Ok(Protection::Passphrase(kept(passphrase))),
            (Lock::Passphrase, None) => Err(Error::value("passphrase_required", "the keyring is under a passphrase")),
            (Lock::Kek(_), _) => {
                Err(Error::value("kek_required", "the keyring is under a KEK, which the command opens"))
            }
        })?;
        if passphrase.is_some() && matches!(open.protection(), Protection::Clear) {
            let message = "a passphrase was given, and the keyring is in the clear: if that is right, give none";
            return Err(Error::value("keyring_lock", message));
        }
        Self::of(&deployment, open.keyring)
    }
}

fn kept(passphrase: &[u8]) -> Passphrase {
    Zeroizing::new(passphrase.to_vec())
}

#[cfg(test)]
mod tests {
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
