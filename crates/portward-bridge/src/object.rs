use core::num::NonZeroUsize;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use portward::envelope::Keep;
use portward_store::objects::{ObjectError, WholeFile, open_stream, seal_stream};

use crate::error::Error;
use crate::keys::Scope;
use crate::part::{Of, Range, read_error};

/// On how many threads: at least one.
pub type Threads = NonZeroUsize;

impl Scope {
    /// Seals bytes. `name` and `id` say what they are, `invoices.notes` and `42` for instance; more may follow under keys that begin with
    /// `x-`. All of it has to be stated again to open them. `embedded`: the data key goes along, under the tenant's KEK, so that the object
    /// opens without the key store's row; deleting it is then what erases it.
    ///
    /// # Errors
    /// Those of the values, and of the key store.
    pub fn seal(&self, of: &Of<'_>, plaintext: &[u8], embedded: bool) -> Result<Vec<u8>, Error> {
        Ok(self.to_seal()?.seal(&of.context(&self.tenant)?, plaintext, keep(embedded), NonZeroUsize::MIN)?)
    }

    /// Opens bytes. Whatever is wrong, nothing of it is returned.
    ///
    /// # Errors
    /// Kind `Unreadable`; those of the values, and of the key store.
    pub fn open(&self, of: &Of<'_>, object: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.to_open(object)?.open(&of.context(&self.tenant)?, object, NonZeroUsize::MIN)?)
    }

    /// Seals everything from a source, in constant memory; returns how many bytes there were. What was written is whole only if it succeeds.
    ///
    /// # Errors
    /// As [`Scope::seal`]; `source_unreadable`, `target_unwritable`.
    pub fn seal_stream(
        &self,
        of: &Of<'_>,
        source: &mut dyn Read,
        target: &mut dyn Write,
        embedded: bool,
        threads: Threads,
    ) -> Result<u64, Error> {
        let (context, keys) = (of.context(&self.tenant)?, self.to_seal()?);
        Ok(seal_stream(&keys, &context, keep(embedded), source, target, threads)?.0)
    }

    /// Opens everything from a source, in constant memory; returns how many bytes there are. Each byte that is written is authentic; that they
    /// are all is known only if it succeeds.
    ///
    /// # Errors
    /// As [`Scope::open`]; `source_unreadable`, `target_unwritable`.
    pub fn open_stream(
        &self,
        of: &Of<'_>,
        source: &mut dyn Read,
        target: &mut dyn Write,
        threads: Threads,
    ) -> Result<u64, Error> {
        let context = of.context(&self.tenant)?;
        let beginning = beginning(source)?;
        let keys = self.to_open(&beginning)?;
        Ok(open_stream(&keys, &context, &mut beginning.as_slice().chain(source), target, threads)?.0)
    }

    /// Opens any part of what can be read at any place. The object begins where the source stands.
    ///
    /// # Errors
    /// As [`Scope::open_stream`].
    pub fn open_range<R: Read + Seek>(&self, of: &Of<'_>, mut source: R) -> Result<Range<R>, Error> {
        let context = of.context(&self.tenant)?;
        let start = source.stream_position().map_err(read_error)?;
        let beginning = beginning(&mut source)?;
        source.seek(SeekFrom::Start(start)).map_err(read_error)?;
        let keys = self.to_open(&beginning)?;
        Range::open(&keys, &context, source)
    }
}

/// As much as says under which key an object is; less where it ends before.
fn beginning(source: &mut dyn Read) -> Result<Vec<u8>, Error> {
    let mut beginning = Vec::new();
    source.take(DETACHED).read_to_end(&mut beginning).map_err(read_error)?;
    Ok(beginning)
}

/// The header of an object without slots, in bytes.
const DETACHED: u64 = 20;

pub(crate) const fn keep(embedded: bool) -> Keep<'static> {
    if embedded { Keep::Embedded } else { Keep::Detached }
}

/// A file that appears under its name when all of it is written, readable by its owner alone.
pub struct FileTarget(WholeFile);

impl FileTarget {
    /// Begins one; one that is there already is replaced only if that is wanted.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn create(path: &Path, replace: bool) -> io::Result<Self> {
        Ok(Self(if replace { WholeFile::replace(path)? } else { WholeFile::create(path)? }))
    }

    /// Lets `work` write it. If that fails, nothing is left of it.
    ///
    /// # Errors
    /// Those of `work`; `target_unwritable`.
    pub fn fill<T>(mut self, work: impl FnOnce(&mut dyn Write) -> Result<T, Error>) -> Result<T, Error> {
        let done = work(&mut self.0)?;
        self.0.finish().map_err(ObjectError::Write)?;
        Ok(done)
    }
}
