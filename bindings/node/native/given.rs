//! Bytes that JavaScript gives, copied in pieces: a turn of the event loop for each, so that many of them block nothing.

use core::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use napi_derive::napi;
use zeroize::Zeroizing;

use crate::convert::whole;
use crate::error::{invalid, raised};
use crate::work::{External, handle};

/// What was copied so far. May be plaintext.
pub(crate) struct Given(Mutex<Zeroizing<Vec<u8>>>);

impl Given {
    fn lock(&self) -> MutexGuard<'_, Zeroizing<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it. Whoever asks again gets nothing.
    pub(crate) fn take(&self) -> Zeroizing<Vec<u8>> {
        mem::take(&mut *self.lock())
    }

    /// As [`Self::take`], of what need not be wiped.
    pub(crate) fn take_public(&self) -> Vec<u8> {
        mem::take(&mut **self.lock())
    }
}

/// A copy of so many bytes, of which these are the first.
#[napi(catch_unwind)]
pub(crate) fn given_new(length: f64, first: &[u8]) -> napi::Result<External<Given>> {
    let length = usize::try_from(whole(length).map_err(raised)?).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::new());
    bytes.try_reserve_exact(length).map_err(|_| napi::Error::from_reason("no memory"))?;
    bytes.extend_from_slice(first);
    Ok(handle(Given(Mutex::new(bytes))))
}

/// Copies the next bytes; more than there were to be are `number_out_of_range`.
#[napi(catch_unwind)]
pub(crate) fn given_more(given: &External<Given>, piece: &[u8]) -> napi::Result<()> {
    let mut bytes = given.lock();
    // What grows is copied elsewhere, and not wiped where it was.
    if piece.len() > bytes.capacity().saturating_sub(bytes.len()) {
        return Err(raised(invalid("number_out_of_range", "more bytes than there were to be")));
    }
    bytes.extend_from_slice(piece);
    Ok(())
}
