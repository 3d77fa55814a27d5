use core::fmt;
use std::path::Path;
use std::sync::Arc;

use portward::{Audience, Clock as _, Keyring as Core, PassphraseCost, SealedKeyring, SystemClock};
use portward_store::files::{Directory, Lock, Passphrase, Protection};
use zeroize::Zeroizing;

use crate::deployment::Deployment;
use crate::error::Error;

/// The root keys of a deployment, as a handle: nothing shows them but what is named for it.
#[derive(Clone)]
pub struct Keyring {
    pub(crate) deployment: Deployment,
    pub(crate) core: Arc<Core>,
}

/// What may be known about a root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// Its id: 8 hexadecimal digits.
    pub id: String,
    /// `active`, `verify_only`, `retired` or `destroyed`.
    pub state: &'static str,
    /// When it was made, in Unix seconds.
    pub created_at: u64,
}

impl Keyring {
    /// A new one, in memory.
    ///
    /// # Errors
    /// `random_unavailable`.
    pub fn generate(deployment: &Deployment) -> Result<Self, Error> {
        Self::of(deployment, Core::generate(&deployment.0, SystemClock.now().wall)?)
    }

    /// Makes a directory with a new deployment and keyring, as `portward keyring new` does. Under a passphrase the keyring is never on disk in
    /// the clear; without one, its owner alone can read it.
    ///
    /// # Errors
    /// `file_exists` for one that has a deployment, and others of files.
    pub fn create(directory: &Path, permissions: Option<&[String]>, passphrase: Option<&[u8]>) -> Result<Self, Error> {
        let made = Self::generate(&Deployment::generate(permissions)?)?;
        let directory = Directory::create(directory)?;
        let locked = directory.lock()?;
        let protection = passphrase.map_or(Protection::Clear, |passphrase| Protection::Passphrase(kept(passphrase)));
        locked.create_deployment(&made.deployment.0)?;
        locked.create_keyring(&made.core, &protection)?;
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

    /// From the bytes of `keyring.json`.
    ///
    /// # Errors
    /// Those of a keyring file.
    pub fn from_json(json: &[u8], deployment: &Deployment) -> Result<Self, Error> {
        Self::of(deployment, Core::from_json(json, &deployment.0)?)
    }

    /// The bytes of `keyring.json`: all keys, in the clear.
    pub fn export_in_clear(&self) -> Zeroizing<Vec<u8>> {
        self.core.to_json()
    }

    /// Opens the bytes of a keyring under a passphrase.
    ///
    /// # Errors
    /// `sealed_wrong_passphrase`, and those of a sealed file.
    pub fn unseal(sealed: &[u8], passphrase: &[u8], deployment: &Deployment) -> Result<Self, Error> {
        let opened = SealedKeyring::from_json(sealed)?.open(passphrase)?;
        Self::of(deployment, opened.keyring)
    }

    /// Seals it under a passphrase of 1 to 1,024 bytes; takes about a second and 64 MiB or more.
    ///
    /// # Errors
    /// Those of a passphrase; `random_unavailable`.
    pub fn seal(&self, passphrase: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(SealedKeyring::seal(&self.core, passphrase, PassphraseCost::default())?.to_json())
    }

    /// The deployment.
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// What may be known about its roots.
    pub fn roots(&self) -> Vec<Root> {
        let root = |root: &portward::RootInfo| Root {
            id: root.id.to_string(),
            state: root.state.name(),
            created_at: root.created.unix(),
        };
        self.core.roots().map(root).collect()
    }

    fn of(deployment: &Deployment, core: Core) -> Result<Self, Error> {
        if core.deployment() == deployment.0.id {
            Ok(Self { deployment: deployment.clone(), core: Arc::new(core) })
        } else {
            Err(Error::new("wrong_deployment", Audience::Caller, &"the keyring is of another deployment"))
        }
    }
}

fn kept(passphrase: &[u8]) -> Passphrase {
    Zeroizing::new(passphrase.to_vec())
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_the_clear_is_not_taken_for_the_sealed_one() {
        let directory = tempfile::tempdir().unwrap();
        let (sealed, clear) = (directory.path().join("sealed"), directory.path().join("clear"));
        Keyring::create(&sealed, None, Some(b"correct")).unwrap();
        assert!(Keyring::open(&sealed, Some(b"correct")).is_ok());
        assert_eq!(Keyring::open(&sealed, Some(b"wrong")).unwrap_err().code, "sealed_wrong_passphrase");

        Keyring::create(&clear, None, None).unwrap();
        assert!(Keyring::open(&clear, None).is_ok());
        let refused = Keyring::open(&clear, Some(b"correct")).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("keyring_lock", crate::Kind::InvalidValue));
    }
}
