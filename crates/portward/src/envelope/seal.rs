use core::num::NonZeroUsize;

use zeroize::Zeroizing;

use crate::envelope::body::{self, BodyKey, Bound, PREFIX};
use crate::envelope::context::Context;
use crate::envelope::data_key::DataKey;
use crate::envelope::error::{OpenError, SealError};
use crate::envelope::header::Header;

/// Seals from memory to memory.
pub(super) fn seal(
    key: &DataKey,
    context: &Context,
    header: &Header,
    plaintext: &[u8],
    threads: NonZeroUsize,
) -> Result<Vec<u8>, SealError> {
    let (body_key, prefix) = BodyKey::fresh(key.body_key(), &Bound::new(&key.id(), context))?;
    seal_with(key, &body_key, &prefix, header, plaintext, threads)
}

fn seal_with(
    key: &DataKey,
    body_key: &BodyKey,
    prefix: &[u8; PREFIX],
    header: &Header,
    plaintext: &[u8],
    threads: NonZeroUsize,
) -> Result<Vec<u8>, SealError> {
    let length = u64::try_from(plaintext.len()).map_err(|_| SealError::BodyTooLong)?;
    let sealed = body::sealed_length(length).and_then(|length| usize::try_from(length).ok());
    key.charge(|usage| usage.add(length))?;
    let start = [&header.to_bytes(), prefix.as_slice()].concat();
    let sealed = sealed.and_then(|sealed| sealed.checked_sub(PREFIX)?.checked_add(start.len()));
    // All of it at once: the system has pages of zeros, and writing them would cost a tenth of the sealing.
    let mut object = vec![0; sealed.ok_or(SealError::BodyTooLong)?];
    let (place, chunks) = object.split_at_mut_checked(start.len()).ok_or(SealError::BodyTooLong)?;
    place.copy_from_slice(&start);
    // A plaintext of full chunks has an empty one behind them, for which there is room.
    body_key.seal_chunks(0, plaintext, chunks, threads)?;
    Ok(object)
}

/// Opens from memory to memory. Nothing is returned of an object that is not authentic to its end.
pub(super) fn open(key: &DataKey, context: &Context, body: &[u8], threads: NonZeroUsize) -> Result<Vec<u8>, OpenError> {
    let (prefix, chunks) = body.split_first_chunk().ok_or(OpenError::BodyTruncated)?;
    let body_key: BodyKey = BodyKey::of_body(key.body_key(), &Bound::new(&key.id(), context), prefix)?;
    let mut plaintext = Zeroizing::new(vec![0; body::opened_length(chunks.len())]);
    body_key.open_chunks(0, chunks, &mut plaintext, threads)?;
    if body::ends(chunks.len()) { Ok(core::mem::take(&mut *plaintext)) } else { Err(OpenError::BodyTruncated) }
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
    seal_with(key, &body_key, &prefix, header, plaintext, threads).unwrap()
}
