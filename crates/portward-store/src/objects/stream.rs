use core::num::NonZeroUsize;
use std::io::{self, BufRead as _, BufWriter, Read, Write};

use portward::envelope::{Context, Keep, ScopeKeys};
use zeroize::Zeroizing;

use crate::objects::{ObjectError, WholeFile};

/// How much is read at a time.
const STEP: usize = 128 * 1024;

/// Seals everything from `source` into a file, on this many threads, in constant memory. Returns how many bytes there were.
///
/// # Errors
/// [`ObjectError`]; no file is left, and none is replaced, unless [`ObjectError::is_in_place`].
pub fn seal_file(
    keys: &ScopeKeys,
    context: &Context,
    keep: Keep<'_>,
    source: &mut dyn Read,
    target: WholeFile,
    threads: NonZeroUsize,
) -> Result<u64, ObjectError> {
    let (length, file) = seal_stream(keys, context, keep, source, target, threads)?;
    file.finish().map_err(ObjectError::Write)?;
    Ok(length)
}

/// Opens the object from `source` into a file, on this many threads, in constant memory; the file appears when the last chunk is authentic.
///
/// # Errors
/// [`ObjectError`]; no file is left, and none is replaced, unless [`ObjectError::is_in_place`].
pub fn open_file(
    keys: &ScopeKeys,
    context: &Context,
    source: &mut dyn Read,
    target: WholeFile,
    threads: NonZeroUsize,
) -> Result<u64, ObjectError> {
    let (length, file) = open_stream(keys, context, source, target, threads)?;
    file.finish().map_err(ObjectError::Write)?;
    Ok(length)
}

/// Seals everything from `source` into `target`, which is handed back, flushed. What was written is whole only if this succeeds.
///
/// # Errors
/// [`ObjectError`].
pub fn seal_stream<W: Write>(
    keys: &ScopeKeys,
    context: &Context,
    keep: Keep<'_>,
    source: &mut dyn Read,
    target: W,
    threads: NonZeroUsize,
) -> Result<(u64, W), ObjectError> {
    let buffered = BufWriter::with_capacity(STEP, target);
    let mut writer = keys.writer(context, keep, buffered, threads).map_err(ObjectError::of_writer)?;
    let mut length = 0u64;
    while let Some(read) = read_some(source, writer.room())? {
        writer.filled(read).map_err(ObjectError::of_writer)?;
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok((length, flushed(writer.finish().map_err(ObjectError::of_writer)?)?))
}

/// Opens the object from `source` into `target`, which is handed back, flushed. Every byte that `target` gets is authentic; that they
/// are all is known only if this succeeds.
///
/// # Errors
/// [`ObjectError`].
pub fn open_stream<W: Write>(
    keys: &ScopeKeys,
    context: &Context,
    source: &mut dyn Read,
    target: W,
    threads: NonZeroUsize,
) -> Result<(u64, W), ObjectError> {
    let mut reader = keys.reader(context, source, threads).map_err(ObjectError::of_reader)?;
    let (mut buffered, mut length) = (BufWriter::with_capacity(STEP, target), 0u64);
    loop {
        let opened = reader.fill_buf().map_err(ObjectError::of_reader)?;
        if opened.is_empty() {
            return Ok((length, flushed(buffered)?));
        }
        buffered.write_all(opened).map_err(ObjectError::Write)?;
        let given = opened.len();
        reader.consume(given);
        length = length.saturating_add(u64::try_from(given).unwrap_or(u64::MAX));
    }
}

pub(super) fn copy(source: &mut dyn Read, target: &mut dyn Write) -> Result<u64, ObjectError> {
    let (mut buffer, mut length) = (Zeroizing::new(vec![0; STEP]), 0u64);
    while let Some(read) = read_some(source, &mut buffer)? {
        target.write_all(buffer.get(..read).unwrap_or_default()).map_err(ObjectError::of_writer)?;
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok(length)
}

/// As many bytes as the source gives at once; `None` at its end.
fn read_some(source: &mut dyn Read, buffer: &mut [u8]) -> Result<Option<usize>, ObjectError> {
    loop {
        return match source.read(buffer) {
            Ok(0) => Ok(None),
            Ok(read) => Ok(Some(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(ObjectError::of_reader(error)),
        };
    }
}

fn flushed<W: Write>(buffered: BufWriter<W>) -> Result<W, ObjectError> {
    buffered.into_inner().map_err(|error| ObjectError::Write(error.into_error()))
}
