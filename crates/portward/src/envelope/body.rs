//! C2SP chunked-encryption with SHA-512 and AES-256-GCM, unchanged. `spec/envelope.md` section 5.

use core::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use zeroize::{Zeroize as _, Zeroizing};

use crate::envelope::context::Context;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::header::{KeyId, MAGIC, SUITE, VERSION};
use crate::key::{BodyInputKey, OBJECT_LABEL};
use crate::primitive::{self, BodyCipher, ChunkCipher};
use crate::random::{self, RandomError};

/// Plaintext bytes of every chunk but the last.
pub(super) const CHUNK: usize = 16_384;
pub(super) const TAG: usize = 16;
/// The same with the tag.
pub(super) const SEALED_CHUNK: usize = CHUNK + TAG;
/// Salt and commitment.
pub(super) const PREFIX: usize = 56;
/// The same lengths where places in files are reckoned.
pub(super) const WIDE_CHUNK: u64 = CHUNK as u64;
pub(super) const WIDE_SEALED_CHUNK: u64 = SEALED_CHUNK as u64;
pub(super) const WIDE_TAG: u64 = TAG as u64;
pub(super) const WIDE_PREFIX: u64 = PREFIX as u64;
const CHUNKS_MAX: u64 = 1 << 38;

type Salt = [u8; 24];

/// What the body is bound to besides its key and salt.
pub(super) struct Bound(Vec<u8>);

impl Bound {
    pub(super) fn new(data_key: &KeyId, context: &Context) -> Self {
        #[cfg(test)]
        if let Some(bound) = crate::envelope::vectors::bound() {
            return Self(bound);
        }
        let parts = [OBJECT_LABEL.as_bytes(), &[0, MAGIC, VERSION, SUITE], data_key, context.canonical()];
        Self(parts.concat())
    }

    #[cfg(test)]
    pub(super) fn for_vectors(context: &[u8]) -> Self {
        Self(context.to_vec())
    }

    #[cfg(test)]
    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.0.clone()
    }
}

/// The key of one body.
pub(super) struct BodyKey<C = BodyCipher> {
    /// On the heap, so that moving the key of a body leaves no round keys behind.
    cipher: Box<C>,
    base_nonce: [u8; 12],
}

impl<C: ChunkCipher> BodyKey<C> {
    /// For a new body: its key and its first bytes.
    pub(super) fn fresh(input: &BodyInputKey, bound: &Bound) -> Result<(Self, [u8; PREFIX]), RandomError> {
        // Not from the thread's block: a salt twice is a nonce twice, and a machine can be copied with its blocks.
        let mut salt = [0; 24];
        random::draw(&mut salt)?;
        Ok(Self::with_salt(input, bound, salt))
    }

    pub(super) fn with_salt(input: &BodyInputKey, bound: &Bound, salt: Salt) -> (Self, [u8; PREFIX]) {
        let (key, commitment) = Self::derive(input, bound, &salt);
        let mut prefix = [0; PREFIX];
        prefix.iter_mut().zip(salt.iter().chain(&commitment)).for_each(|(to, from)| *to = *from);
        (key, prefix)
    }

    /// Of a body that begins with these bytes.
    pub(super) fn of_body(input: &BodyInputKey, bound: &Bound, prefix: &[u8; PREFIX]) -> Result<Self, OpenError> {
        let (salt, commitment) = prefix.split_first_chunk().ok_or(OpenError::BodyTruncated)?;
        let (key, expected) = Self::derive(input, bound, salt);
        if primitive::equal(commitment, &expected) { Ok(key) } else { Err(OpenError::WrongCommitment) }
    }

