use core::fmt;
use std::io;

use portward::envelope::{OpenError, RewrapError, SealError};

/// Why an object was not sealed, opened or rewrapped. A file that stood under its name before stands there still, unless
/// [`is_in_place`](Self::is_in_place) says otherwise.
#[derive(Debug)]
#[non_exhaustive]
pub enum ObjectError {
    /// The source cannot be read.
    Read(io::Error),
    /// The target cannot be written.
    Write(io::Error),
    /// The object is refused.
    Open(OpenError),
    /// Nothing can be sealed.
    Seal(SealError),
}

impl ObjectError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "source_unreadable",
            Self::Write(error) if Unsynced::is_in(error) => "file_unsynced",
            Self::Write(_) => "target_unwritable",
            Self::Open(error) => error.code(),
            Self::Seal(error) => error.code(),
        }
    }

    /// Whether all of it is done but for one thing: the medium did not say that it has the new file's name. After a power cut the old file may
    /// be there again.
    pub fn is_in_place(&self) -> bool {
        matches!(self, Self::Write(error) if Unsynced::is_in(error))
    }

    pub(crate) fn of_reader(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<OpenError>()) {
            Some(refused) => Self::Open(*refused),
            None => Self::Read(error),
        }
    }

    pub(crate) fn of_writer(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<SealError>()) {
            Some(refused) => Self::Seal(*refused),
            None => Self::Write(error),
        }
    }
}

impl From<RewrapError> for ObjectError {
    fn from(error: RewrapError) -> Self {
        match error {
            RewrapError::Open(error) => Self::Open(error),
            RewrapError::Seal(error) => Self::Seal(error),
        }
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "the source cannot be read: {error}"),
            Self::Write(error) if Unsynced::is_in(error) => write!(f, "the target: {error}"),
            Self::Write(error) => write!(f, "the target cannot be written: {error}"),
            Self::Open(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ObjectError {}

/// Inside an error of writing: the file has its name, and the medium did not say that it has that.
#[derive(Debug)]
pub(crate) struct Unsynced(pub(crate) io::Error);

impl Unsynced {
    pub(crate) fn of(error: io::Error) -> io::Error {
        io::Error::new(error.kind(), Self(error))
    }

    pub(crate) fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl fmt::Display for Unsynced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the change is in place, but whether it is on the medium is not known ({})", self.0)
    }
}

impl core::error::Error for Unsynced {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_place_is_told_from_what_is_not() {
        let failed = || io::Error::from_raw_os_error(5);
        let (placed, not) = (ObjectError::Write(Unsynced::of(failed())), ObjectError::Write(failed()));
        assert_eq!((placed.code(), placed.is_in_place()), ("file_unsynced", true));
        assert_eq!((not.code(), not.is_in_place()), ("target_unwritable", false));
        assert!(placed.to_string().starts_with("the target: the change is in place"), "{placed}");
        assert!(!ObjectError::Read(Unsynced::of(failed())).is_in_place(), "of a target only");
    }
}
