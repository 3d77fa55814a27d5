use core::num::NonZeroUsize;

use zeroize::Zeroize as _;

use crate::envelope::body::{self, BodyKey, Bound, PREFIX};
use crate::envelope::context::Context;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::header::Header;

/// Seals from memory to memory, into a buffer that may have been used before.
pub(super) fn seal(
    key: &DataKey,
    context: &Context,
    header: &Header,
    plaintext: &[u8],
    threads: NonZeroUsize,
    object: &mut Vec<u8>,
) -> Result<(), SealError> {
    let fresh = BodyKey::fresh(key.body_key(), &Bound::new(&key.id(), context));
    let (body_key, prefix) = fresh.inspect_err(|_| object.clear())?;
    seal_with(key, (&body_key, &prefix), header, plaintext, threads, object).inspect_err(|_| object.clear())
}

fn seal_with(
    key: &DataKey,
    (body_key, prefix): (&BodyKey, &[u8; PREFIX]),
    header: &Header,
    plaintext: &[u8],
    threads: NonZeroUsize,
    object: &mut Vec<u8>,
) -> Result<(), SealError> {
    let length = u64::try_from(plaintext.len()).map_err(|_| SealError::BodyTooLong)?;
    let sealed = body::sealed_length(length).and_then(|length| usize::try_from(length).ok());
    key.charge(|usage| usage.add(length))?;
    let start = [&header.to_bytes(), prefix.as_slice()].concat();
    let sealed = sealed.and_then(|sealed| sealed.checked_sub(PREFIX)?.checked_add(start.len()));
    make_room(object, sealed.ok_or(SealError::BodyTooLong)?);
    let (place, chunks) = object.split_at_mut_checked(start.len()).ok_or(SealError::BodyTooLong)?;
    place.copy_from_slice(&start);
    // A plaintext of full chunks has an empty one behind them, for which there is room.
    body_key.seal_chunks(0, plaintext, chunks, threads)
}

/// Opens from memory to memory, into a buffer that may have been used before. Nothing is in it of an object that is not authentic to its end.
pub(super) fn open(
    key: &DataKey,
    context: &Context,
    body: &[u8],
    threads: NonZeroUsize,
    plaintext: &mut Vec<u8>,
) -> Result<(), OpenError> {
    open_into(key, context, body, threads, plaintext).inspect_err(|_| plaintext.zeroize())
}

fn open_into(
    key: &DataKey,
    context: &Context,
    body: &[u8],
    threads: NonZeroUsize,
    plaintext: &mut Vec<u8>,
) -> Result<(), OpenError> {
    let (prefix, chunks) = body.split_first_chunk().ok_or(OpenError::BodyTruncated)?;
    let body_key: BodyKey = BodyKey::of_body(key.body_key(), &Bound::new(&key.id(), context), prefix)?;
    make_room(plaintext, body::opened_length(chunks.len()));
    body_key.open_chunks(0, chunks, plaintext, threads)?;
    if body::ends(chunks.len()) { Ok(()) } else { Err(OpenError::BodyTruncated) }
}

/// All of it at once: for a new buffer the system has pages of zeros, and writing them would cost a tenth of the sealing.
fn make_room(buffer: &mut Vec<u8>, length: usize) {
    if buffer.capacity() < length {
        buffer.zeroize();
        *buffer = vec![0; length];
    } else {
        buffer.resize(length, 0);
    }
}

/// For the vectors of the testkit: a seal with a given salt.
#[cfg(test)]
pub(crate) fn seal_for_vectors(
    key: &DataKey,
    context: &Context,
    header: &Header,
    salt: [u8; 24],
    plaintext: &[u8],
    threads: NonZeroUsize,
) -> Vec<u8> {
    let (body_key, prefix) = BodyKey::with_salt(key.body_key(), &Bound::new(&key.id(), context), salt);
    let mut object = Vec::new();
    seal_with(key, (&body_key, &prefix), header, plaintext, threads, &mut object).unwrap();
    object
}
