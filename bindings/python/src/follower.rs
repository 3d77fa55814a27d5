use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{Arg, Bytes, Names, Seconds, Sent, Time, milliseconds, number};
use crate::error::{call, wait};
use crate::keyring::Keyring;
use crate::token::{Access, options};

/// Keeps a view up to date where there is no store: at an edge, in another data centre.
///
/// Send what `request` gives to a store's `answer`, and what comes back to `accept`; nothing on that way is trusted. `Follower(keyring)` knows
/// nothing and so refuses all. tenants: whose revocations it follows, all if none are named. highest: what an earlier one's `highest` was.
/// max_staleness: for how many seconds an answer is believed. audience: who is asking. skew: how far ahead another clock may be, a timedelta or
/// seconds: 60 if nothing is said, at most 300. Raises InvalidValue, Unavailable (`random_unavailable`).
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
        #[pyo3(from_py_with = number)] max_staleness: f64,
        audience: Option<Arg<String>>,
        skew: Option<Arg<Seconds>>,
    ) -> PyResult<Self> {
        let (tenants, options) = (tenants.map(|names| names.get().0), options(audience, skew));
        let highest = highest.map(Arg::get);
        let staleness = milliseconds("max_staleness", max_staleness)?;
        call(|| bridge::Follower::new(&keyring.0, tenants.as_deref(), highest, staleness, &options)).map(Self)
    }

    /// One that follows published lists, what `Store.publish` makes: it asks nobody, and takes a list from wherever it lies. A list is believed from
    /// its one time to its other by the clock, and nobody notices where one that is still good was put in the place of a newer one.
    ///
    /// tenants: whose revocations it follows, the same as the list is made for. skew: how far ahead another clock may be, a timedelta or seconds: 60
    /// if nothing is said, at most 300. highest and audience are those of `Follower`. Raises InvalidValue, Unavailable (`random_unavailable`).
    #[staticmethod]
    #[pyo3(signature = (keyring, *, tenants = None, highest = None, audience = None, skew = None))]
    fn of_lists(
        keyring: Arg<PyRef<'_, Keyring>>,
        tenants: Option<Arg<Names>>,
        highest: Option<Arg<&str>>,
        audience: Option<Arg<String>>,
        skew: Option<Arg<Seconds>>,
    ) -> PyResult<Self> {
        let (tenants, options) = (tenants.map(|names| names.get().0), options(audience, skew));
        let highest = highest.map(Arg::get);
        call(|| bridge::Follower::of_lists(&keyring.0, tenants.as_deref(), highest, &options)).map(Self)
    }

    /// A request to be sent now, for `Store.answer`. Raises InvalidValue (`follows_lists`), Unavailable.
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        wait(py, || self.0.request()).map(|request| PyBytes::new(py, &request))
    }

    /// Takes an answer or a list in, and returns the stamp that the view shows now.
    ///
    /// at: by when a list is good or not, an aware datetime or Unix seconds; now if nothing is said. Raises Refused, InvalidValue for an `at` that is
    /// no time, Unavailable; then the view stays as it was. After `gap`, `another_incarnation` and `fork` ask again.
    #[pyo3(signature = (answer, *, at = None))]
    fn accept(&self, py: Python<'_>, answer: Arg<Bytes>, at: Option<Arg<Time>>) -> PyResult<String> {
        let at = at.map(|at| at.0);
        wait(py, || self.0.accept_at(&answer, at))
    }

    /// The stamp of the last answer: keep it for the next start.
    #[getter]
    fn highest(&self) -> Option<String> {
        self.0.highest()
    }

    /// Verifies a link. at: as of when, an aware datetime or Unix seconds; now if nothing is said. Whether the last answer is too old is told by
    /// another clock. Raises Refused, of which the public is told no more than its `public`; InvalidValue for an `at` that is no time.
    #[pyo3(signature = (token, *, at = None))]
    fn verify_link(&self, token: Arg<Sent<'_>>, at: Option<Arg<Time>>) -> PyResult<Access> {
        call(|| self.0.verifier().verify_link(&token, at.map(|at| at.0))).map(Access)
    }

    /// Verifies a session. at: as of when, an aware datetime or Unix seconds; now if nothing is said. Whether the last answer is too old is told by
    /// another clock. Raises Refused, of which the public is told no more than its `public`; InvalidValue for an `at` that is no time.
    #[pyo3(signature = (token, *, at = None))]
    fn verify_session(&self, token: Arg<Sent<'_>>, at: Option<Arg<Time>>) -> PyResult<Access> {
        call(|| self.0.verifier().verify_session(&token, at.map(|at| at.0))).map(Access)
    }

    fn __repr__(&self) -> String {
        format!("Follower({})", self.highest().as_deref().unwrap_or("empty"))
    }
}
