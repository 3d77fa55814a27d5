use core::num::NonZeroUsize;
use std::io::{self, Write};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::envelope::body::{BodyKey, Bound, CHUNK, SEALED_CHUNK, TAG, chunks_of, run_chunks};
use crate::envelope::budget::Usage;
use crate::envelope::context::Context;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::keys::{Keep, ScopeKeys};
use crate::envelope::pool::Pool;
use crate::envelope::tombstones::Life;

/// Seals what is written to it, in one pass. Nothing is whole before [`SealWriter::finish`] has returned: an object that was not finished
/// does not open.
pub struct SealWriter<W: Write> {
    inner: W,
    key: Arc<DataKey>,
    life: Life,
    body_key: Arc<BodyKey>,
    threads: NonZeroUsize,
    /// What is being filled.
    run: Run,
    /// The threads that seal, from the first full run on, and runs that they are done with.
    pool: Option<Pool<Run>>,
    spare: Vec<Run>,
    /// The number of the run's first chunk.
    index: u64,
    charged: u64,
    failed: bool,
}

/// Some chunks: room for their plaintext, of which so much is held, and for what it becomes.
struct Run {
    index: u64,
    plaintext: Zeroizing<Vec<u8>>,
    held: usize,
    sealed: Vec<u8>,
    sealed_length: usize,
    outcome: Result<(), SealError>,
}

impl Run {
    fn new(chunks: usize) -> Self {
        Self {
            index: 0,
            plaintext: Zeroizing::new(vec![0; chunks.saturating_mul(CHUNK)]),
            held: 0,
            sealed: vec![0; chunks.saturating_mul(SEALED_CHUNK)],
            sealed_length: 0,
            outcome: Ok(()),
        }
    }

    fn seal(&mut self, key: &BodyKey) {
        let plaintext = self.plaintext.get(..self.held).unwrap_or_default();
        let sealed = self.sealed.get_mut(..self.sealed_length).unwrap_or_default();
        self.outcome = key.seal_chunks(self.index, plaintext, sealed, NonZeroUsize::MIN);
    }
}

impl ScopeKeys {
    /// Seals what is written, on this many threads. The header and the first bytes of the body are written at once. Where one thread works,
    /// 32 KiB are held, else about 1.5 MiB for each; this thread is one of them, which reads and writes, and seals where it would wait.
    ///
    /// # Errors
    /// Those of the writer; [`SealError`] as the inner error of an [`io::Error`].
    pub fn writer<W: Write>(
        &self,
        context: &Context,
        keep: Keep<'_>,
        mut inner: W,
        threads: NonZeroUsize,
    ) -> io::Result<SealWriter<W>> {
        let (key, header) = self.begin(context, keep).map_err(io::Error::other)?;
        let bound = Bound::new(&key.id(), context);
        let (body_key, prefix) =
            BodyKey::fresh(key.body_key(), &bound).map_err(|error| io::Error::other(SealError::from(error)))?;
        inner.write_all(&header.to_bytes())?;
        inner.write_all(&prefix)?;
        let life = Life::of(&key, &self.graves);
        Ok(SealWriter::new(inner, key, life, body_key, threads))
    }
}

impl<W: Write> SealWriter<W> {
    pub(super) fn new(inner: W, key: Arc<DataKey>, life: Life, body_key: BodyKey, threads: NonZeroUsize) -> Self {
        let (body_key, run) = (Arc::new(body_key), Run::new(run_chunks(threads)));
        let (pool, spare) = (None, Vec::new());
        Self { inner, key, life, body_key, threads, run, pool, spare, index: 0, charged: 0, failed: false }
    }

    /// Room for what comes next, at least one byte of it, to be read into where that spares a copy. Then say how much, with
    /// [`SealWriter::filled`].
    pub fn room(&mut self) -> &mut [u8] {
        self.run.plaintext.get_mut(self.run.held..).unwrap_or_default()
    }

