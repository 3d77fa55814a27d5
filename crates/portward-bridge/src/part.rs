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
    /// Kind `Unreadable`, and then always; `source_unreadable`, and what the source says the next time counts.
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

#[cfg(all(test, feature = "backend"))]
mod tests {
    use std::cell::Cell;
    use std::io::{Cursor, SeekFrom};

    use super::*;
    use crate::{Deployment, KeyStore, KeyStoreOptions, Keyring};

    struct Failing<'a>(Cursor<Vec<u8>>, &'a Cell<bool>);

    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.1.take() { Err(io::ErrorKind::TimedOut.into()) } else { self.0.read(buffer) }
        }
    }

    impl Seek for Failing<'_> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_source_that_failed_is_asked_again_and_what_is_forged_stays_refused() {
        let directory = tempfile::tempdir().unwrap();
        let keyring = Keyring::generate(&Deployment::generate(None).unwrap()).unwrap();
        let location = format!("sqlite:{}", directory.path().join("keys.db").display());
        let keys =
            KeyStore::open(&location, &keyring, None, &KeyStoreOptions { initialise: true, ..Default::default() })
                .unwrap();
        keys.new_tenant("studio-7").unwrap();
        let scope = keys.scope("studio-7", "file:contents").unwrap();
        let of = Of { name: "files.content", id: "7", more: &[] };
        let mut object = scope.seal(&of, &[7; 60_000], false).unwrap();

        let fails = Cell::new(false);
        let mut range = scope.open_range(&of, Failing(Cursor::new(object.clone()), &fails)).unwrap();
        fails.set(true);
        assert_eq!(range.read(20_000, 5).unwrap_err().code, "source_unreadable");
        assert_eq!(range.read(20_000, 5).unwrap(), [7; 5]);
        assert_eq!(range.read(0, 5).unwrap(), [7; 5]);

        object[76 + 16_400] ^= 1;
        let mut range = scope.open_range(&of, Cursor::new(object)).unwrap();
        assert_eq!(range.read(0, 5).unwrap(), [7; 5]);
        assert_eq!(range.read(20_000, 5).unwrap_err().code, "chunk_forged");
        assert_eq!(range.read(0, 5).unwrap_err().code, "failed_before");
        keys.close();
    }
}
