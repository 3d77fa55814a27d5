//! Panics, for the test that none of them ends the process. In no package.
#![expect(clippy::panic, reason = "that is what it is for")]

use napi_derive::napi;

use crate::work::{Promised, promise, same};

#[napi(catch_unwind)]
pub(crate) fn provoke() -> u32 {
    panic!("provoked")
}

#[napi(catch_unwind)]
pub(crate) fn provoke_later() -> Promised<u32, u32> {
    promise(|| panic!("provoked"), same)
}
