use std::io::{self, Read, Seek, SeekFrom};

use zeroize::Zeroizing;

use crate::envelope::body::{BodyKey, CHUNK, SEALED_CHUNK, TAG, WIDE_CHUNK, WIDE_PREFIX, WIDE_SEALED_CHUNK, WIDE_TAG};
use crate::envelope::context::Context;
use crate::envelope::error::OpenError;
use crate::envelope::keys::ScopeKeys;
use crate::envelope::reader::{read_full, refused};
use crate::envelope::tombstones::Life;

/// Opens any part of an object. Its last chunk is authenticated before anything else, so its length is known and true.
pub struct OpenSeek<R: Read + Seek> {
    inner: R,
    life: Life,
    body_key: BodyKey,
    /// Where the chunks begin in the inner reader.
    chunks_at: u64,
    length: u64,
    position: u64,
    /// The chunk that was opened last, and its number.
    chunk: Zeroizing<Vec<u8>>,
    index: Option<u64>,
    sealed: Vec<u8>,
    /// What was refused stays refused.
    failed: bool,
}

impl ScopeKeys {
    /// Opens any part of what can be read at any place. The object begins where the reader stands.
    ///
    /// # Errors
    /// As [`ScopeKeys::reader`].
    pub fn seekable<R: Read + Seek>(&self, context: &Context, mut inner: R) -> io::Result<OpenSeek<R>> {
        let start = inner.stream_position()?;
        let (body_key, life, header_length) = self.body_key_of(context, &mut inner)?;
        OpenSeek::new(inner, life, body_key, start.saturating_add(header_length))
    }
}

impl<R: Read + Seek> OpenSeek<R> {
    /// `body_at`: where the body begins in the inner reader.
    pub(super) fn new(mut inner: R, life: Life, body_key: BodyKey, body_at: u64) -> io::Result<Self> {
        let end = inner.seek(SeekFrom::End(0))?;
        let chunks_at = body_at.saturating_add(WIDE_PREFIX);
        let chunks = end.checked_sub(chunks_at).ok_or_else(|| refused(OpenError::BodyTruncated))?;
        let (full, rest) = (chunks / WIDE_SEALED_CHUNK, chunks % WIDE_SEALED_CHUNK);
        let rest = rest.checked_sub(WIDE_TAG).ok_or_else(|| refused(OpenError::BodyTruncated))?;
        let mut reader = Self {
            inner,
            life,
            body_key,
            chunks_at,
            length: full.saturating_mul(WIDE_CHUNK).saturating_add(rest),
            position: 0,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK)),
            index: None,
            sealed: vec![0; SEALED_CHUNK],
            failed: false,
        };
        reader.load(full)?;
        Ok(reader)
    }

    /// How long the plaintext is.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Reads `length` bytes from `from` on, fewer where the plaintext ends before.
    ///
    /// # Errors
    /// As its `read`.
    pub fn read_range(&mut self, from: u64, length: u64) -> io::Result<Vec<u8>> {
        self.refuse_failed()?;
        self.refuse_dead()?;
        self.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        self.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// At the end and of nothing, too: an empty answer would pass for a range that ends there.
    fn refuse_failed(&self) -> io::Result<()> {
        if self.failed { Err(refused(OpenError::Failed)) } else { Ok(()) }
    }

    /// Also before an answer for which no chunk is opened.
    fn refuse_dead(&mut self) -> io::Result<()> {
        if self.life.is_over() {
            self.failed = true;
            return Err(refused(OpenError::DataKeyDestroyed));
        }
        Ok(())
    }

    /// Opens a chunk that has exactly the bytes that the authenticated length leaves for it: a source whose length changes, or that
    /// lies about it, does not make another chunk the last.
    fn load(&mut self, index: u64) -> io::Result<()> {
        self.refuse_dead()?;
        if self.index == Some(index) {
            return Ok(());
        }
        self.index = None;
        self.inner.seek(SeekFrom::Start(self.chunks_at.saturating_add(index.saturating_mul(WIDE_SEALED_CHUNK))))?;
        let start = index.saturating_mul(WIDE_CHUNK);
        let plaintext = usize::try_from(self.length.saturating_sub(start)).unwrap_or(CHUNK).min(CHUNK);
        let expected = plaintext.saturating_add(TAG);
        // One byte more is asked for behind the last chunk: there is none.
        let asked = if plaintext < CHUNK { expected.saturating_add(1) } else { expected };
        let length = read_full(&mut self.inner, self.sealed.get_mut(..asked.min(SEALED_CHUNK)).unwrap_or_default())?;
        // What the source failed with can be asked again: nothing of it was looked at.
        self.failed = true;
        if length < expected {
            return Err(refused(OpenError::BodyTruncated));
        }
        if length > expected {
            return Err(refused(OpenError::ChunkForged));
        }
        self.chunk.resize(plaintext, 0);
        let sealed = self.sealed.get(..length).unwrap_or_default();
        self.body_key.open(index, sealed, &mut self.chunk).map_err(refused)?;
        self.index = Some(index);
        self.failed = false;
        Ok(())
    }
}

impl<R: Read + Seek> Read for OpenSeek<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.refuse_failed()?;
        if self.position >= self.length {
            self.refuse_dead()?;
            return Ok(0);
        }
        self.load(self.position / WIDE_CHUNK)?;
        let start = usize::try_from(self.position % WIDE_CHUNK).unwrap_or(usize::MAX);
        let left = self.chunk.get(start..).unwrap_or_default();
        let length = left.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(left) {
            *to = *from;
        }
        self.position = self.position.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Ok(length)
    }
}

impl<R: Read + Seek> Seek for OpenSeek<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
