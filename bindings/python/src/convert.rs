//! Times, lengths of time and sets of names.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt, PyString, PyType};

use crate::error::invalid;

/// A time that came: an aware `datetime`, or an `int` of Unix seconds.
#[derive(Clone, Copy)]
pub(crate) struct Time(pub(crate) u64);

/// A length of time that came: a `timedelta`, or an `int` of seconds.
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
            return object.extract().map(Self).map_err(|_| out_of_range());
        }
        if !object.is_instance(TIMEDELTA.import(py, "datetime", "timedelta")?)? {
            return Err(wrong_type(&object, "timedelta or int"));
        }
        whole(object.call_method0("total_seconds")?.extract()?).map(Self)
    }
}

/// Names in any iterable but a `str`, whose letters would be names.
pub(crate) struct Names(pub(crate) Vec<String>);

impl<'py> FromPyObject<'_, 'py> for Names {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("a str is one name: give a set of them"));
        }
        let names: PyResult<Vec<String>> = object.try_iter()?.map(|name| name?.extract()).collect();
        names.map(Self)
    }
}

/// An aware `datetime` in UTC.
pub(crate) fn moment(py: Python<'_>, seconds: u64) -> PyResult<Bound<'_, PyAny>> {
    static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let utc =
        UTC.get_or_try_init(py, || PyResult::Ok(py.import("datetime")?.getattr("timezone")?.getattr("utc")?.unbind()))?;
    DATETIME.import(py, "datetime", "datetime")?.call_method1("fromtimestamp", (seconds, utc))
}

/// Seconds of a float that came for a short time.
pub(crate) fn milliseconds(name: &str, seconds: f64) -> PyResult<u64> {
    if !(0.0..=MILLISECONDS_MAX).contains(&seconds) {
        return Err(invalid("time_out_of_range", &format!("{name}: from 0 to {MILLISECONDS_MAX} seconds")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range, checked above")]
    let milliseconds = (seconds * 1000.0).round() as u64;
    Ok(milliseconds)
}

const MILLISECONDS_MAX: f64 = 1e9;

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

fn is_int(object: &Borrowed<'_, '_, PyAny>) -> bool {
    object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>()
}

fn out_of_range() -> PyErr {
    invalid("time_out_of_range", "a time, or a length of time, is from 0 on, and at most 2**40 seconds")
}

fn wrong_type(object: &Borrowed<'_, '_, PyAny>, wanted: &str) -> PyErr {
    let name = object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("'{name}' object is not {wanted}"))
}
