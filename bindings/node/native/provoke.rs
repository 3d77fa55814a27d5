//! Panics, for the test that none of them ends the process, and a count of the handles there are, for the one that they go. In no package.
#![expect(clippy::panic, reason = "that is what it is for")]

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::bindgen_prelude::Latin1String;
use napi_derive::napi;

use crate::token::packed;
use crate::work::{Promised, promise, same};

#[napi(catch_unwind)]
pub(crate) fn provoke() -> u32 {
    panic!("provoked")
}

#[napi(catch_unwind)]
pub(crate) fn provoke_later() -> Promised<u32, u32> {
    promise(|| panic!("provoked"), same)
}

/// Where what was done becomes a value.
#[napi(catch_unwind)]
pub(crate) fn provoke_delivery() -> Promised<u32, u32> {
    promise(|| Ok(0), |_| panic!("provoked"))
}

/// As verification would.
#[napi(catch_unwind)]
pub(crate) fn provoke_packed() -> Latin1String {
    packed(|| panic!("provoked"))
}

/// How many handles there are, and were ever made.
#[napi(catch_unwind)]
pub(crate) fn provoke_count() -> Vec<u32> {
    vec![LIVING.load(Ordering::Relaxed), MADE.load(Ordering::Relaxed)]
}

static LIVING: AtomicU32 = AtomicU32::new(0);
static MADE: AtomicU32 = AtomicU32::new(0);

/// What a handle holds, counted.
pub(crate) struct Living<T> {
    inner: T,
}

pub(crate) type External<T> = napi::bindgen_prelude::External<Living<T>>;

pub(crate) fn handle<T: 'static>(value: T) -> External<T> {
    LIVING.fetch_add(1, Ordering::Relaxed);
    MADE.fetch_add(1, Ordering::Relaxed);
    External::new(Living { inner: value })
}

impl<T> Drop for Living<T> {
    fn drop(&mut self) {
        LIVING.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> Deref for Living<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}
