use core::num::NonZeroUsize;
use std::io::{self, Write};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::envelope::body::{BodyKey, Bound, CHUNK, SEALED_CHUNK, TAG, batch_length, chunks_of};
use crate::envelope::budget::Usage;
use crate::envelope::context::Context;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::keys::{Keep, ScopeKeys};
use crate::envelope::tombstones::Life;

/// Seals what is written to it, in one pass. Nothing is whole before [`SealWriter::finish`] has returned: an object that was not finished
/// does not open.
pub struct SealWriter<W: Write> {
    inner: W,
    key: Arc<DataKey>,
    life: Life,
    body_key: BodyKey,
    threads: NonZeroUsize,
    /// Room for a batch of chunks, and how much of it is plaintext so far.
    batch: Zeroizing<Vec<u8>>,
    held: usize,
    sealed: Vec<u8>,
    /// The number of the batch's first chunk.
    index: u64,
    charged: u64,
    failed: bool,
}

impl ScopeKeys {
    /// Seals what is written, on this many threads. The header and the first bytes of the body are written at once. Where one thread works,
    /// 32 KiB are held, else 6 MiB for each.
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
        let chunks = batch_length(threads);
        Self {
            inner,
            key,
            life,
            body_key,
            threads,
            batch: Zeroizing::new(vec![0; chunks.saturating_mul(CHUNK)]),
            held: 0,
            sealed: vec![0; chunks.saturating_mul(SEALED_CHUNK)],
            index: 0,
            charged: 0,
            failed: false,
        }
    }

    /// Room for what comes next, at least one byte of it, to be read into where that spares a copy. Then say how much, with
    /// [`SealWriter::filled`].
    pub fn room(&mut self) -> &mut [u8] {
        self.batch.get_mut(self.held..).unwrap_or_default()
    }

    /// So many bytes of [`SealWriter::room`] are plaintext now; more than there were count as all.
    ///
    /// # Errors
    /// As [`SealWriter::finish`].
    pub fn filled(&mut self, bytes: usize) -> io::Result<()> {
        self.held = self.held.saturating_add(bytes).min(self.batch.len());
        if self.held == self.batch.len() { self.seal_held(self.sealed.len()) } else { Ok(()) }
    }

    /// Writes the last chunk and hands the inner writer back, flushed.
    ///
    /// # Errors
    /// Those of the inner writer; those of [`SealError`] as the inner error of an [`io::Error`].
    pub fn finish(mut self) -> io::Result<W> {
        if self.index == 0 && self.held == 0 {
            self.key.charge(|usage| usage.add(0)).map_err(io::Error::other)?;
        }
        // The last chunk is a short one, perhaps empty.
        let tags = (self.held / CHUNK).saturating_add(1).saturating_mul(TAG);
        self.seal_held(self.held.saturating_add(tags))?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn seal_held(&mut self, sealed: usize) -> io::Result<()> {
        let batch = core::mem::replace(&mut self.batch, Zeroizing::new(Vec::new()));
        let done = self.seal(batch.get(..self.held).unwrap_or_default(), sealed);
        (self.batch, self.held) = (batch, 0);
        done
    }

    /// Chunks that were begun are written whole or never: after a failure all that follows fails, so that no number is used twice.
    fn seal(&mut self, plaintext: &[u8], sealed: usize) -> io::Result<()> {
        if core::mem::replace(&mut self.failed, true) {
            return Err(io::Error::other(OpenError::Failed));
        }
        if self.life.is_over() {
            return Err(io::Error::other(SealError::NoActiveKey));
        }
        let length = u64::try_from(plaintext.len()).unwrap_or(u64::MAX);
        let (before, after) = (self.charged, self.charged.saturating_add(length));
        if length > 0 {
            let charge = |usage: &mut Usage| match before {
                0 => usage.add(after),
                before => usage.grow(before, after),
            };
            self.key.charge(charge).map_err(io::Error::other)?;
            self.charged = after;
        }
        let sealed = self.sealed.get_mut(..sealed).ok_or(io::ErrorKind::OutOfMemory)?;
        self.body_key.seal_chunks(self.index, plaintext, sealed, self.threads).map_err(io::Error::other)?;
        self.inner.write_all(sealed)?;
        self.index = self.index.saturating_add(chunks_of(sealed.len()));
        self.failed = false;
        Ok(())
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A whole batch is sealed where it lies.
        if let Some(whole) = bytes.get(..self.batch.len()).filter(|_| self.held == 0) {
            self.seal(whole, self.sealed.len())?;
            return Ok(whole.len());
        }
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
