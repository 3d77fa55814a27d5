use core::fmt;

use portward::{Audience, AuthorityError, DeploymentError, FeedError, KeyringError, SealedError};

/// Why a file was not read or not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileError {
    /// Others than the owner have rights on a secret file.
    KeyringPermissions,
    /// Others than the owner can write a file or directory that is believed.
    OthersCanWrite,
    /// A symbolic link, a device, a pipe, or a directory.
    NotRegular,
    /// There is no such file.
    Missing,
    /// It is there already, and is not overwritten.
    Exists,
    /// Larger than its format allows.
    TooLarge,
    /// The content is not what its format says.
    Malformed,
    /// A keyring in the clear and a sealed one lie side by side.
    TwoKeyrings,
    /// The operating system did not let it be read.
    Read,
    /// The operating system did not let it be written.
    Write,
    /// The directory could not be locked.
    Lock,
}

impl FileError {
    /// Every variant, for tables and parity tests.
    pub const ALL: &'static [Self] = &[
        Self::KeyringPermissions,
        Self::OthersCanWrite,
        Self::NotRegular,
        Self::Missing,
        Self::Exists,
        Self::TooLarge,
        Self::Malformed,
        Self::TwoKeyrings,
        Self::Read,
        Self::Write,
        Self::Lock,
    ];

    /// The stable code, the same in every language.
    pub const fn code(self) -> &'static str {
        self.parts().0
    }

    /// Who has to act: always whoever looks after the machine.
    pub const fn audience(self) -> Audience {
        Audience::Environment
    }

    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::KeyringPermissions => {
                ("keyring_permissions", "others than its owner have rights on this secret file")
            }
            Self::OthersCanWrite => ("file_permissions", "others than its owner can write it"),
            Self::NotRegular => ("file_not_regular", "it is a symbolic link or no regular file"),
            Self::Missing => ("file_missing", "there is no such file"),
            Self::Exists => ("file_exists", "it is there already and is not overwritten"),
            Self::TooLarge => ("file_too_large", "it is larger than its format allows"),
            Self::Malformed => ("file_malformed", "it is not what its format says"),
            Self::TwoKeyrings => ("keyring_two_files", "a keyring in the clear and a sealed one lie side by side"),
            Self::Read => ("file_unreadable", "it cannot be read"),
            Self::Write => ("file_unwritable", "it cannot be written"),
            Self::Lock => ("directory_lock", "the directory cannot be locked"),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.parts().1)
    }
}

impl core::error::Error for FileError {}

/// Why something of the directory was not read or not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilesError {
    /// The file of this name, and what is wrong with it.
    File(&'static str, FileError),
    /// The deployment file was read and refused.
    Deployment(DeploymentError),
    /// The keyring was read and refused.
    Keyring(KeyringError),
    /// The sealed keyring was not opened or not made.
    Sealed(SealedError),
    /// The saved view was refused.
    View(FeedError),
    /// The view could not be saved.
    Save(AuthorityError),
}

impl FilesError {
    /// The stable code, that of the cause.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(_, error) => error.code(),
            Self::Deployment(error) => error.code(),
            Self::Keyring(error) => error.code(),
            Self::Sealed(error) => error.code(),
            Self::View(error) => error.code(),
            Self::Save(error) => error.code(),
        }
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        match self {
            Self::File(_, error) => error.audience(),
            Self::Deployment(error) => error.audience(),
            Self::Keyring(error) => error.audience(),
            Self::Sealed(error) => error.audience(),
            Self::View(error) => error.audience(),
            Self::Save(error) => error.audience(),
        }
    }
}

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name, error) => write!(f, "{name}: {error}"),
            Self::Deployment(error) => error.fmt(f),
            Self::Keyring(error) => error.fmt(f),
            Self::Sealed(error) => error.fmt(f),
            Self::View(error) => write!(f, "the saved view is refused: {error}"),
            Self::Save(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for FilesError {}
