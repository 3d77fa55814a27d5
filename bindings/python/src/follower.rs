use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{Arg, Bytes, Names, Seconds, Sent, arg, milliseconds};
use crate::error::{call, wait};
use crate::keyring::Keyring;
use crate::token::{Access, options};

/// Keeps a view up to date where there is no store: at an edge, in another data centre.
///
/// Send what `request` gives to a store's `answer`, and what comes back to `accept`; nothing on that way is trusted. `Follower(keyring)` knows
/// nothing and so refuses all. tenants: whose revocations it follows, all if none are named. highest: what an earlier one's `highest` was.
/// max_staleness: for how many seconds an answer is believed. Raises InvalidValue, Unavailable (`random_unavailable`).
#[pyclass(frozen, module = "portward")]
pub(crate) struct Follower(bridge::Follower);

#[pymethods]
impl Follower {
    #[new]
    #[pyo3(signature = (keyring, *, tenants = None, highest = None, max_staleness = 30.0, audience = None, skew = None))]
    fn new(
        keyring: Arg<PyRef<'_, Keyring>>,
        tenants: Option<Arg<Names>>,
        highest: Option<Arg<&str>>,
        #[pyo3(from_py_with = arg)] max_staleness: f64,
        audience: Option<Arg<String>>,
        skew: Option<Arg<Seconds>>,
    ) -> PyResult<Self> {
        let (tenants, options) = (tenants.map(|names| names.get().0), options(audience, skew));
        let highest = highest.map(Arg::get);
        let staleness = milliseconds("max_staleness", max_staleness)?;
        call(|| bridge::Follower::new(&keyring.0, tenants.as_deref(), highest, staleness, &options)).map(Self)
    }

    /// A request to be sent now, for `Store.answer`. Raises Unavailable.
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        wait(py, || self.0.request()).map(|request| PyBytes::new(py, &request))
    }

    /// Takes an answer in, and returns the stamp that the view shows now. Raises InputError, Unavailable; then the view stays as it was. After
    /// `gap`, `another_incarnation` and `fork` ask again.
    fn accept(&self, py: Python<'_>, answer: Arg<Bytes>) -> PyResult<String> {
        wait(py, || self.0.accept(&answer))
    }

    /// The stamp of the last answer: keep it for the next start.
    #[getter]
    fn highest(&self) -> Option<String> {
        self.0.highest()
    }

    /// Verifies a link, now. Raises Refused; tell the public no more than its `public`.
    fn verify_link(&self, token: Arg<Sent<'_>>) -> PyResult<Access> {
        call(|| self.0.verifier().verify_link(&token, None)).map(Access)
    }

    /// Verifies a session, now. Raises Refused; tell the public no more than its `public`.
    fn verify_session(&self, token: Arg<Sent<'_>>) -> PyResult<Access> {
        call(|| self.0.verifier().verify_session(&token, None)).map(Access)
    }

    fn __repr__(&self) -> String {
        format!("Follower({})", self.highest().as_deref().unwrap_or("empty"))
    }
}
