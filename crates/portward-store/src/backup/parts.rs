//! A dump in parts, so that its end need not be known when it begins. `spec/backup.md` section 2.

use std::io::{self, Read, Write};

use portward::Checksum;
use zeroize::Zeroizing;

use crate::backup::BackupError;
use crate::backup::manifest::{MANIFEST_MAX, Manifest};
use crate::objects::ObjectError;

/// Longest part that is read.
const PART_MAX: u32 = 1 << 20;
/// Length of the parts that are written.
const PART: usize = 64 << 10;

type Result<T> = core::result::Result<T, BackupError>;

/// Writes manifest, parts and end.
pub(super) struct PartWriter<W> {
    inner: W,
    length: u64,
    checksum: Checksum,
}

impl<W: Write> PartWriter<W> {
    pub(super) fn begin(mut inner: W, manifest: &Manifest) -> Result<Self> {
        let bytes = manifest.to_bytes()?;
        let length = u32::try_from(bytes.len()).map_err(|_| BackupError::Malformed)?;
        let written = inner.write_all(&length.to_be_bytes()).and_then(|()| inner.write_all(&bytes));
        written.map_err(ObjectError::of_writer)?;
        Ok(Self { inner, length: 0, checksum: Checksum::new() })
    }

    /// Takes the whole dump from a source.
    pub(super) fn copy(&mut self, source: &mut dyn Read, told: &dyn Fn(u64)) -> Result<()> {
        let mut buffer = Zeroizing::new(vec![0; PART]);
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ObjectError::Read(error).into()),
            };
            self.part(buffer.get(..read).unwrap_or_default())?;
            told(u64::try_from(read).unwrap_or(u64::MAX));
        }
    }

    fn part(&mut self, bytes: &[u8]) -> Result<()> {
        let length = u32::try_from(bytes.len()).map_err(|_| BackupError::Malformed)?;
        self.checksum.update(bytes);
        self.length = self.length.saturating_add(length.into());
        let written = self.inner.write_all(&length.to_be_bytes()).and_then(|()| self.inner.write_all(bytes));
        Ok(written.map_err(ObjectError::of_writer)?)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn finish(mut self) -> Result<W> {
        let end = [&0u32.to_be_bytes()[..], &self.length.to_be_bytes(), &self.checksum.finish()].concat();
        self.inner.write_all(&end).map_err(ObjectError::of_writer)?;
        Ok(self.inner)
    }
}

/// Reads them. The last part is held back until all is found to be whole.
pub(super) struct PartReader<R> {
    inner: R,
    length: u64,
    checksum: Checksum,
    /// The part that is given out next, and the one that is being read.
    held: Zeroizing<Vec<u8>>,
    next: Zeroizing<Vec<u8>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begun,
    Reading,
    Ended,
}

impl<R: Read> PartReader<R> {
    pub(super) fn begin(mut inner: R) -> Result<(Manifest, Self)> {
        let mut length = [0; 4];
        fill(&mut inner, &mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).ok().filter(|length| *length <= MANIFEST_MAX);
        let mut bytes = vec![0; length.ok_or(BackupError::Malformed)?];
        fill(&mut inner, &mut bytes)?;
        let (held, next) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
        let reader = Self { inner, length: 0, checksum: Checksum::new(), held, next, state: State::Begun };
        Ok((Manifest::from_bytes(&bytes)?, reader))
    }

    /// The next part; `None` behind the last one. `end` is asked before the last one is given out.
    pub(super) fn next(&mut self, end: &dyn Fn() -> Result<()>) -> Result<Option<&[u8]>> {
        if self.state == State::Begun {
            self.read_on(end)?;
        }
        if self.state == State::Ended {
            return Ok(None);
        }
        core::mem::swap(&mut self.held, &mut self.next);
        self.read_on(end)?;
        Ok(Some(&self.held))
    }

    /// Reads a part into `next`; where the end comes instead, what is held is the last.
    fn read_on(&mut self, end: &dyn Fn() -> Result<()>) -> Result<()> {
        let mut length = [0; 4];
        fill(&mut self.inner, &mut length)?;
        let length = u32::from_be_bytes(length);
        if length == 0 {
            self.check_end()?;
            end()?;
            self.state = State::Ended;
            return Ok(());
        }
        if length > PART_MAX {
            return Err(BackupError::Malformed);
        }
        self.next.resize(usize::try_from(length).map_err(|_| BackupError::Malformed)?, 0);
        fill(&mut self.inner, &mut self.next)?;
        self.checksum.update(&self.next);
        self.length = self.length.saturating_add(length.into());
        self.state = State::Reading;
        Ok(())
    }

    fn check_end(&mut self) -> Result<()> {
        let (mut length, mut digest) = ([0; 8], [0; 32]);
        fill(&mut self.inner, &mut length)?;
        fill(&mut self.inner, &mut digest)?;
        // That nothing is behind it is also what says that the object was not cut.
        let behind = self.inner.read(&mut [0]).map_err(ObjectError::of_reader)?;
        let is_whole = u64::from_be_bytes(length) == self.length && digest == self.checksum.clone().finish();
        if behind == 0 && is_whole { Ok(()) } else { Err(BackupError::Malformed) }
    }

    /// How long the dump is, once it was read.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}

/// What was sealed whole ends where its parts do: fewer bytes are malformed.
fn fill(inner: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    inner.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => BackupError::Malformed,
        _ => ObjectError::of_reader(error).into(),
    })
}