    /// So many bytes of [`SealWriter::room`] are plaintext now; more than there were count as all.
    ///
    /// # Errors
    /// As [`SealWriter::finish`].
    pub fn filled(&mut self, bytes: usize) -> io::Result<()> {
        let full = self.run.plaintext.len();
        self.run.held = self.run.held.saturating_add(bytes).min(full);
        if self.run.held < full {
            return Ok(());
        }
        if self.threads > NonZeroUsize::MIN && self.pool.is_none() {
            let key = Arc::clone(&self.body_key);
            self.pool = Some(Pool::start(self.threads, move |run: &mut Run| run.seal(&key)));
        }
        self.begin_run(self.run.sealed.len())?;
        let Some(pool) = &mut self.pool else { return self.seal_here() };
        let next = self.spare.pop().unwrap_or_else(|| Run::new(run_chunks(self.threads)));
        pool.push(core::mem::replace(&mut self.run, next));
        if pool.is_full() { self.take_back() } else { self.proceed() }
    }

    /// Writes the last chunk and hands the inner writer back, flushed.
    ///
    /// # Errors
    /// Those of the inner writer; those of [`SealError`] as the inner error of an [`io::Error`].
    pub fn finish(mut self) -> io::Result<W> {
        if self.charged == 0 && self.run.held == 0 {
            self.key.charge(|usage| usage.add(0)).map_err(io::Error::other)?;
        }
        while self.pool.as_ref().is_some_and(|pool| !pool.is_empty()) {
            self.fail()?;
            self.take_back()?;
        }
        // The last chunk is a short one, perhaps empty.
        let tags = (self.run.held / CHUNK).saturating_add(1).saturating_mul(TAG);
        self.begin_run(self.run.held.saturating_add(tags))?;
        self.seal_here()?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    /// Chunks that were begun are written whole or never: after a failure all that follows fails, so that no number is used twice.
    fn fail(&mut self) -> io::Result<()> {
        if core::mem::replace(&mut self.failed, true) { Err(io::Error::other(OpenError::Failed)) } else { Ok(()) }
    }

    const fn proceed(&mut self) -> io::Result<()> {
        self.failed = false;
        Ok(())
    }

    /// Gives the run its number, and takes it from the budget.
    fn begin_run(&mut self, sealed_length: usize) -> io::Result<()> {
        self.fail()?;
        if self.life.is_over() {
            return Err(io::Error::other(SealError::NoActiveKey));
        }
        let length = u64::try_from(self.run.held).unwrap_or(u64::MAX);
        let (before, after) = (self.charged, self.charged.saturating_add(length));
        if length > 0 {
            let charge = |usage: &mut Usage| match before {
                0 => usage.add(after),
                before => usage.grow(before, after),
            };
            self.key.charge(charge).map_err(io::Error::other)?;
            self.charged = after;
        }
        (self.run.index, self.run.sealed_length) = (self.index, sealed_length);
        self.index = self.index.saturating_add(chunks_of(sealed_length));
        Ok(())
    }

    fn seal_here(&mut self) -> io::Result<()> {
        self.run.seal(&self.body_key);
        self.run.outcome.map_err(io::Error::other)?;
        self.inner.write_all(self.run.sealed.get(..self.run.sealed_length).unwrap_or_default())?;
        self.run.held = 0;
        self.proceed()
    }

    /// Writes the run that was handed out first.
    fn take_back(&mut self) -> io::Result<()> {
        let run = self.pool.as_mut().and_then(Pool::pop);
        let mut run = run.ok_or_else(|| io::Error::other("a thread that sealed has panicked"))?;
        run.outcome.map_err(io::Error::other)?;
        self.inner.write_all(run.sealed.get(..run.sealed_length).unwrap_or_default())?;
        run.held = 0;
        self.spare.push(run);
        self.proceed()
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room();
        let taken = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.filled(taken)?;
        Ok(taken)
    }

    /// Flushes the inner writer. Bytes that do not fill a chunk stay here: a shorter chunk would be the last.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
