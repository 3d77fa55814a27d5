//! Where the operating system has no modes of files, nothing here tells who else may read a keyring or write it: none is put into a directory, and
//! none is believed that lies in one.

use std::path::Path;

use crate::error::Error;
use crate::keyring::Keyring;
use crate::wrapped::WrappedKeyring;

/// On this system, in none.
impl Keyring {
    /// Makes no directory.
    ///
    /// # Errors
    /// `directory_unsupported`, always.
    pub fn create(_: &Path, _: Option<&[String]>, _: Option<&[u8]>, _: Option<&Path>) -> Result<Self, Error> {
        Err(unsupported())
    }

    /// Opens no directory.
    ///
    /// # Errors
    /// `directory_unsupported`, always.
    pub fn open(_: &Path, _: Option<&[u8]>) -> Result<Self, Error> {
        Err(unsupported())
    }

    /// Opens no directory.
    ///
    /// # Errors
    /// `directory_unsupported`, always.
    pub fn open_locked(_: &Path, _: Option<&[u8]>) -> Result<Self, Error> {
        Err(unsupported())
    }
}

impl WrappedKeyring {
    /// Reads no directory.
    ///
    /// # Errors
    /// `directory_unsupported`, always.
    pub fn read(_: &Path) -> Result<Option<Self>, Error> {
        Err(unsupported())
    }
}

fn unsupported() -> Error {
    let message =
        "who else may read a directory is not known on this system: keep the keyring as bytes, under a passphrase";
    Error::value("directory_unsupported", message)
}
