use std::path::Path;
use std::sync::Arc;

use portward::envelope::{KekName, UnwrapKey, UnwrapKeyringError, WrapKey, WrappedKeyring};
use portward::{Deployment, Keyring, KeyringError, Purpose, SealedError, SealedKeyring, UnsealError};
use zeroize::Zeroizing;

use crate::files::atomic::Guard;
use crate::files::{Directory, FileError, FilesError};

/// A passphrase, wiped when dropped: 1 to 1,024 bytes of UTF-8.
pub type Passphrase = Zeroizing<Vec<u8>>;

/// A KEK that lies elsewhere and that a keyring can be kept under.
pub trait KeyringKek: WrapKey + UnwrapKey {}

impl<K: WrapKey + UnwrapKey> KeyringKek for K {}

/// How a keyring is kept, with what it takes to write it again.
#[derive(Clone)]
pub enum Protection {
    /// In the clear, for its owner alone.
    Clear,
    /// Under a passphrase.
    Passphrase(Passphrase),
    /// Under a KEK in a token or a service.
    Kek(Arc<dyn KeyringKek>),
}

/// What a keyring that is not in the clear asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lock {
    /// Its passphrase.
    Passphrase,
    /// One of these KEKs.
    Kek(Vec<KekName>),
}

/// A keyring that was read and found whole, with the way in which it is kept.
#[derive(Debug)]
pub struct OpenKeyring {
    /// The keyring.
    pub keyring: Keyring,
    pub(super) protection: Protection,
}

impl OpenKeyring {
    /// How it is kept.
    pub const fn protection(&self) -> &Protection {
        &self.protection
    }
}

impl Protection {
    /// `clear`, `passphrase` or `kek`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Passphrase(_) => "passphrase",
            Self::Kek(_) => "kek",
        }
    }

    pub(super) const fn file(&self) -> &'static str {
        match self {
            Self::Clear => CLEAR,
            Self::Passphrase(_) => SEALED,
            Self::Kek(_) => WRAPPED,
        }
    }
}

impl core::fmt::Debug for Protection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

impl Directory {
    /// Reads the keyring; asks for what opens it only if it is not in the clear. To change it, [`Locked::open_keyring`](crate::files::Locked::open_keyring).
    ///
    /// # Errors
    /// [`FilesError::File`] with [`FileError::KeyringPermissions`], [`FileError::TwoKeyrings`] and others; [`FilesError::Keyring`],
    /// [`FilesError::Sealed`], [`FilesError::Wrapped`], and those of `unlock`; [`FilesError::WrongLock`] if it gives another thing than it was
    /// asked for.
    pub fn open_keyring<E: From<FilesError>>(
        &self,
        deployment: &Deployment,
        unlock: impl FnOnce(Lock) -> Result<Protection, E>,
    ) -> Result<OpenKeyring, E> {
        match self.keyring_file()? {
            Some(SEALED) => {
                let sealed = self.sealed()?;
                Ok(unsealed(&sealed, deployment, unlock(Lock::Passphrase)?, &self.file(SEALED))?)
            }
            Some(WRAPPED) => {
                let wrapped = self.wrapped()?;
                let asked = Lock::Kek(wrapped.keks().cloned().collect());
                Ok(unwrapped(&wrapped, deployment, unlock(asked)?, &self.file(WRAPPED))?)
            }
            _ => {
                let json = self.read(CLEAR, Keyring::FILE_MAX, Guard::Secret)?;
                let keyring = Keyring::from_json(&json, deployment)
                    .map_err(|error| FilesError::Keyring(self.file(CLEAR), error))?;
                Ok(OpenKeyring { keyring, protection: Protection::Clear })
            }
        }
    }

    /// The keyring's file, if it lies under a KEK, for whoever asks the KEK elsewhere and opens it then. [`Directory::open_keyring`] does both.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Wrapped`].
    pub fn wrapped_keyring(&self) -> Result<Option<WrappedKeyring>, FilesError> {
        if self.keyring_file()? == Some(WRAPPED) { self.wrapped().map(Some) } else { Ok(None) }
    }

    /// By its name, if one is there.
    fn keyring_file(&self) -> Result<Option<&'static str>, FilesError> {
        let mut there = FILES.into_iter().filter(|name| self.has(name));
        match (there.next(), there.next()) {
            (_, Some(other)) => Err(FilesError::File(self.file(other), FileError::TwoKeyrings)),
            (one, None) => Ok(one),
        }
    }

    fn sealed(&self) -> Result<SealedKeyring, FilesError> {
        let json = self.read(SEALED, SealedKeyring::FILE_MAX, Guard::Secret)?;
        SealedKeyring::from_json(&json).map_err(|error| FilesError::Sealed(self.file(SEALED), error))
    }

    fn wrapped(&self) -> Result<WrappedKeyring, FilesError> {
        let json = self.read(WRAPPED, WrappedKeyring::FILE_MAX, Guard::Secret)?;
        WrappedKeyring::from_json(&json).map_err(|error| FilesError::Wrapped(self.file(WRAPPED), error))
    }
}

fn unsealed(
    sealed: &SealedKeyring,
    deployment: &Deployment,
    protection: Protection,
    path: &Path,
) -> Result<OpenKeyring, FilesError> {
    let Protection::Passphrase(passphrase) = &protection else { return Err(FilesError::WrongLock(path.to_owned())) };
    if sealed.purpose() != Purpose::Keyring {
        return Err(FilesError::Sealed(path.to_owned(), SealedError::Malformed));
    }
    let opened = sealed.open(passphrase).map_err(|error| match error {
        UnsealError::Sealed(error) => FilesError::Sealed(path.to_owned(), error),
        UnsealError::Deployment(error) => FilesError::Deployment(path.to_owned(), error),
        UnsealError::Keyring(error) => FilesError::Keyring(path.to_owned(), error),
    })?;
    of_deployment(opened.keyring, deployment, protection, path)
}

fn unwrapped(
    wrapped: &WrappedKeyring,
    deployment: &Deployment,
    protection: Protection,
    path: &Path,
) -> Result<OpenKeyring, FilesError> {
    let Protection::Kek(kek) = &protection else { return Err(FilesError::WrongLock(path.to_owned())) };
    let keyring = open_wrapped(wrapped, &**kek, path)?;
    of_deployment(keyring, deployment, protection, path)
}

pub(super) fn open_wrapped(wrapped: &WrappedKeyring, kek: &dyn KeyringKek, path: &Path) -> Result<Keyring, FilesError> {
    wrapped.open(&[kek]).map_err(|error| match error {
        UnwrapKeyringError::Wrapped(error) => FilesError::Wrapped(path.to_owned(), error),
        UnwrapKeyringError::Keyring(error) => FilesError::Keyring(path.to_owned(), error),
    })
}

fn of_deployment(
    keyring: Keyring,
    deployment: &Deployment,
    protection: Protection,
    path: &Path,
) -> Result<OpenKeyring, FilesError> {
    if keyring.deployment() != deployment.id {
        return Err(FilesError::Keyring(path.to_owned(), KeyringError::WrongDeployment));
    }
    Ok(OpenKeyring { keyring, protection })
}

pub(super) const CLEAR: &str = "keyring.json";
pub(super) const CLEAR_TEMPORARY: &str = ".keyring.json.tmp";
const SEALED: &str = "keyring.sealed.json";
const WRAPPED: &str = "keyring.wrapped.json";
pub(super) const FILES: [&str; 3] = [CLEAR, SEALED, WRAPPED];
