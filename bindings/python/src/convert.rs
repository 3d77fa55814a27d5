//! Arguments: what is wrong with one names it. Bytes, times, lengths of time and sets of names.

use std::ops::Deref;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyCFunction, PyDict, PyInt, PyMapping, PyMemoryView, PyString, PyTuple, PyType};

use crate::error::invalid;

/// An argument whose exceptions say its name. PyO3 tells it them as a note alone, which is not in their text, and which Python 3.10 lacks.
pub(crate) struct Arg<T> {
    value: T,
}

impl<T> Arg<T> {
    pub(crate) fn get(self) -> T {
        self.value
    }
}

impl<T> Deref for Arg<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Arg<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        taken(object).map(|value| Self { value }).map_err(|error| unnamed(object.py(), error))
    }
}

/// What a visitor sent as a token, cookie or nonce. One with half of a surrogate pair, as JSON can bring it, is no mistake of the caller's: it is
/// none, and so refused.
pub(crate) struct Sent<'a>(&'a str);

impl Deref for Sent<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Sent<'a> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<&'a str>() {
            Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(object.py()) => Ok(Self("\u{FFFD}")),
            text => text.map(Self),
        }
    }
}

/// An [`Arg`] for `from_py_with`, which lets a default stand in the signature as it is.
pub(crate) fn arg<'a, 'py, T: FromPyObject<'a, 'py>>(object: &'a Bound<'py, PyAny>) -> PyResult<T> {
    object.extract::<Arg<T>>().map(Arg::get)
}

/// A number that came. `True` is none, though Python lets it count as 1.
pub(crate) struct Number<T>(pub(crate) T);

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Number<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBool>() {
            return Err(wrong_type(&object, "a number"));
        }
        object.extract().map(Self).map_err(Into::into)
    }
}

/// A [`Number`] for `from_py_with`.
pub(crate) fn number<'a, 'py, T: FromPyObject<'a, 'py>>(object: &'a Bound<'py, PyAny>) -> PyResult<T> {
    arg::<Number<T>>(object).map(|number| number.0)
}

/// A number that is too large for what it is, or below 0, is a wrong value like others.
pub(crate) fn taken<'a, 'py, T: FromPyObject<'a, 'py>>(object: Borrowed<'a, 'py, PyAny>) -> PyResult<T> {
    object.extract().map_err(|error: T::Error| {
        let (py, error) = (object.py(), without_text(object.py(), error.into()));
        let of_number = error.is_instance_of::<PyOverflowError>(py) && object.hasattr("__index__").unwrap_or(false);
        if of_number { invalid("number_out_of_range", "the number is below 0, or too large") } else { error }
    })
}

/// Python's own exception for half of a surrogate pair has the whole text in it, which may be a secret.
fn without_text(py: Python<'_>, error: PyErr) -> PyErr {
    let of_text = error.is_instance_of::<PyUnicodeEncodeError>(py);
    if of_text { invalid("text_surrogate", "half of a surrogate pair is no text") } else { error }
}

/// An exception that takes the name out of the note that it is given next.
fn unnamed(py: Python<'_>, error: PyErr) -> PyErr {
    let kept = error.clone_ref(py);
    let note = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<()> {
        let py = arguments.py();
        // It holds the exception, which holds it.
        kept.value(py).delattr("add_note")?;
        let note: String = arguments.get_item(0)?.extract()?;
        if let Some(name) = note.split('\'').nth(1) {
            let _ = named(py, name, kept.clone_ref(py));
        }
        Ok(())
    };
    if let Ok(note) = PyCFunction::new_closure(py, None, None, note) {
        let _ = error.value(py).setattr("add_note", note);
    }
    error
}

/// Puts the name of an argument before what is said of it.
pub(crate) fn named(py: Python<'_>, name: &str, error: PyErr) -> PyErr {
    let error = without_text(py, error);
    let text = || error.value(py).getattr("args").ok()?.extract::<(String,)>().ok();
    let ours = error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py);
    if let Some((text,)) = ours.then(text).flatten() {
        let _ = error.value(py).setattr("args", (format!("{name}: {text}"),));
    }
    error
}

/// Bytes, of whatever has a buffer. What can be changed is copied first.
pub(crate) struct Bytes(PyBackedBytes);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'py> FromPyObject<'_, 'py> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.extract() {
            return Ok(Self(bytes));
        }
        let copied = PyMemoryView::from(&object).map_err(|_| wrong_type(&object, "bytes"))?.call_method0("tobytes")?;
        Ok(Self(copied.extract().map_err(PyErr::from)?))
    }
}

/// Keywords that are no parameters, each a text.
pub(crate) struct More(pub(crate) Vec<(String, String)>);

