//! Files sealed and opened, from a stream into a file that is there whole or not at all.

use core::fmt;
use core::num::NonZeroUsize;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use portward::envelope::{Context, Keep, OpenError, ScopeKeys, SealError};
use tempfile::{Builder, NamedTempFile};
use zeroize::Zeroizing;

/// How much is read at a time.
const STEP: usize = 128 * 1024;

/// Why a file was not sealed or opened. What stood under its name before stands there still.
#[derive(Debug)]
#[non_exhaustive]
pub enum ObjectError {
    /// The source cannot be read.
    Read(io::Error),
    /// The file cannot be written.
    Write(io::Error),
    /// The object is refused.
    Open(OpenError),
    /// Nothing can be sealed.
    Seal(SealError),
}

/// Seals everything from `source` into the file `target`, on this many threads, in constant memory. `progress` is told how many bytes have been read.
/// Returns how many there were.
///
/// # Errors
/// [`ObjectError`]; no file is left, and none is replaced.
pub fn seal_file(
    keys: &ScopeKeys,
    context: &Context,
    keep: Keep<'_>,
    source: &mut dyn Read,
    target: &Path,
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, ObjectError> {
    let mut file = begin(target)?;
    let buffered = BufWriter::with_capacity(STEP, file.as_file_mut());
    let mut writer = keys.writer(context, keep, buffered, threads).map_err(ObjectError::of_writer)?;
    let length = copy(source, &mut writer, progress)?;
    writer.finish().map_err(ObjectError::of_writer)?.flush().map_err(ObjectError::Write)?;
    end(file, target)?;
    Ok(length)
}

/// Opens the object from `source` into the file `target`, on this many threads, in constant memory; the file appears when the last chunk is authentic.
///
/// # Errors
/// [`ObjectError`]; no file is left, and none is replaced.
pub fn open_file(
    keys: &ScopeKeys,
    context: &Context,
    source: &mut dyn Read,
    target: &Path,
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, ObjectError> {
    let mut file = begin(target)?;
    let mut reader = keys.reader(context, source, threads).map_err(ObjectError::of_reader)?;
    let mut buffered = BufWriter::with_capacity(STEP, file.as_file_mut());
    let length = copy(&mut reader, &mut buffered, progress)?;
    buffered.flush().map_err(ObjectError::Write)?;
    drop(buffered);
    end(file, target)?;
    Ok(length)
}

fn copy(source: &mut dyn Read, target: &mut dyn Write, progress: &mut dyn FnMut(u64)) -> Result<u64, ObjectError> {
    let (mut buffer, mut length) = (Zeroizing::new(vec![0; STEP]), 0u64);
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ObjectError::of_reader(error)),
        };
        target.write_all(buffer.get(..read).unwrap_or_default()).map_err(ObjectError::of_writer)?;
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        progress(length);
    }
}

/// A file beside the target that others cannot read, and that is gone if it is not finished.
fn begin(target: &Path) -> Result<NamedTempFile, ObjectError> {
    Builder::new().prefix(".portward-").tempfile_in(folder(target)).map_err(ObjectError::Write)
}

fn end(file: NamedTempFile, target: &Path) -> Result<(), ObjectError> {
    file.as_file().sync_all().map_err(ObjectError::Write)?;
    file.persist(target).map_err(|error| ObjectError::Write(error.error))?;
    // The new name lies in the folder.
    if cfg!(unix) {
        File::open(folder(target)).and_then(|folder| folder.sync_all()).map_err(ObjectError::Write)
    } else {
        Ok(())
    }
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

    fn of_reader(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<OpenError>()) {
            Some(refused) => Self::Open(*refused),
            None => Self::Read(error),
        }
    }

    fn of_writer(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<SealError>()) {
            Some(refused) => Self::Seal(*refused),
            None => Self::Write(error),
        }
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "the source cannot be read: {error}"),
            Self::Write(error) => write!(f, "the file cannot be written: {error}"),
            Self::Open(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ObjectError {}
