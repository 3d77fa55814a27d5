use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::PyFrozenSet;

use crate::convert::{Seconds, Time, moment};
use crate::error::call;
use crate::keyring::Keyring;

/// A token just made: a link or a session.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Token(pub(crate) bridge::Token);

#[pymethods]
impl Token {
    #[getter]
    fn token(&self) -> &str {
        &self.0.text
    }

    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.expires_at)
    }

    fn __repr__(&self) -> String {
        format!("Token({})", self.0.id)
    }
}

/// What a token that was believed grants.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Access(pub(crate) bridge::Access);

#[pymethods]
impl Access {
    #[pyo3(signature = (permission, resource = None))]
    fn require(&self, permission: &str, resource: Option<&str>) -> PyResult<()> {
        call(|| self.0.require(permission, resource))
    }

    #[pyo3(signature = (permission, resource = None))]
    fn allows(&self, permission: &str, resource: Option<&str>) -> PyResult<bool> {
        call(|| self.0.allows(permission, resource))
    }

    #[getter]
    const fn kind(&self) -> &'static str {
        self.0.kind()
    }

    #[getter]
    fn tenant(&self) -> String {
        self.0.tenant()
    }

    #[getter]
    fn client(&self) -> String {
        self.0.client()
    }

    #[getter]
    fn audience(&self) -> Option<String> {
        self.0.audience()
    }

    #[getter]
    fn permissions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, self.0.permissions())
    }

    #[getter]
    fn resources<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyFrozenSet>>> {
        self.0.resources().map(|resources| PyFrozenSet::new(py, resources)).transpose()
    }

    #[getter]
    fn issued_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.issued_at())
    }

    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.expires_at())
    }

    #[getter]
    fn token_id(&self) -> String {
        self.0.token_id()
    }

    #[getter]
    fn link_id(&self) -> String {
        self.0.link_id()
    }

    #[getter]
    fn copies(&self) -> Vec<String> {
        self.0.copies()
    }

    #[getter]
    fn recipients(&self) -> Vec<String> {
        self.0.recipients()
    }

    fn __repr__(&self) -> String {
        format!("Access({} {}, tenant {:?}, client {:?})", self.0.kind(), self.0.token_id(), self.0.tenant(), self.0.client())
    }
}

/// Turns tokens into access, without a database.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Verifier(pub(crate) bridge::Verifier);

#[pymethods]
impl Verifier {
    /// The name of the choice is the only way to it.
    #[staticmethod]
    #[pyo3(signature = (keyring, *, audience = None, skew = None))]
    fn without_revocation(keyring: &Keyring, audience: Option<String>, skew: Option<Seconds>) -> PyResult<Self> {
        let options = options(audience, skew);
        call(|| bridge::Verifier::without_revocation(&keyring.0, &options)).map(Self)
    }

    #[pyo3(signature = (token, *, at = None))]
    fn verify_link(&self, token: &str, at: Option<Time>) -> PyResult<Access> {
        call(|| self.0.verify_link(token, at.map(|at| at.0))).map(Access)
    }

    #[pyo3(signature = (token, *, at = None))]
    fn verify_session(&self, token: &str, at: Option<Time>) -> PyResult<Access> {
        call(|| self.0.verify_session(token, at.map(|at| at.0))).map(Access)
    }
}

pub(crate) fn options(audience: Option<String>, skew: Option<Seconds>) -> bridge::VerifierOptions {
    bridge::VerifierOptions { audience, skew: skew.map(|skew| skew.0) }
}

/// Makes tokens without a store.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Issuer(bridge::Issuer);

#[pymethods]
impl Issuer {
    #[new]
    fn new(keyring: &Keyring) -> PyResult<Self> {
        call(|| Ok(bridge::Issuer::new(&keyring.0))).map(Self)
    }

    #[pyo3(signature = (tenant, client, permissions, *, audience = None, lifetime = None))]
    fn issue_link(
        &self,
        tenant: &str,
        client: &str,
        permissions: Names,
        audience: Option<&str>,
        lifetime: Option<Seconds>,
    ) -> PyResult<Token> {
        let lifetime = lifetime.map(|lifetime| lifetime.0);
        call(|| self.0.issue_link(tenant, client, &permissions.0, audience, lifetime)).map(Token)
    }

    #[pyo3(signature = (link, *, lifetime = None))]
    fn issue_session(&self, link: &Access, lifetime: Option<Seconds>) -> PyResult<Token> {
        call(|| self.0.issue_session(&link.0, lifetime.map(|lifetime| lifetime.0))).map(Token)
    }
}

/// Names in any iterable but a `str`, whose letters would be names.
pub(crate) struct Names(pub(crate) Vec<String>);

impl<'py> FromPyObject<'_, 'py> for Names {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<pyo3::types::PyString>() {
            return Err(pyo3::exceptions::PyTypeError::new_err("a str is one name: give a set of them"));
        }
        let names: PyResult<Vec<String>> = object.try_iter()?.map(|name| name?.extract()).collect();
        names.map(Self)
    }
}

/// A link in the hands of its holder: what it says can be read, not believed.
#[pyclass(frozen, module = "portward")]
pub(crate) struct UntrustedLink(bridge::UntrustedLink);

#[pymethods]
impl UntrustedLink {
    #[new]
    fn new(token: &str) -> PyResult<Self> {
        call(|| bridge::UntrustedLink::parse(token)).map(Self)
    }

    #[pyo3(signature = (*, expires_at = None, permissions = None, resources = None, audience = None, recipient = None, seal = false, vocabulary = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn narrow(
        &self,
        expires_at: Option<Time>,
        permissions: Option<Names>,
        resources: Option<Names>,
        audience: Option<String>,
        recipient: Option<String>,
        seal: bool,
        vocabulary: Option<Vec<String>>,
    ) -> PyResult<String> {
        let narrowing = bridge::Narrowing {
            expires_at: expires_at.map(|time| time.0),
            permissions: permissions.map(|names| names.0),
            resources: resources.map(|names| names.0),
            audience,
            recipient,
            seal,
        };
        call(|| self.0.narrow(&narrowing, &vocabulary.unwrap_or_default()))
    }

    #[getter]
    fn tenant(&self) -> String {
        self.0.tenant()
    }

    #[getter]
    fn client(&self) -> String {
        self.0.client()
    }

    #[getter]
    fn issued_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.issued_at())
    }

    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.expires_at())
    }

    fn permissions<'py>(&self, py: Python<'py>, vocabulary: Vec<String>) -> PyResult<Bound<'py, PyFrozenSet>> {
        call(|| self.0.permissions(&vocabulary)).and_then(|names| PyFrozenSet::new(py, names))
    }

    #[getter]
    fn resources<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyFrozenSet>>> {
        self.0.resources().map(|resources| PyFrozenSet::new(py, resources)).transpose()
    }

    #[getter]
    fn audience(&self) -> Option<String> {
        self.0.audience()
    }

    #[getter]
    fn recipients(&self) -> Vec<String> {
        self.0.recipients()
    }

    #[getter]
    fn is_sealed(&self) -> bool {
        self.0.is_sealed()
    }

    fn __repr__(&self) -> String {
        format!("UntrustedLink(tenant {:?}, client {:?})", self.0.tenant(), self.0.client())
    }
}