    fn derive(input: &BodyInputKey, bound: &Bound, salt: &Salt) -> (Self, [u8; 32]) {
        let mut output = Zeroizing::new([0; 76]);
        primitive::hkdf_expand_76(
            input,
            &[b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", salt, &bound.0],
            &mut output,
        );
        let mut commitment = [0; 32];
        let (mut key, mut base_nonce) = (Zeroizing::new([0; 32]), [0; 12]);
        let targets = key.iter_mut().chain(&mut base_nonce).chain(&mut commitment);
        targets.zip(output.iter()).for_each(|(to, from)| *to = *from);
        let cipher = scheduled(&key);
        zeroize::zeroize_stack::<4096>();
        (Self { cipher, base_nonce }, commitment)
    }

    /// The base nonce and the number of the chunk, combined.
    fn nonce(&self, index: u64) -> [u8; 12] {
        let [.., _, a, b, c, d, e] = &self.base_nonce;
        let [_, _, _, v, w, x, y, z] = index.to_be_bytes();
        let [f, g, h, i, j, k, l, ..] = self.base_nonce;
        [f, g, h, i, j, k, l, a ^ v, b ^ w, c ^ x, d ^ y, e ^ z]
    }

    /// Seals the chunk of this number into `sealed`, which has 16 bytes more.
    pub(super) fn seal(&self, index: u64, chunk: &[u8], sealed: &mut [u8]) -> Result<(), SealError> {
        if index >= CHUNKS_MAX {
            return Err(SealError::BodyTooLong);
        }
        let (ciphertext, tag) = sealed.split_last_chunk_mut().ok_or(SealError::BodyTooLong)?;
        *tag = self.cipher.seal(&self.nonce(index), chunk, ciphertext);
        Ok(())
    }

    /// Opens the chunk of this number into `chunk`, which has 16 bytes less.
    pub(super) fn open(&self, index: u64, sealed: &[u8], chunk: &mut [u8]) -> Result<(), OpenError> {
        if index >= CHUNKS_MAX {
            return Err(OpenError::BodyTooLong);
        }
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(OpenError::BodyTruncated)?;
        let authentic = self.cipher.open(&self.nonce(index), ciphertext, tag, chunk);
        if authentic { Ok(()) } else { Err(OpenError::ChunkForged) }
    }

    /// Seals into `sealed` as many chunks, from this number on, as there is room for, on so many threads. Of the last there is only the
    /// room that it needs.
    pub(super) fn seal_chunks(
        &self,
        from: u64,
        plaintext: &[u8],
        sealed: &mut [u8],
        threads: NonZeroUsize,
    ) -> Result<(), SealError> {
        let run = run_length(plaintext.len(), threads);
        let seal_run = |number: usize, sealed: &mut [u8]| {
            let first = number.saturating_mul(run);
            let rest = plaintext.get(first.saturating_mul(CHUNK)..).unwrap_or_default();
            for (place, sealed) in sealed.chunks_mut(SEALED_CHUNK).enumerate() {
                let start = place.saturating_mul(CHUNK).min(rest.len());
                let end = start.saturating_add(CHUNK).min(rest.len());
                self.seal(index(from, first.saturating_add(place)), rest.get(start..end).unwrap_or_default(), sealed)?;
            }
            Ok(())
        };
        on_threads(sealed.chunks_mut(run.saturating_mul(SEALED_CHUNK)), threads, seal_run)
    }

    /// Opens chunks, from this number on, into `plaintext`, which has [`opened_length`] bytes. Of several failures the first is told.
    pub(super) fn open_chunks(
        &self,
        from: u64,
        sealed: &[u8],
        plaintext: &mut [u8],
        threads: NonZeroUsize,
    ) -> Result<(), OpenError> {
        let run = run_length(sealed.len(), threads);
        let rooms = plaintext.chunks_mut(run.saturating_mul(CHUNK)).map(Some).chain(core::iter::repeat_with(|| None));
        let runs = sealed.chunks(run.saturating_mul(SEALED_CHUNK)).zip(rooms);
        let open_run = |number: usize, (sealed, room): (&[u8], Option<&mut [u8]>)| {
            let first = number.saturating_mul(run);
            let mut rest = room.unwrap_or_default();
            for (place, sealed) in sealed.chunks(SEALED_CHUNK).enumerate() {
                let length = sealed.len().checked_sub(TAG).ok_or(OpenError::BodyTruncated)?;
                let (chunk, behind) = rest.split_at_mut_checked(length).ok_or(OpenError::BodyTruncated)?;
                self.open(index(from, first.saturating_add(place)), sealed, chunk)?;
                rest = behind;
            }
            Ok(())
        };
        on_threads(runs, threads, open_run).inspect_err(|_| plaintext.zeroize())
    }
}

/// The key schedule. What it leaves on the stack is cleared behind it, for which it must have a frame of its own.
#[inline(never)]
fn scheduled<C: ChunkCipher>(key: &[u8; 32]) -> Box<C> {
    Box::new(C::with_key(key))
}

/// How long a body of so many bytes of plaintext is.
pub(super) const fn sealed_length(plaintext: u64) -> Option<u64> {
    let tags = (plaintext / WIDE_CHUNK).saturating_add(1).saturating_mul(WIDE_TAG);
    match plaintext.checked_add(tags) {
        Some(sealed) => sealed.checked_add(WIDE_PREFIX),
        None => None,
    }
}

/// How long the plaintext of a body of so many bytes is; `None` of one that is cut where no chunk ends.
pub const fn plaintext_length(body: u64) -> Option<u64> {
    let Some(chunks) = body.checked_sub(WIDE_PREFIX) else { return None };
    match (chunks % WIDE_SEALED_CHUNK).checked_sub(WIDE_TAG) {
        Some(last) => Some((chunks / WIDE_SEALED_CHUNK).saturating_mul(WIDE_CHUNK).saturating_add(last)),
        None => None,
    }
}

/// How many bytes of plaintext the chunks of a body hold, if each is authentic.
pub(super) const fn opened_length(chunks: usize) -> usize {
    let full = (chunks / SEALED_CHUNK).saturating_mul(CHUNK);
    full.saturating_add((chunks % SEALED_CHUNK).saturating_sub(TAG))
}

/// Whether chunks of so many bytes can be all that there are: the last is a short one.
pub(super) const fn ends(chunks: usize) -> bool {
    !chunks.is_multiple_of(SEALED_CHUNK)
}

/// How many chunks a stream works on at a time: one if one thread works, else 256 KiB, which a thread has in its cache.
pub(super) fn run_chunks(threads: NonZeroUsize) -> usize {
    if threads == NonZeroUsize::MIN { 1 } else { 16 }
}

pub(super) fn chunks_of(sealed: usize) -> u64 {
    u64::try_from(sealed.div_ceil(SEALED_CHUNK)).unwrap_or(u64::MAX)
}

/// More are not started, whatever is asked for.
pub(super) const THREADS_MAX: usize = 64;
/// Chunks that a thread takes at a time: 256 KiB, so that none waits long for the last.
const RUN: usize = 16;

/// How many chunks each thread takes at a time.
fn run_length(bytes: usize, threads: NonZeroUsize) -> usize {
    (bytes / CHUNK).saturating_add(1).div_ceil(threads.get().min(THREADS_MAX)).min(RUN)
}

/// Runs all jobs, on this thread and on as many others as are allowed and the system gives. Of several errors the first in the order of the
/// jobs is returned.
fn on_threads<J, E: Send>(
    jobs: impl Iterator<Item = J> + Send,
    threads: NonZeroUsize,
    run: impl Fn(usize, J) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let queue = Mutex::new(jobs.enumerate());
    // Jobs are handed out in their order: those before one that fails are done or being done.
    let work = || loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (place, job) = next?;
        if let Err(error) = run(place, job) {
            return Some((place, error));
        }
    };
    thread::scope(|scope| {
        let others = 1..threads.get().min(THREADS_MAX);
        let others: Vec<_> = others.filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mine = work();
        // A panic of a thread goes on here.
        let theirs =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        let first = theirs.chain([mine]).flatten().min_by_key(|(place, _)| *place);
        first.map_or(Ok(()), |(_, error)| Err(error))
    })
}

fn index(from: u64, place: usize) -> u64 {
    from.saturating_add(u64::try_from(place).unwrap_or(u64::MAX))
}
