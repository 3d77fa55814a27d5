use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use portward::envelope::{Header, OpenError, ScopeKeys};

use crate::objects::stream::copy;
use crate::objects::{ObjectError, WholeFile};

/// Reads the header of an object, and no more than [`Header::LENGTH_MAX`] bytes of it. Also says how long the header is, and how many bytes were
/// read. Needs no key; nothing of it is authentic.
///
/// # Errors
/// [`ObjectError::Read`], [`ObjectError::Open`].
pub fn read_header(source: &mut dyn Read) -> Result<(Header, usize, usize), ObjectError> {
    let start = read_start(source)?;
    let (header, length) = Header::parse(&start).map_err(ObjectError::Open)?;
    Ok((header, length, start.len()))
}

/// Puts the data key that an object carries under the tenant's present KEK, in a new file that takes the place of the old one, its owner
/// and its permissions. The body is copied as it is. Returns the header before and after.
///
/// Nothing else may write the file meanwhile: its work would be lost.
///
/// # Errors
/// [`ObjectError`]; the file is as it was, unless [`ObjectError::is_in_place`].
pub fn rewrap_file(keys: &ScopeKeys, path: &Path) -> Result<(Header, Header), ObjectError> {
    rewrap_watched(keys, path, |_| ())
}

/// The same; `copied` is told of each part of the body that is copied, how many bytes it has.
///
/// # Errors
/// As [`rewrap_file`].
pub fn rewrap_watched(keys: &ScopeKeys, path: &Path, copied: impl FnMut(u64)) -> Result<(Header, Header), ObjectError> {
    let mut source = File::open(path).map_err(ObjectError::Read)?;
    let start = read_start(&mut source)?;
    let (bytes, length) = keys.rewrap(&start)?;
    let parsed = |bytes: &[u8]| Header::parse(bytes).map(|(header, _)| header).map_err(ObjectError::Open);
    let (before, after) = (parsed(&start)?, parsed(&bytes)?);

    let mut target = WholeFile::replace(path).map_err(ObjectError::Write)?;
    let body = u64::try_from(length).map_err(|_| ObjectError::Open(OpenError::HeaderMalformed))?;
    source.seek(SeekFrom::Start(body)).map_err(ObjectError::Read)?;
    target.write_all(&bytes).map_err(ObjectError::Write)?;
    copy(&mut Told(&source, copied), &mut target)?;
    target.be_like(&source).and_then(|()| target.finish()).map_err(ObjectError::Write)?;
    Ok((before, after))
}

/// A source whose bytes are told of as they are read.
struct Told<'a, F>(&'a File, F);

impl<F: FnMut(u64)> Read for Told<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        (self.1)(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

fn read_start(source: &mut dyn Read) -> Result<Vec<u8>, ObjectError> {
    let mut start = Vec::new();
    source
        .take(u64::try_from(Header::LENGTH_MAX).unwrap_or(u64::MAX))
        .read_to_end(&mut start)
        .map_err(ObjectError::Read)?;
    Ok(start)
}
