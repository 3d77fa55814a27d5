//! Panics, for the test that `except Exception` catches them. In no wheel.
#![expect(clippy::panic, reason = "that is what it is for")]

use pyo3::prelude::*;

use crate::error::{call, wait};

#[pyfunction]
pub(crate) fn provoke() -> PyResult<()> {
    call(|| panic!("provoked"))
}

#[pyfunction]
pub(crate) fn provoke_waiting(py: Python<'_>) -> PyResult<()> {
    wait(py, || panic!("provoked"))
}
