use core::num::NonZeroUsize;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::envelope::body::{BodyKey, Bound, CHUNK, PREFIX, SEALED_CHUNK, chunks_of, ends, opened_length, run_chunks};
use crate::envelope::context::Context;
use crate::envelope::error::OpenError;
use crate::envelope::header::{HEADER_MAX, Header};
use crate::envelope::keys::ScopeKeys;
use crate::envelope::pool::Pool;
use crate::envelope::tombstones::Life;

/// Opens what it reads; every byte that it gives out is authentic. That they are *all* is known only when `read` has returned 0: an object
/// that was cut is told by an error in its place.
pub struct OpenReader<R: Read> {
    inner: R,
    life: Life,
    body_key: Arc<BodyKey>,
    threads: NonZeroUsize,
    /// What is given out, and how much of it was.
    run: Run,
    given: usize,
    /// The threads that open, from the first reading on, and runs that are given out.
    pool: Option<Pool<Run>>,
    spare: Vec<Run>,
    /// The number of the next chunk that is read.
    index: u64,
    /// Whether there may be more to read, and what came in the place of it.
    source: Source,
    state: State,
}

/// Some chunks: as they were read, so many bytes of them, and what they become.
struct Run {
    index: u64,
    sealed: Vec<u8>,
    length: usize,
    plaintext: Zeroizing<Vec<u8>>,
    outcome: Result<(), OpenError>,
}

enum Source {
    Open,
    Ended,
    Broken(io::Error),
}

impl Run {
    fn new(chunks: usize) -> Self {
        Self {
            index: 0,
            sealed: vec![0; chunks.saturating_mul(SEALED_CHUNK)],
            length: 0,
            plaintext: Zeroizing::new(Vec::with_capacity(chunks.saturating_mul(CHUNK))),
            outcome: Ok(()),
        }
    }

    fn open(&mut self, key: &BodyKey) {
        let sealed = self.sealed.get(..self.length).unwrap_or_default();
        self.plaintext.resize(opened_length(self.length), 0);
        let opened = key.open_chunks(self.index, sealed, &mut self.plaintext, NonZeroUsize::MIN);
        // The last run is not full, and ends with a short chunk.
        let is_cut = self.length < self.sealed.len() && !ends(self.length);
        self.outcome = if is_cut { opened.and(Err(OpenError::BodyTruncated)) } else { opened };
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Failed,
}

impl ScopeKeys {
    /// Opens what is read, from the beginning to the end, on this many threads. Held is as much as by [`ScopeKeys::writer`]. Several
    /// threads read ahead.
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
        Self {
            inner,
            life,
            body_key: Arc::new(body_key),
            threads,
            run: Run::new(run_chunks(threads)),
            given: 0,
            pool: None,
            spare: Vec::new(),
            index: 0,
            source: Source::Open,
            state: State::Reading,
        }
    }

    /// Opens another run, and says what comes after it.
    fn next_run(&mut self) -> io::Result<State> {
        self.given = 0;
        self.spare.push(core::mem::replace(&mut self.run, Run::new(0)));
        if self.threads > NonZeroUsize::MIN && self.pool.is_none() {
            let key = Arc::clone(&self.body_key);
            self.pool = Some(Pool::start(self.threads, move |run: &mut Run| run.open(&key)));
        }
        if self.pool.is_some() {
            self.read_ahead();
            self.run = self.take_back()?;
        } else {
            self.run = self.read_run()?;
            self.run.open(&self.body_key);
        }
        if self.life.is_over() {
            return Err(refused(OpenError::DataKeyDestroyed));
        }
        self.run.outcome.map_err(refused)?;
        Ok(if self.run.length < self.run.sealed.len() { State::Ended } else { State::Reading })
    }

    /// Hands out as many runs as the threads take.
    fn read_ahead(&mut self) {
        while matches!(self.source, Source::Open) && self.pool.as_ref().is_some_and(|pool| !pool.is_full()) {
            match self.read_run() {
                Ok(run) => {
                    if run.length < run.sealed.len() {
                        self.source = Source::Ended;
                    }
                    if let Some(pool) = &mut self.pool {
                        pool.push(run);
                    }
                }
                Err(error) => self.source = Source::Broken(error),
            }
        }
    }

    /// What the source failed with comes behind what it gave before.
    fn take_back(&mut self) -> io::Result<Run> {
        self.pool.as_mut().and_then(Pool::pop).ok_or_else(|| {
            match core::mem::replace(&mut self.source, Source::Ended) {
                Source::Broken(error) => error,
                _ => io::Error::other("a thread that opened has panicked"),
            }
        })
    }

    fn read_run(&mut self) -> io::Result<Run> {
        let fresh = || Run::new(run_chunks(self.threads));
        let mut run = self.spare.pop().unwrap_or_else(fresh);
        run.length = read_full(&mut self.inner, &mut run.sealed)?;
        run.index = self.index;
        self.index = self.index.saturating_add(chunks_of(run.length));
        Ok(run)
    }
}

impl<R: Read> BufRead for OpenReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.given == self.run.plaintext.len() && self.state == State::Reading {
            // Also where this panics, in a source or a cipher, and whoever catches that reads on: a run would be missing.
            self.state = State::Failed;
            match self.next_run() {
                Ok(after) => self.state = after,
                Err(error) => {
                    self.run.plaintext.clear();
                    self.given = 0;
                    return Err(error);
                }
            }
        }
        if self.state == State::Failed {
            return Err(refused(OpenError::Failed));
        }
        Ok(self.run.plaintext.get(self.given..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.given = self.given.saturating_add(bytes).min(self.run.plaintext.len());
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
