use core::num::NonZeroUsize;
use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

use crate::envelope::body::{
    BodyKey, Bound, CHUNK, PREFIX, SEALED_CHUNK, batch_length, chunks_of, ends, opened_length,
};
use crate::envelope::context::Context;
use crate::envelope::error::OpenError;
use crate::envelope::header::{HEADER_MAX, Header};
use crate::envelope::keys::ScopeKeys;
use crate::envelope::tombstones::Life;

/// Opens what it reads; every byte that it gives out is authentic. That they are *all* is known only when `read` has returned 0: an object
/// that was cut is told by an error in its place.
pub struct OpenReader<R: Read> {
    inner: R,
    life: Life,
    body_key: BodyKey,
    threads: NonZeroUsize,
    sealed: Vec<u8>,
    batch: Zeroizing<Vec<u8>>,
    /// How much of the batch was given out.
    given: usize,
    /// The number of the next batch's first chunk.
    index: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Failed,
}

impl ScopeKeys {
    /// Opens what is read, from the beginning to the end, on this many threads. Held is as much as by [`ScopeKeys::writer`].
    ///
    /// # Errors
    /// Those of the reader; [`OpenError`] as the inner error of an [`io::Error`] of kind `InvalidData`.
    pub fn reader<R: Read>(&self, context: &Context, mut inner: R, threads: NonZeroUsize) -> io::Result<OpenReader<R>> {
        let (body_key, life, _) = self.body_key_of(context, &mut inner)?;
        Ok(OpenReader::new(inner, life, body_key, threads))
    }

    /// Reads header and beginning of the body; also how long the header was.
    pub(super) fn body_key_of(&self, context: &Context, inner: &mut impl Read) -> io::Result<(BodyKey, Life, u64)> {
        if *context.tenant() != self.tenant {
            return Err(refused(OpenError::WrongTenant));
        }
        let mut start = vec![0; 22];
        let read = read_full(inner, start.get_mut(..20).unwrap_or_default())?;
        start.truncate(read);
        // A detached object may end here; one with slots has its length in the next two bytes.
        if Header::length(&start).is_none() && read == 20 {
            append(inner, &mut start, 2)?;
        }
        let length = Header::length(&start).unwrap_or(start.len()).min(HEADER_MAX);
        let missing = length.saturating_sub(start.len());
        append(inner, &mut start, missing)?;
        let (header, length) = Header::parse(&start).map_err(refused)?;
        let key = self.data_key(&header).map_err(refused)?;
        let mut prefix = [0; PREFIX];
        if read_full(inner, &mut prefix)? < PREFIX {
            return Err(refused(OpenError::BodyTruncated));
        }
        let body_key = BodyKey::of_body(key.body_key(), &Bound::new(&key.id(), context), &prefix).map_err(refused)?;
        Ok((body_key, Life::of(&key, &self.graves), u64::try_from(length).unwrap_or(u64::MAX)))
    }
}

impl<R: Read> OpenReader<R> {
    pub(super) fn new(inner: R, life: Life, body_key: BodyKey, threads: NonZeroUsize) -> Self {
        let chunks = batch_length(threads);
        Self {
            inner,
            life,
            body_key,
            threads,
            sealed: vec![0; chunks.saturating_mul(SEALED_CHUNK)],
            batch: Zeroizing::new(Vec::with_capacity(chunks.saturating_mul(CHUNK))),
            given: 0,
            index: 0,
            state: State::Reading,
        }
    }

    fn next_batch(&mut self) -> io::Result<()> {
        let length = read_full(&mut self.inner, &mut self.sealed)?;
        if self.life.is_over() {
            return Err(refused(OpenError::DataKeyDestroyed));
        }
        let sealed = self.sealed.get(..length).unwrap_or_default();
        self.batch.resize(opened_length(length), 0);
        self.given = 0;
        self.body_key.open_chunks(self.index, sealed, &mut self.batch, self.threads).map_err(refused)?;
        self.index = self.index.saturating_add(chunks_of(length));
        if length < self.sealed.len() {
            if !ends(length) {
                return Err(refused(OpenError::BodyTruncated));
            }
            self.state = State::Ended;
        }
        Ok(())
    }
}

impl<R: Read> BufRead for OpenReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.given == self.batch.len() && self.state == State::Reading {
            if let Err(error) = self.next_batch() {
                self.batch.clear();
                self.given = 0;
                self.state = State::Failed;
                return Err(error);
            }
        }
        if self.state == State::Failed {
            return Err(refused(OpenError::Failed));
        }
        Ok(self.batch.get(self.given..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.given = self.given.saturating_add(bytes).min(self.batch.len());
    }
}

impl<R: Read> Read for OpenReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let left = self.fill_buf()?;
        let length = left.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(left) {
            *to = *from;
        }
        self.consume(length);
        Ok(length)
    }
}

fn append(inner: &mut impl Read, start: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let from = start.len();
    start.resize(from.saturating_add(length), 0);
    let read = read_full(inner, start.get_mut(from..).unwrap_or_default())?;
    start.truncate(from.saturating_add(read));
    Ok(())
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
