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
    /// Plaintext that does not fill a batch of chunks yet, and how much does.
    batch: Zeroizing<Vec<u8>>,
    full: usize,
    sealed: Vec<u8>,
    /// The number of the batch's first chunk.
    index: u64,
    charged: u64,
    failed: bool,
}

impl ScopeKeys {
    /// Seals what is written, on this many threads. The header and the first bytes of the body are written at once. Where one thread works,
    /// 32 KiB are held, else 2 MiB for each.
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
        let full = chunks.saturating_mul(CHUNK);
        Self {
            inner,
            key,
            life,
            body_key,
            threads,
            batch: Zeroizing::new(Vec::with_capacity(full)),
            full,
            sealed: vec![0; chunks.saturating_mul(SEALED_CHUNK)],
            index: 0,
            charged: 0,
            failed: false,
        }
    }

    /// Writes the last chunk and hands the inner writer back, flushed.
    ///
    /// # Errors
    /// Those of the inner writer; those of [`SealError`] as the inner error of an [`io::Error`].
    pub fn finish(mut self) -> io::Result<W> {
        if self.index == 0 && self.batch.is_empty() {
            self.key.charge(|usage| usage.add(0)).map_err(io::Error::other)?;
        }
        // The last chunk is a short one, perhaps empty.
        let tags = (self.batch.len() / CHUNK).saturating_add(1).saturating_mul(TAG);
        self.write_batch(self.batch.len().saturating_add(tags))?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    /// Chunks that were begun are written whole or never: after a failure all that follows fails, so that no number is used twice.
    fn write_batch(&mut self, sealed: usize) -> io::Result<()> {
        if core::mem::replace(&mut self.failed, true) {
            return Err(io::Error::other(OpenError::Failed));
        }
        if self.life.is_over() {
            return Err(io::Error::other(SealError::NoActiveKey));
        }
        let length = u64::try_from(self.batch.len()).unwrap_or(u64::MAX);
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
        self.body_key.seal_chunks(self.index, &self.batch, sealed, self.threads).map_err(io::Error::other)?;
        self.inner.write_all(sealed)?;
        self.index = self.index.saturating_add(chunks_of(sealed.len()));
        self.batch.clear();
        self.failed = false;
        Ok(())
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.full.saturating_sub(self.batch.len());
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.batch.extend_from_slice(taken);
        if self.batch.len() == self.full {
            self.write_batch(self.sealed.len())?;
        }
        Ok(taken.len())
    }

    /// Flushes the inner writer. Bytes that do not fill a chunk stay here: a shorter chunk would be the last.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
