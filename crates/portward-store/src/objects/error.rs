use core::fmt;
use std::io;

use portward::envelope::{OpenError, RewrapError, SealError};

/// Why an object was not sealed, opened or rewrapped. A file that stood under its name before stands there still.
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
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "source_unreadable",
            Self::Write(_) => "target_unwritable",
            Self::Open(error) => error.code(),
            Self::Seal(error) => error.code(),
        }
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
            Self::Write(error) => write!(f, "the target cannot be written: {error}"),
            Self::Open(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ObjectError {}
