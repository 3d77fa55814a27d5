//! Work that may take long, on a thread of libuv's pool: a promise in JavaScript.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use napi::bindgen_prelude::{AsyncTask, Buffer, ToNapiValue, TypeName};
use napi::{Env, Task};
use napi_derive::napi;
use portward_bridge::Error;
use zeroize::Zeroizing;

use crate::error::{invalid, raised};

/// Work, and how its result becomes a value of JavaScript.
pub(crate) struct Work<T, J> {
    work: Option<Box<dyn FnOnce() -> Result<T, Error> + Send>>,
    deliver: fn(T) -> J,
}

pub(crate) type Promised<T, J> = AsyncTask<Work<T, J>>;

/// A promise of what `work` gives, made into a value by `deliver`.
pub(crate) fn promise<T, J>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    deliver: fn(T) -> J,
) -> Promised<T, J>
where
    T: Send + 'static,
    J: ToNapiValue + TypeName,
{
    AsyncTask::new(Work { work: Some(Box::new(work)), deliver })
}

impl<T: Send + 'static, J: ToNapiValue + TypeName> Task for Work<T, J> {
    type Output = T;
    type JsValue = J;

    /// A panic here would end the process: napi does not catch it.
    fn compute(&mut self) -> napi::Result<T> {
        let Some(work) = self.work.take() else { return Err(panicked()) };
        if leaving() {
            return Err(raised(invalid("closed", "the process ends")));
        }
        catch_unwind(AssertUnwindSafe(work)).map_err(|_| panicked())?.map_err(raised)
    }

    /// On the event loop, and as bare as [`Self::compute`].
    fn resolve(&mut self, _: Env, output: T) -> napi::Result<J> {
        let deliver = self.deliver;
        catch_unwind(AssertUnwindSafe(|| deliver(output))).map_err(|_| panicked())
    }
}

/// Node waits for all of the pool's work when it ends, also for what has not begun. What may have no end asks for this.
pub(crate) fn leaving() -> bool {
    LEAVING.load(Ordering::Relaxed)
}

static LEAVING: AtomicBool = AtomicBool::new(false);

/// The process ends: what has not begun is left, and files that are under way.
#[napi(catch_unwind)]
pub(crate) fn leave() {
    LEAVING.store(true, Ordering::Relaxed);
}

fn panicked() -> napi::Error {
    napi::Error::from_reason("a panic")
}

pub(crate) fn same<T>(value: T) -> T {
    value
}

#[cfg(not(feature = "provoke"))]
pub(crate) use napi::bindgen_prelude::External;

#[cfg(not(feature = "provoke"))]
pub(crate) fn handle<T: 'static>(value: T) -> External<T> {
    External::new(value)
}

#[cfg(feature = "provoke")]
pub(crate) use crate::provoke::{External, handle};

/// A handle out of a promise: napi takes no bare external there, but a list of one.
pub(crate) type Held<T> = Vec<External<T>>;

pub(crate) fn held<T: 'static>(value: T) -> Held<T> {
    vec![handle(value)]
}

pub(crate) fn buffer(bytes: Vec<u8>) -> Buffer {
    bytes.into()
}

/// The bytes are JavaScript's from here on, which wipes nothing.
pub(crate) fn plaintext(mut bytes: Zeroizing<Vec<u8>>) -> Buffer {
    core::mem::take(&mut *bytes).into()
}
