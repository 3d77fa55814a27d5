use std::io::{self, Read, Write};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::envelope::body::{BodyKey, CHUNK, SEALED_CHUNK, TAG};
use crate::envelope::budget::Usage;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::OpenError;

/// Seals what is written to it, chunk by chunk, in one pass. Nothing is whole before [`SealWriter::finish`] has returned: an object that
/// was not finished does not open.
pub struct SealWriter<W: Write> {
    inner: W,
    key: Arc<DataKey>,
    body_key: BodyKey,
    /// Plaintext that does not fill a chunk yet.
    chunk: Zeroizing<Vec<u8>>,
    sealed: Vec<u8>,
    index: u64,
    charged: u64,
    failed: bool,
}

impl<W: Write> SealWriter<W> {
    pub(super) fn new(inner: W, key: Arc<DataKey>, body_key: BodyKey) -> Self {
        Self {
            inner,
            key,
            body_key,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK)),
            sealed: vec![0; SEALED_CHUNK],
            index: 0,
            charged: 0,
            failed: false,
        }
    }

    /// Writes the last chunk and hands the inner writer back, flushed.
    ///
    /// # Errors
    /// Those of the inner writer; those of [`SealError`](crate::envelope::SealError) as the inner error of an [`io::Error`].
    pub fn finish(mut self) -> io::Result<W> {
        if self.index == 0 && self.chunk.is_empty() {
            self.key.charge(|usage| usage.add(0)).map_err(io::Error::other)?;
        }
        self.write_chunk()?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    /// A chunk that was begun is written whole or never: after a failure all that follows fails, so that no number is used twice.
    fn write_chunk(&mut self) -> io::Result<()> {
        if core::mem::replace(&mut self.failed, true) {
            return Err(io::Error::other(OpenError::Failed));
        }
        let length = u64::try_from(self.chunk.len()).unwrap_or(u64::MAX);
        let (before, after) = (self.charged, self.charged.saturating_add(length));
        if length > 0 {
            let charge = |usage: &mut Usage| match before {
                0 => usage.add(after),
                before => usage.grow(before, after),
            };
            self.key.charge(charge).map_err(io::Error::other)?;
            self.charged = after;
        }
        let sealed = self.sealed.get_mut(..self.chunk.len().saturating_add(TAG)).unwrap_or_default();
        self.body_key.seal(self.index, &self.chunk, sealed).map_err(io::Error::other)?;
        self.inner.write_all(sealed)?;
        self.index = self.index.saturating_add(1);
        self.chunk.clear();
        self.failed = false;
        Ok(())
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK.saturating_sub(self.chunk.len());
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.chunk.extend_from_slice(taken);
        if self.chunk.len() == CHUNK {
            self.write_chunk()?;
        }
        Ok(taken.len())
    }

    /// Flushes the inner writer. Bytes that do not fill a chunk stay here: a shorter chunk would be the last.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Opens what it reads, chunk by chunk; every byte that it gives out is authentic. That they are *all* is known only when `read` has
/// returned 0: an object that was cut is told by an error in its place.
pub struct OpenReader<R: Read> {
    inner: R,
    body_key: BodyKey,
    sealed: Vec<u8>,
    chunk: Zeroizing<Vec<u8>>,
    /// How much of the chunk was given out.
    given: usize,
    index: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Failed,
}

impl<R: Read> OpenReader<R> {
    pub(super) fn new(inner: R, body_key: BodyKey) -> Self {
        Self {
            inner,
            body_key,
            sealed: vec![0; SEALED_CHUNK],
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK)),
            given: 0,
            index: 0,
            state: State::Reading,
        }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let length = read_full(&mut self.inner, &mut self.sealed)?;
        let sealed = self.sealed.get(..length).unwrap_or_default();
        let plaintext = length.checked_sub(TAG).ok_or_else(|| refused(OpenError::BodyTruncated))?;
        self.chunk.resize(plaintext, 0);
        self.given = 0;
        self.body_key.open(self.index, sealed, &mut self.chunk).map_err(refused)?;
        self.index = self.index.saturating_add(1);
        if length < SEALED_CHUNK {
            self.state = State::Ended;
        }
        Ok(())
    }
}

impl<R: Read> Read for OpenReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() && self.state == State::Reading && !buffer.is_empty() {
            if let Err(error) = self.next_chunk() {
                self.chunk.clear();
                self.given = 0;
                self.state = State::Failed;
                return Err(error);
            }
        }
        if self.state == State::Failed {
            return Err(refused(OpenError::Failed));
        }
        let left = self.chunk.get(self.given..).unwrap_or_default();
        let length = left.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(left) {
            *to = *from;
        }
        self.given = self.given.saturating_add(length);
        Ok(length)
    }
}

/// As many bytes as there are, up to the whole buffer.
pub(super) fn read_full(inner: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match inner.read(rest) {
            Ok(0) => break,
            Ok(length) if length <= rest.len() => filled = filled.saturating_add(length),
            Ok(_) => return Err(io::Error::other("a reader that gives more than there is room for")),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The error of a reader whose object is refused: `InvalidData`, with the [`OpenError`] inside.
pub(super) fn refused(error: OpenError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
