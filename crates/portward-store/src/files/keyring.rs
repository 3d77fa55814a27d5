use std::path::Path;

use portward::{Deployment, Keyring, KeyringError, PassphraseCost, Purpose, SealedError, SealedKeyring, UnsealError};
use zeroize::Zeroizing;

use crate::files::atomic::{Guard, OWNER_ONLY};
use crate::files::{Directory, FileError, FilesError, Locked};

/// A passphrase, wiped when dropped: 1 to 1,024 bytes of UTF-8.
pub type Passphrase = Zeroizing<Vec<u8>>;

/// A keyring that was read and found whole, with the way in which it is kept.
pub struct OpenKeyring {
    /// The keyring.
    pub keyring: Keyring,
    /// `None` for a keyring in the clear.
    passphrase: Option<Passphrase>,
}

impl OpenKeyring {
    /// Whether its file is under a passphrase.
    pub const fn is_sealed(&self) -> bool {
        self.passphrase.is_some()
    }
}

impl core::fmt::Debug for OpenKeyring {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OpenKeyring").field("keyring", &self.keyring).field("sealed", &self.is_sealed()).finish()
    }
}

impl Directory {
    /// Reads the keyring; asks for the passphrase only if it is sealed.
    ///
    /// # Errors
    /// [`FilesError::File`] with [`FileError::KeyringPermissions`], [`FileError::TwoKeyrings`] and others; [`FilesError::Keyring`],
    /// [`FilesError::Sealed`], and those of `passphrase`.
    pub fn open_keyring<E: From<FilesError>>(
        &self,
        deployment: &Deployment,
        passphrase: impl FnOnce() -> Result<Passphrase, E>,
    ) -> Result<OpenKeyring, E> {
        match (self.has(CLEAR), self.has(SEALED)) {
            (true, true) => Err(FilesError::File(self.file(CLEAR), FileError::TwoKeyrings).into()),
            (false, true) => {
                let sealed = self.sealed()?;
                Ok(open(&sealed, deployment, passphrase()?, &self.file(SEALED))?)
            }
            (_, false) => {
                let json = self.read(CLEAR, Keyring::FILE_MAX, Guard::Secret)?;
                let keyring = Keyring::from_json(&json, deployment)
                    .map_err(|error| FilesError::Keyring(self.file(CLEAR), error))?;
                Ok(OpenKeyring { keyring, passphrase: None })
            }
        }
    }

    fn sealed(&self) -> Result<SealedKeyring, FilesError> {
        let json = self.read(SEALED, SealedKeyring::FILE_MAX, Guard::Secret)?;
        SealedKeyring::from_json(&json).map_err(|error| FilesError::Sealed(self.file(SEALED), error))
    }
}

fn open(
    sealed: &SealedKeyring,
    deployment: &Deployment,
    passphrase: Passphrase,
    path: &Path,
) -> Result<OpenKeyring, FilesError> {
    if sealed.purpose() != Purpose::Keyring {
        return Err(FilesError::Sealed(path.to_owned(), SealedError::Malformed));
    }
    let keyring = sealed.open(&passphrase).map_err(|error| unsealed(path, error))?.keyring;
    if keyring.deployment() != deployment.id {
        return Err(FilesError::Keyring(path.to_owned(), KeyringError::WrongDeployment));
    }
    Ok(OpenKeyring { keyring, passphrase: Some(passphrase) })
}

fn unsealed(path: &Path, error: UnsealError) -> FilesError {
    match error {
        UnsealError::Sealed(error) => FilesError::Sealed(path.to_owned(), error),
        UnsealError::Deployment(error) => FilesError::Deployment(path.to_owned(), error),
        UnsealError::Keyring(error) => FilesError::Keyring(path.to_owned(), error),
    }
}

impl Locked<'_> {
    /// As [`Directory::open_keyring`], with nobody changing it meanwhile.
    ///
    /// # Errors
    /// As there.
    pub fn open_keyring<E: From<FilesError>>(
        &self,
        deployment: &Deployment,
        passphrase: impl FnOnce() -> Result<Passphrase, E>,
    ) -> Result<OpenKeyring, E> {
        self.directory().open_keyring(deployment, passphrase)
    }

    /// Writes a keyring in the clear into a directory that has none.
    ///
    /// # Errors
    /// [`FilesError::File`].
    pub fn create_keyring(&self, keyring: &Keyring) -> Result<(), FilesError> {
        self.refuse_existing(CLEAR)?;
        self.refuse_existing(SEALED)?;
        self.replace(CLEAR, &keyring.to_json(), OWNER_ONLY)
    }

    /// Writes a keyring under a passphrase into a directory that has none; it is never there in the clear.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Sealed`].
    pub fn create_sealed_keyring(&self, keyring: &Keyring, passphrase: &Passphrase) -> Result<(), FilesError> {
        self.refuse_existing(CLEAR)?;
        self.refuse_existing(SEALED)?;
        self.write_sealed(keyring, passphrase)
    }

    /// Writes back a keyring that was read before, in the way in which it was kept. One that could not be read cannot come here.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Sealed`].
    pub fn replace_keyring(&self, open: &OpenKeyring) -> Result<(), FilesError> {
        match &open.passphrase {
            None => self.replace(CLEAR, &open.keyring.to_json(), OWNER_ONLY),
            Some(passphrase) => self.write_sealed(&open.keyring, passphrase),
        }
    }

    /// Puts a keyring that was in the clear under a passphrase. The blocks of the old file may linger on the medium.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FileError::Exists`] if it is sealed already, [`FilesError::Sealed`].
    pub fn seal_keyring(&self, open: &OpenKeyring, passphrase: &Passphrase) -> Result<(), FilesError> {
        self.refuse_existing(SEALED)?;
        self.write_sealed(&open.keyring, passphrase)?;
        self.remove(CLEAR)?;
        // What a killed command left of one in the clear.
        self.remove(CLEAR_TEMPORARY)
    }

    /// Writes a sealed keyring in the clear again.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FileError::Exists`] if it is in the clear already.
    pub fn unseal_keyring(&self, open: &OpenKeyring) -> Result<(), FilesError> {
        self.refuse_existing(CLEAR)?;
        self.replace(CLEAR, &open.keyring.to_json(), OWNER_ONLY)?;
        self.remove(SEALED)
    }

    fn write_sealed(&self, keyring: &Keyring, passphrase: &Passphrase) -> Result<(), FilesError> {
        let sealed = SealedKeyring::seal(keyring, passphrase, PassphraseCost::default())
            .map_err(|error| FilesError::Sealed(self.directory().file(SEALED), error))?;
        self.replace(SEALED, &sealed.to_json(), OWNER_ONLY)
    }
}

const CLEAR_TEMPORARY: &str = ".keyring.json.tmp";
const CLEAR: &str = "keyring.json";
const SEALED: &str = "keyring.sealed.json";
