//! What an object is of, and objects that are opened in parts.

use std::io::{self, Read, Seek};

use portward::Identifier;
use portward::envelope::{Context, OpenError, OpenSeek, ScopeKeys, SealError};

use crate::error::Error;

/// What exactly is sealed, beside its tenant.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// A stable logical name: `invoices.notes`.
    pub name: &'a str,
    /// Which one.
    pub id: &'a str,
    /// More, under keys that begin with `x-`.
    pub more: &'a [(String, String)],
}

impl Of<'_> {
    pub(crate) fn context(&self, tenant: &Identifier) -> Result<Context, Error> {
        let context = Context::new(tenant, self.name, self.id)?;
        Ok(self.more.iter().try_fold(context, |context, (key, value)| context.with(key, value))?)
    }
}

/// An object that is opened in parts.
pub struct Range<R: Read + Seek>(OpenSeek<R>);

impl<R: Read + Seek> Range<R> {
    pub(crate) fn open(keys: &ScopeKeys, context: &Context, source: R) -> Result<Self, Error> {
        Ok(Self(keys.seekable(context, source).map_err(read_error)?))
    }

    /// How long the plaintext is.
    pub const fn length(&self) -> u64 {
        self.0.length()
    }

    /// Reads so many bytes from there, fewer where the plaintext ends before.
    ///
    /// # Errors
    /// Kind `Unreadable`; `source_unreadable`.
    pub fn read(&mut self, from: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.0.read_range(from, length).map_err(read_error)
    }
}

/// What was refused, or what the source failed with.
pub(crate) fn read_error(error: io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<OpenError>()) {
        Some(refused) => (*refused).into(),
        None => Error::source(&error),
    }
}

/// What was refused, or what the target failed with.
pub(crate) fn write_error(error: io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<SealError>()) {
        Some(refused) => (*refused).into(),
        None => Error::target(&error),
    }
}
