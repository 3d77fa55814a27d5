use std::path::Path;
use std::sync::Arc;

use portward::envelope::{KekName, UnwrapKey, UnwrapKeyringError, WrapKey, WrappedKeyring};
use portward::{
    Deployment, Keyring, KeyringError, PassphraseCost, Purpose, RootInfo, SealedError, SealedKeyring, UnsealError,
};
use zeroize::Zeroizing;

use crate::events::Operation;
use crate::files::atomic::{Guard, OWNER_ONLY};
use crate::files::directory::DEPLOYMENT;
use crate::files::{Directory, FileError, FilesError, Locked};

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
    /// Its roots as they are in the file.
    pub(super) written: Vec<RootInfo>,
    protection: Protection,
}

impl OpenKeyring {
    fn read(keyring: Keyring, protection: Protection) -> Self {
        Self { written: keyring.roots().copied().collect(), keyring, protection }
    }

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

    const fn file(&self) -> &'static str {
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
    /// Reads the keyring; asks for what opens it only if it is not in the clear.
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
        let there: Vec<&str> = FILES.into_iter().filter(|name| self.has(name)).collect();
        match there.as_slice() {
            [_, other, ..] => Err(FilesError::File(self.file(other), FileError::TwoKeyrings).into()),
            [SEALED] => {
                let sealed = self.sealed()?;
                Ok(unsealed(&sealed, deployment, unlock(Lock::Passphrase)?, &self.file(SEALED))?)
            }
            [WRAPPED] => {
                let wrapped = self.wrapped()?;
                let asked = Lock::Kek(wrapped.keks().cloned().collect());
                Ok(unwrapped(&wrapped, deployment, unlock(asked)?, &self.file(WRAPPED))?)
            }
            _ => {
                let json = self.read(CLEAR, Keyring::FILE_MAX, Guard::Secret)?;
                let keyring = Keyring::from_json(&json, deployment)
                    .map_err(|error| FilesError::Keyring(self.file(CLEAR), error))?;
                Ok(OpenKeyring::read(keyring, Protection::Clear))
            }
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
    let keyring = wrapped.open(&[&**kek]).map_err(|error| match error {
        UnwrapKeyringError::Wrapped(error) => FilesError::Wrapped(path.to_owned(), error),
        UnwrapKeyringError::Keyring(error) => FilesError::Keyring(path.to_owned(), error),
    })?;
    of_deployment(keyring, deployment, protection, path)
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
    Ok(OpenKeyring::read(keyring, protection))
}

impl Locked<'_> {
    /// As [`Directory::open_keyring`], with nobody changing it meanwhile.
    ///
    /// # Errors
    /// As there.
    pub fn open_keyring<E: From<FilesError>>(
        &self,
        deployment: &Deployment,
        unlock: impl FnOnce(Lock) -> Result<Protection, E>,
    ) -> Result<OpenKeyring, E> {
        self.directory().open_keyring(deployment, unlock)
    }

    /// Writes a new deployment and its keyring into a directory that has neither, and tells its roots. Under a passphrase or a KEK the keyring is never
    /// there in the clear.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Sealed`], [`FilesError::Wrapped`], [`FilesError::Sink`].
    pub fn create(&self, of: &Deployment, keyring: &Keyring, protection: &Protection) -> Result<(), FilesError> {
        self.refuse_existing_deployment()?;
        self.tell_roots(&[], keyring)?;
        self.write_deployment(of)?;
        self.write(keyring, protection)
    }

    /// As [`Self::create`], with what comes out of a recovery export; told is the recovery.
    ///
    /// # Errors
    /// As there.
    pub fn recover(&self, of: &Deployment, keyring: &Keyring, protection: &Protection) -> Result<(), FilesError> {
        self.refuse_existing_deployment()?;
        self.tell(Operation::KeyringRecovered)?;
        self.write_deployment(of)?;
        self.write(keyring, protection)
    }

    /// Writes back a keyring that was read before, in the way in which it was kept. One that could not be read cannot come here. What is told is
    /// what became of each root since.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Sealed`], [`FilesError::Wrapped`], [`FilesError::Sink`].
    pub fn replace_keyring(&self, open: &mut OpenKeyring) -> Result<(), FilesError> {
        self.tell_roots(&open.written, &open.keyring)?;
        self.write(&open.keyring, &open.protection)?;
        open.written = open.keyring.roots().copied().collect();
        Ok(())
    }

    /// Keeps a keyring in another way, or under another passphrase or KEK, from now on, and tells so. The blocks of the old file may linger on the
    /// medium.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Sealed`], [`FilesError::Wrapped`], [`FilesError::Sink`].
    pub fn protect_keyring(&self, open: &OpenKeyring, protection: &Protection) -> Result<(), FilesError> {
        self.tell_roots(&open.written, &open.keyring)?;
        self.tell_with(Operation::KeyringProtected, protection.name())?;
        if open.protection.file() == protection.file() {
            return self.write(&open.keyring, protection);
        }
        self.refuse_existing(protection.file())?;
        let changed = self.write(&open.keyring, protection).and_then(|()| self.remove(open.protection.file()));
        if changed.is_err() {
            // Two keyrings would be one too many. While the old one is there it stays the one.
            if self.refuse_existing(open.protection.file()).is_err() {
                let _ = self.remove(protection.file());
            }
            return changed;
        }
        if open.protection.file() == CLEAR {
            // What a killed command left of one in the clear.
            self.remove(CLEAR_TEMPORARY)?;
        }
        Ok(())
    }

    fn refuse_existing_deployment(&self) -> Result<(), FilesError> {
        [DEPLOYMENT].into_iter().chain(FILES).try_for_each(|name| self.refuse_existing(name))
    }

    fn write(&self, keyring: &Keyring, protection: &Protection) -> Result<(), FilesError> {
        let file = protection.file();
        let json = match protection {
            Protection::Clear => keyring.to_json(),
            Protection::Passphrase(passphrase) => {
                let sealed = SealedKeyring::seal(keyring, passphrase, PassphraseCost::default());
                let sealed = sealed.map_err(|error| FilesError::Sealed(self.directory().file(file), error))?;
                Zeroizing::new(sealed.to_json())
            }
            Protection::Kek(kek) => {
                let wrapped = WrappedKeyring::wrap(keyring, &[&**kek]);
                let wrapped = wrapped.map_err(|error| FilesError::Wrapped(self.directory().file(file), error))?;
                Zeroizing::new(wrapped.to_json())
            }
        };
        self.replace(file, &json, OWNER_ONLY)
    }
}

const CLEAR: &str = "keyring.json";
const CLEAR_TEMPORARY: &str = ".keyring.json.tmp";
const SEALED: &str = "keyring.sealed.json";
const WRAPPED: &str = "keyring.wrapped.json";
const FILES: [&str; 3] = [CLEAR, SEALED, WRAPPED];
