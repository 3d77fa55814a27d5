use std::collections::BTreeMap;

use portward_bridge as bridge;
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{Arg, Time, arg};
use crate::error::{call, wait};
use crate::store::Store;

/// The HTTP rules of a portal, for whatever framework: from a request to what is to be done, and from what a store says to an answer.
///
/// `Portal(origin)`, such as `https://portal.example`. path: below which the routes lie. page: texts of the page by their names. Raises
/// InvalidValue.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Portal(bridge::Portal);

type Headers = Vec<(String, Vec<u8>)>;

#[pymethods]
impl Portal {
    #[new]
    #[pyo3(signature = (origin, *, path = "/portal", page = None))]
    fn new(
        origin: Arg<&str>,
        #[pyo3(from_py_with = arg)] path: &str,
        page: Option<Arg<BTreeMap<String, String>>>,
    ) -> PyResult<Self> {
        let options = bridge::PortalOptions {
            path: path.to_owned(),
            page: page.map(Arg::get).unwrap_or_default().into_iter().collect(),
        };
        call(|| bridge::Portal::new(&origin, &options)).map(Self)
    }

    /// The path that the routes lie below.
    #[getter]
    fn path(&self) -> &str {
        self.0.path()
    }

    /// The address of a link; with `fragment`, one whose token no server sees, which needs a script. Raises InvalidValue (`text_surrogate`).
    #[pyo3(signature = (token, *, fragment = false))]
    fn link_url(&self, token: Arg<&str>, #[pyo3(from_py_with = arg)] fragment: bool) -> PyResult<String> {
        call(|| Ok(self.0.link_url(&token, fragment)))
    }

    /// What is to be done about a request: `None` for a path of the application, an Answer, or an Exchange with a store. path: as it was sent.
    /// body: of a longer one than 4,096 bytes any longer part will do. Raises InvalidValue (`text_surrogate`); what is wrong
    /// otherwise is in the Answer.
    fn read<'py>(
        &self,
        py: Python<'py>,
        method: Arg<&str>,
        path: Arg<&str>,
        headers: Arg<Headers>,
        body: Arg<&[u8]>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let request = bridge::Request { method: &method, path: &path, headers: &headers, body: &body };
        match call(|| Ok(self.0.read(&request)))? {
            bridge::Step::NotOurs => Ok(None),
            bridge::Step::Answer(answer) => Answer(answer).into_bound_py_any(py).map(Some),
            bridge::Step::Ask(exchange) => Exchange(*exchange).into_bound_py_any(py).map(Some),
        }
    }

    /// The session of a request to the application and whether it came in a cookie, or the Answer that refuses it. Raises
    /// InvalidValue (`text_surrogate`).
    fn session<'py>(
        &self,
        py: Python<'py>,
        method: Arg<&str>,
        path: Arg<&str>,
        headers: Arg<Headers>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let request = bridge::Request { method: &method, path: &path, headers: &headers, body: b"" };
        match call(|| Ok(self.0.session(&request)))? {
            Ok(session) => session.into_bound_py_any(py),
            Err(answer) => Answer(answer).into_bound_py_any(py),
        }
    }

    /// The one refusal. public: `damaged`, `refused` or `unavailable`. Raises InvalidValue.
    fn refuse(&self, method: Arg<&str>, path: Arg<&str>, headers: Arg<Headers>, public: Arg<&str>) -> PyResult<Answer> {
        let request = bridge::Request { method: &method, path: &path, headers: &headers, body: b"" };
        call(|| self.0.refuse(&request, &public)).map(Answer)
    }

    fn __repr__(&self) -> String {
        format!("Portal({})", self.0.path())
    }
}

/// An answer, to be sent as it is.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Answer(bridge::Answer);

#[pymethods]
impl Answer {
    /// The HTTP status.
    #[getter]
    const fn status(&self) -> u16 {
        self.0.status
    }

    /// Header lines, to be sent in this order.
    #[getter]
    fn headers(&self) -> Vec<(&'static str, &str)> {
        self.0.headers.iter().map(|(name, value)| (*name, &**value)).collect()
    }

    /// The body.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.body.as_bytes())
    }

    /// Why the request is refused: the code, for the log.
    #[getter]
    const fn reason(&self) -> Option<&'static str> {
        self.0.reason
    }

    /// The token's id, if it was authentic.
    #[getter]
    fn token_id(&self) -> Option<&str> {
        self.0.token_id.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("Answer({})", self.0.status)
    }
}

/// A question to a store, and how its answer goes back.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Exchange(bridge::Exchange);

#[pymethods]
impl Exchange {
    /// `peek`, `redeem` or `renew`.
    #[getter]
    const fn question(&self) -> &'static str {
        self.0.question()
    }

    /// The link to peek at or to redeem, or the session to renew. Nobody has looked at it.
    #[getter]
    fn token(&self) -> &str {
        self.0.token()
    }

    /// The peek cookie that came.
    #[getter]
    fn cookie(&self) -> Option<String> {
        self.0.cookie()
    }

    /// The nonce that came.
    #[getter]
    fn nonce(&self) -> Option<&str> {
        self.0.nonce()
    }

    /// The answer to a peek. expires_at: when the nonce ends, an aware datetime or Unix seconds. Raises InvalidValue for another question, Refused
    /// (`cookie_malformed`) for what is no cookie.
    fn peeked(&self, nonce: Arg<String>, cookie: Arg<String>, expires_at: Arg<Time>) -> PyResult<Answer> {
        let peeked = bridge::Peeked { nonce: nonce.get(), cookie: cookie.get(), expires_at: expires_at.0 };
        call(|| self.0.peeked(&peeked)).map(Answer)
    }

    /// The answer to a redemption or a renewal. expires_at: when the session ends, at: when it is told, now if nothing is said; each an aware
    /// datetime or Unix seconds. Raises InvalidValue for another question.
    #[pyo3(signature = (session, expires_at, *, at = None))]
    fn granted(&self, session: Arg<String>, expires_at: Arg<Time>, at: Option<Arg<Time>>) -> PyResult<Answer> {
        let session = bridge::Token { text: session.get(), id: String::new(), expires_at: expires_at.0 };
        call(|| self.0.granted(&session, at.map(|time| time.0))).map(Answer)
    }

    /// The refusal. public: `damaged`, `refused` or `unavailable`. Raises InvalidValue.
    fn refused(&self, public: Arg<&str>) -> PyResult<Answer> {
        call(|| self.0.refused(&public)).map(Answer)
    }

    /// Asks the store and answers, in one step. Raises nothing: what goes wrong is in the answer.
    fn run(&self, py: Python<'_>, store: Arg<PyRef<'_, Store>>) -> PyResult<Answer> {
        let store = &store.0;
        wait(py, || Ok(self.0.run(store))).map(Answer)
    }

    fn __repr__(&self) -> String {
        format!("Exchange({})", self.0.question())
    }
}