impl<'py> FromPyObject<'_, 'py> for More {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut pairs = Vec::new();
        for (name, value) in &*object.cast::<PyDict>()? {
            let name: String = name.extract().map_err(|error| named(object.py(), "keyword", error))?;
            let value = value.extract().map_err(|error| named(object.py(), &name, error))?;
            // Keywords are written with `_` where the context has `-`: `x_version` is `x-version`.
            pairs.push((name.replace('_', "-"), value));
        }
        pairs.sort();
        Ok(Self(pairs))
    }
}

/// A time that came: an aware `datetime`, or an `int` of Unix seconds.
#[derive(Clone, Copy)]
pub(crate) struct Time(pub(crate) u64);

/// A length of time that came: a `timedelta`, whose fraction of a second is left out, or an `int` of seconds.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) u64);

static DATETIME: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TIMEDELTA: PyOnceLock<Py<PyType>> = PyOnceLock::new();

impl<'py> FromPyObject<'_, 'py> for Time {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if is_int(&object) {
            return object.extract().map(Self).map_err(|_| out_of_range());
        }
        if !object.is_instance(DATETIME.import(py, "datetime", "datetime")?)? {
            return Err(wrong_type(&object, "datetime or int"));
        }
        if object.call_method0("utcoffset")?.is_none() {
            return Err(invalid("time_zone_missing", "a datetime without a time zone says no time"));
        }
        whole(object.call_method0("timestamp")?.extract()?).map(Self)
    }
}

impl<'py> FromPyObject<'_, 'py> for Seconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if is_int(&object) {
            return whole_seconds(&object).map(Self);
        }
        if !object.is_instance(TIMEDELTA.import(py, "datetime", "timedelta")?)? {
            return Err(wrong_type(&object, "timedelta or int"));
        }
        let seconds = object.call_method0("total_seconds")?.extract()?;
        // What is not 0 does not become 0.
        whole(seconds).map(|whole| Self(if seconds > 0.0 { whole.max(1) } else { whole }))
    }
}

/// Names in any iterable but a `str`, whose letters would be names, and a mapping, whose values would not count.
pub(crate) struct Names(pub(crate) Vec<String>);

impl<'py> FromPyObject<'_, 'py> for Names {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("a str is one name: give a set of them"));
        }
        if object.cast::<PyMapping>().is_ok() {
            return Err(PyTypeError::new_err("a mapping says more than names: give a set of them"));
        }
        let names: PyResult<Vec<String>> = object.try_iter()?.map(|name| name?.extract()).collect();
        names.map(Self)
    }
}

/// What a new link is to grant: something.
pub(crate) fn granted(permissions: Arg<Names>) -> PyResult<Vec<String>> {
    let names = permissions.get().0;
    if names.is_empty() {
        Err(invalid("nothing_granted", "permissions: a link grants at least one"))
    } else {
        Ok(names)
    }
}

/// An aware `datetime` in UTC; the last that there is for all that is later, which anybody can write into a link.
pub(crate) fn moment(py: Python<'_>, seconds: u64) -> PyResult<Bound<'_, PyAny>> {
    static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let utc =
        UTC.get_or_try_init(py, || PyResult::Ok(py.import("datetime")?.getattr("timezone")?.getattr("utc")?.unbind()))?;
    DATETIME.import(py, "datetime", "datetime")?.call_method1("fromtimestamp", (seconds.min(DATETIME_MAX), utc))
}

/// The end of the year 9999.
const DATETIME_MAX: u64 = 253_402_300_799;

/// Seconds of a float that came for a short time. One that is not 0 does not become 0.
pub(crate) fn milliseconds(name: &str, seconds: f64) -> PyResult<u64> {
    if !(0.0..=MILLISECONDS_MAX).contains(&seconds) {
        return Err(invalid("time_out_of_range", &format!("{name}: from 0 to {MILLISECONDS_MAX} seconds")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range, checked above")]
    let milliseconds = (seconds * 1000.0).round() as u64;
    Ok(if seconds > 0.0 { milliseconds.max(1) } else { 0 })
}

const MILLISECONDS_MAX: f64 = 1e9;

fn whole_seconds(object: &Borrowed<'_, '_, PyAny>) -> PyResult<u64> {
    object.extract().ok().filter(|seconds| *seconds <= SECONDS_MAX).ok_or_else(out_of_range)
}

fn whole(seconds: f64) -> PyResult<u64> {
    if !(0.0..=TIME_MAX).contains(&seconds) {
        return Err(out_of_range());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range, checked above")]
    let whole = seconds as u64;
    Ok(whole)
}

/// 2⁴⁰ seconds: what a token can state.
const TIME_MAX: f64 = 1_099_511_627_776.0;
const SECONDS_MAX: u64 = 1 << 40;

fn is_int(object: &Borrowed<'_, '_, PyAny>) -> bool {
    object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>()
}

fn out_of_range() -> PyErr {
    invalid("time_out_of_range", "a time, or a length of time, is from 0 on, and at most 2**40 seconds")
}

pub(crate) fn wrong_type(object: &Borrowed<'_, '_, PyAny>, wanted: &str) -> PyErr {
    let name = object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("'{name}' object is not {wanted}"))
}
