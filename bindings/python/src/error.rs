//! From the bridge's error to an exception, and from a panic to one that can be caught.
//!
//! PyO3 would make a panic a `PanicException`, which `except Exception` lets pass. So whatever does work is behind [`call`] or [`wait`]. Outside of
//! them are getters that copy a field or write it out as text, calls of Python, which return their errors, and the reading of arguments in
//! `convert`: code without an index, `unwrap` or arithmetic that could panic, which the lints of the workspace deny.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use portward_bridge::{Error, Kind};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

mod exception {
    #![allow(clippy::missing_docs_in_private_items, reason = "the macro writes them")]
    pyo3::import_exception!(portward._errors, PortwardError);
    pyo3::import_exception!(portward._errors, Refused);
    pyo3::import_exception!(portward._errors, Unreadable);
    pyo3::import_exception!(portward._errors, InvalidValue);
    pyo3::import_exception!(portward._errors, Unavailable);
}

fn exception(error: Error) -> PyErr {
    let Error { code, kind, message, public, token_id } = error;
    let arguments = (message, code, public, token_id);
    match kind {
        Kind::Refused => exception::Refused::new_err(arguments),
        Kind::Unreadable => exception::Unreadable::new_err(arguments),
        Kind::InvalidValue => exception::InvalidValue::new_err(arguments),
        Kind::Unavailable => exception::Unavailable::new_err(arguments),
    }
}

/// A value that the bridge would not see.
pub(crate) fn invalid(code: &'static str, message: &str) -> PyErr {
    exception::InvalidValue::new_err((message.to_owned(), code))
}

/// What was opened before a fork, where it cannot be opened again.
pub(crate) fn forked(message: &str) -> PyErr {
    exception::Unavailable::new_err((message.to_owned(), "forked", "unavailable", None::<String>))
}

/// As Python's own `open` tells it: by the number, of which its class follows, and with the name of the file.
pub(crate) fn of_path(error: io::Error, path: PathBuf) -> PyErr {
    let error = match error.kind() {
        // It was seen before the system was asked.
        ErrorKind::AlreadyExists => io::Error::from_raw_os_error(EXISTS),
        _ => error,
    };
    let Some(number) = error.raw_os_error() else { return error.into() };
    let text = error.to_string();
    let words = text.split(" (os error ").next().unwrap_or_default().to_owned();
    // Windows' own numbers are an argument of their own, which `errno` follows of.
    let (errno, winerror) = if cfg!(windows) { (0, Some(number)) } else { (number, None) };
    PyOSError::new_err((errno, words, path, winerror))
}

/// `ERROR_FILE_EXISTS`, `EEXIST`.
const EXISTS: i32 = if cfg!(windows) { 80 } else { 17 };

/// What every method calls the bridge by. A panic is a mistake of ours, and is reported as an exception like others.
pub(crate) fn call<T>(work: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    settled(catch_unwind(AssertUnwindSafe(work)))
}

/// The same for what may take long, or wait: other threads run meanwhile.
pub(crate) fn wait<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    settled(py.detach(|| catch_unwind(AssertUnwindSafe(work))))
}

fn settled<T>(outcome: std::thread::Result<Result<T, Error>>) -> PyResult<T> {
    match outcome {
        Ok(done) => done.map_err(exception),
        Err(_) => {
            let message = "a mistake in portward: please report it";
            Err(exception::PortwardError::new_err((message, "internal", "unavailable", None::<String>)))
        }
    }
}
