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
            (true, true) => Err(FilesError::File(CLEAR, FileError::TwoKeyrings).into()),
            (false, true) => {
                let sealed = self.sealed()?;
                Ok(open(&sealed, deployment, passphrase()?)?)
            }
            (_, false) => {
                let json = self.read(CLEAR, Keyring::FILE_MAX, Guard::Secret)?;
                let keyring = Keyring::from_json(&json, deployment).map_err(FilesError::Keyring)?;
                Ok(OpenKeyring { keyring, passphrase: None })
            }
        }
    }

    fn sealed(&self) -> Result<SealedKeyring, FilesError> {
        let json = self.read(SEALED, SealedKeyring::FILE_MAX, Guard::Secret)?;
        SealedKeyring::from_json(&json).map_err(FilesError::Sealed)
    }
}

fn open(sealed: &SealedKeyring, deployment: &Deployment, passphrase: Passphrase) -> Result<OpenKeyring, FilesError> {
    if sealed.purpose() != Purpose::Keyring {
        return Err(FilesError::Sealed(SealedError::Malformed));
    }
    let keyring = sealed.open(&passphrase).map_err(unsealed)?.keyring;
    if keyring.deployment() != deployment.id {
        return Err(FilesError::Keyring(KeyringError::WrongDeployment));
    }
    Ok(OpenKeyring { keyring, passphrase: Some(passphrase) })
}

const fn unsealed(error: UnsealError) -> FilesError {
    match error {
        UnsealError::Sealed(error) => FilesError::Sealed(error),
        UnsealError::Deployment(error) => FilesError::Deployment(error),
        UnsealError::Keyring(error) => FilesError::Keyring(error),
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
        let sealed = SealedKeyring::seal(keyring, passphrase, PassphraseCost::default()).map_err(FilesError::Sealed)?;
        self.replace(SEALED, &sealed.to_json(), OWNER_ONLY)
    }
}

const CLEAR_TEMPORARY: &str = ".keyring.json.tmp";
const CLEAR: &str = "keyring.json";
const SEALED: &str = "keyring.sealed.json";
