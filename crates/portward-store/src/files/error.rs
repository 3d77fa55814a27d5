use core::fmt;
use std::path::PathBuf;

use portward::envelope::WrappedError;
use portward::{Audience, AuthorityError, DeploymentError, FeedError, KeyringError, SealedError};
use rustix::io::Errno;

use crate::events::SinkError;
use crate::objects::Unsynced;

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
    /// Two keyrings, kept in different ways, lie side by side.
    TwoKeyrings,
    /// The operating system does not permit it.
    Denied,
    /// The medium is full, or a quota is used up.
    NoSpace,
    /// The directory that it would be in is missing.
    NoParent,
    /// The operating system did not let it be read.
    Read,
    /// The operating system did not let it be written. It is as it was.
    Write,
    /// It was written, or taken away, and the operating system did not say that the medium has it: after a power cut it may be as it was.
    Unsynced,
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
        Self::Denied,
        Self::NoSpace,
        Self::NoParent,
        Self::Read,
        Self::Write,
        Self::Unsynced,
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

    /// Of a read that failed.
    pub(super) const fn of_read(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Missing,
            Errno::LOOP | Errno::NXIO => Self::NotRegular,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            _ => Self::Read,
        }
    }

    /// Of a write that failed.
    pub(super) const fn of_write(errno: Errno) -> Self {
        match errno {
            Errno::EXIST => Self::Exists,
            Errno::NOENT | Errno::NOTDIR => Self::NoParent,
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Denied,
            Errno::NOSPC | Errno::DQUOT => Self::NoSpace,
            _ => Self::Write,
        }
    }

    /// Of a read that failed.
    pub fn reading(error: &std::io::Error) -> Self {
        Errno::from_io_error(error).map_or(Self::Read, Self::of_read)
    }

    /// Of a write that failed.
    pub fn writing(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        if Unsynced::is_in(error) {
            return Self::Unsynced;
        }
        // An error that somebody put a path to has no number any more.
        match (Errno::from_io_error(error), error.kind()) {
            (Some(errno), _) => Self::of_write(errno),
            (None, ErrorKind::AlreadyExists) => Self::Exists,
            (None, ErrorKind::InvalidInput) => Self::NotRegular,
            (None, ErrorKind::NotFound) => Self::NoParent,
            (None, ErrorKind::PermissionDenied) => Self::Denied,
            (None, ErrorKind::StorageFull) => Self::NoSpace,
            (None, _) => Self::Write,
        }
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
            Self::TwoKeyrings => ("keyring_two_files", "two keyrings, kept in different ways, lie side by side"),
            Self::Denied => ("file_denied", "the operating system does not permit it"),
            Self::NoSpace => ("file_no_space", "there is no space left for it"),
            Self::NoParent => ("file_no_parent", "the directory that it would be in is missing"),
            Self::Read => ("file_unreadable", "it cannot be read"),
            Self::Write => ("file_unwritable", "it cannot be written"),
            Self::Unsynced => ("file_unsynced", "the change is in place, but whether it is on the medium is not known"),
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilesError {
    /// This file or directory, and what is wrong with it.
    File(PathBuf, FileError),
    /// The deployment file was read and refused.
    Deployment(PathBuf, DeploymentError),
    /// The keyring was read and refused.
    Keyring(PathBuf, KeyringError),
    /// The sealed keyring was not opened or not made.
    Sealed(PathBuf, SealedError),
    /// The keyring under a KEK was not opened or not made.
    Wrapped(PathBuf, WrappedError),
    /// What was given does not open a keyring that is kept in this way.
    WrongLock(PathBuf),
    /// A store decides what is revoked: where that is written, and which.
    StoreDecides(PathBuf, String),
    /// The saved view was refused.
    View(PathBuf, FeedError),
    /// The view could not be saved.
    Save(AuthorityError),
    /// The sink of events could not be told, so nothing was written.
    Sink(SinkError),
}

impl FilesError {
    /// The stable code, that of the cause.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(_, error) => error.code(),
            Self::Deployment(_, error) => error.code(),
            Self::Keyring(_, error) => error.code(),
            Self::Sealed(_, error) => error.code(),
            Self::Wrapped(_, error) => error.code(),
            Self::WrongLock(_) => "keyring_lock",
            Self::StoreDecides(..) => "store_decides",
            Self::View(_, error) => error.code(),
            Self::Save(error) => error.code(),
            Self::Sink(_) => "sink_failed",
        }
    }

    /// Whether it is done, and only the medium did not say that it has it.
    pub const fn is_in_place(&self) -> bool {
        matches!(self, Self::File(_, FileError::Unsynced))
    }

    /// Of a step that was taken back, or behind which others were to come: what was asked for is not done.
    #[must_use]
    pub fn of_a_step(self) -> Self {
        match self {
            Self::File(path, FileError::Unsynced) => Self::File(path, FileError::Write),
            other => other,
        }
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        match self {
            Self::File(_, error) => error.audience(),
            Self::Deployment(_, error) => error.audience(),
            Self::Keyring(_, error) => error.audience(),
            Self::Sealed(_, error) => error.audience(),
            Self::Wrapped(_, error) => error.audience(),
            Self::WrongLock(_) | Self::StoreDecides(..) => Audience::Caller,
            Self::View(_, error) => error.audience(),
            Self::Save(error) => error.audience(),
            Self::Sink(_) => Audience::Environment,
        }
    }
}

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Deployment(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Keyring(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Sealed(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Wrapped(path, error) => write!(f, "{}: {error}", path.display()),
            Self::WrongLock(path) => write!(f, "{}: this is opened in another way", path.display()),
            Self::StoreDecides(path, store) => {
                write!(
                    f,
                    "{}: the store {store} decides what is revoked, not the view of this directory",
                    path.display()
                )
            }
            Self::View(path, error) => write!(f, "{}: the saved view is refused: {error}", path.display()),
            Self::Save(error) => error.fmt(f),
            Self::Sink(error) => write!(f, "{error}: {}", error.cause()),
        }
    }
}

impl core::error::Error for FilesError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Sink(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SinkError> for FilesError {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_file_that_is_in_place_says_so() {
        let failed = || std::io::Error::from_raw_os_error(5);
        assert_eq!(FileError::writing(&Unsynced::of(failed())), FileError::Unsynced);
        assert_eq!(FileError::writing(&failed()), FileError::Write);
        let of_a_step = |error| FilesError::File("keyring.json".into(), error).of_a_step().code();
        assert_eq!(
            (of_a_step(FileError::Unsynced), of_a_step(FileError::NoSpace)),
            ("file_unwritable", "file_no_space")
        );
    }
}
