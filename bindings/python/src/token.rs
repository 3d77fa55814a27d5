use portward_bridge as bridge;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyFrozenSet;

use crate::convert::{Arg, Names, Seconds, Sent, Time, arg, granted, moment};
use crate::error::call;
use crate::keyring::Keyring;

/// A token just made: a link or a session.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Token(pub(crate) bridge::Token);

#[pymethods]
impl Token {
    /// The token itself: it goes to its holder and nowhere else.
    #[getter]
    fn token(&self) -> &str {
        &self.0.text
    }

    /// 32 hexadecimal digits.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// When it ends, in UTC.
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
    /// Raises Refused unless the permission is granted, on this resource if one is stated.
    ///
    /// A token that is restricted to resources grants nothing where none is stated. A name that the vocabulary lacks is
    /// granted by nothing. Raises InvalidValue for what is no resource.
    #[pyo3(signature = (permission, resource = None))]
    fn require(&self, permission: Arg<&str>, resource: Option<Arg<&str>>) -> PyResult<()> {
        call(|| self.0.require(&permission, resource.map(Arg::get)))
    }

    /// Whether `require` would let it pass. Raises InvalidValue for what is no resource.
    #[pyo3(signature = (permission, resource = None))]
    fn allows(&self, permission: Arg<&str>, resource: Option<Arg<&str>>) -> PyResult<bool> {
        call(|| self.0.allows(&permission, resource.map(Arg::get)))
    }

    /// `link` or `session`.
    #[getter]
    const fn kind(&self) -> &'static str {
        self.0.kind()
    }

    /// Whose data.
    #[getter]
    fn tenant(&self) -> String {
        self.0.tenant()
    }

    /// Who comes.
    #[getter]
    fn client(&self) -> String {
        self.0.client()
    }

    /// For whom it is good; `None` for all.
    #[getter]
    fn audience(&self) -> Option<String> {
        self.0.audience()
    }

    /// What it grants.
    #[getter]
    fn permissions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, self.0.permissions())
    }

    /// For which resources it is good; `None` for all.
    #[getter]
    fn resources<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyFrozenSet>>> {
        self.0.resources().map(|resources| PyFrozenSet::new(py, resources)).transpose()
    }

    /// When it was made, in UTC.
    #[getter]
    fn issued_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.issued_at())
    }

    /// When it ends, in UTC.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.expires_at())
    }

    /// The token's id.
    #[getter]
    fn token_id(&self) -> String {
        self.0.token_id()
    }

    /// The id of the link that it is or comes from.
    #[getter]
    fn link_id(&self) -> String {
        self.0.link_id()
    }

    /// The revision of its link that a session was made under; 0 of a link.
    #[getter]
    fn link_revision(&self) -> u32 {
        self.0.link_revision()
    }

    /// The ids of the copies on its way; the last one is what came.
    #[getter]
    fn copies(&self) -> Vec<String> {
        self.0.copies()
    }

    /// What holders wrote on its copies. Not evidence.
    #[getter]
    fn recipients(&self) -> Vec<String> {
        self.0.recipients()
    }

    fn __repr__(&self) -> String {
        format!(
            "Access({} {}, tenant {:?}, client {:?})",
            self.0.kind(),
            self.0.token_id(),
            self.0.tenant(),
            self.0.client()
        )
    }
}

/// Turns tokens into access, without a database.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Verifier(pub(crate) bridge::Verifier);

#[pymethods]
impl Verifier {
    /// One that knows of no revocation: a token lives until it expires, whatever happens, and who has stolen a tenant's key can make
    /// more. For tokens that live for minutes, and for tests; `Store` and `Follower` know.
    ///
    /// audience: who is asking. skew: how far ahead the issuer's clock may be, a timedelta or seconds: 60 if nothing is said, at most 300. Raises
    /// InvalidValue, Unavailable (`random_unavailable`).
    #[staticmethod]
    #[pyo3(signature = (keyring, *, audience = None, skew = None))]
    fn without_revocation(
        keyring: Arg<PyRef<'_, Keyring>>,
        audience: Option<Arg<String>>,
        skew: Option<Arg<Seconds>>,
    ) -> PyResult<Self> {
        let options = options(audience, skew);
        call(|| bridge::Verifier::without_revocation(&keyring.0, &options)).map(Self)
    }

    /// Verifies a link. at: as of when, an aware datetime or Unix seconds; now if nothing is said. Raises Refused, of which the public is told no
    /// more than its `public`; InvalidValue for an `at` that is no time.
    #[pyo3(signature = (token, *, at = None))]
    fn verify_link(&self, token: Arg<Sent<'_>>, at: Option<Arg<Time>>) -> PyResult<Access> {
        call(|| self.0.verify_link(&token, at.map(|at| at.0))).map(Access)
    }

    /// Verifies a session. at: as of when, an aware datetime or Unix seconds; now if nothing is said. Raises Refused, of which the public is told
    /// no more than its `public`; InvalidValue for an `at` that is no time.
    #[pyo3(signature = (token, *, at = None))]
    fn verify_session(&self, token: Arg<Sent<'_>>, at: Option<Arg<Time>>) -> PyResult<Access> {
        call(|| self.0.verify_session(&token, at.map(|at| at.0))).map(Access)
    }
}

pub(crate) fn options(audience: Option<Arg<String>>, skew: Option<Arg<Seconds>>) -> bridge::VerifierOptions {
    bridge::VerifierOptions { audience: audience.map(Arg::get), skew: skew.map(|skew| skew.0) }
}

/// Makes tokens without a store. `Issuer(keyring)` raises nothing.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Issuer(bridge::Issuer);

#[pymethods]
impl Issuer {
    #[new]
    fn new(keyring: Arg<PyRef<'_, Keyring>>) -> PyResult<Self> {
        call(|| Ok(bridge::Issuer::new(&keyring.0))).map(Self)
    }

    /// Makes a link of at most the deployment's ceiling; nobody can list, change or show it again. lifetime: a timedelta or seconds, the
    /// deployment's default if nothing is said. Raises InvalidValue, Unavailable.
    #[pyo3(signature = (tenant, client, permissions, *, audience = None, lifetime = None))]
    fn issue_link(
        &self,
        tenant: Arg<&str>,
        client: Arg<&str>,
        permissions: Arg<Names>,
        audience: Option<Arg<&str>>,
        lifetime: Option<Arg<Seconds>>,
    ) -> PyResult<Token> {
        let (permissions, lifetime) = (granted(permissions)?, lifetime.map(|lifetime| lifetime.0));
        call(|| self.0.issue_link(&tenant, &client, &permissions, audience.map(Arg::get), lifetime)).map(Token)
    }

    /// Makes a session of a link that was verified. lifetime: a timedelta or seconds, the deployment's default if nothing is said. Raises Refused
    /// (`nothing_granted`, `expired`), InvalidValue, Unavailable.
    #[pyo3(signature = (link, *, lifetime = None))]
    fn issue_session(&self, link: Arg<PyRef<'_, Access>>, lifetime: Option<Arg<Seconds>>) -> PyResult<Token> {
        call(|| self.0.issue_session(&link.0, lifetime.map(|lifetime| lifetime.0))).map(Token)
    }
}

/// A link in the hands of its holder: what it says can be read, not believed. `UntrustedLink(token)` raises Refused for a text that is no
/// whole link.
#[pyclass(frozen, module = "portward")]
pub(crate) struct UntrustedLink(bridge::UntrustedLink);

#[pymethods]
impl UntrustedLink {
    #[new]
    fn new(token: Arg<Sent<'_>>) -> PyResult<Self> {
        call(|| bridge::UntrustedLink::parse(&token)).map(Self)
    }

    /// A copy that grants less, made without a key.
    ///
    /// expires_at: an aware datetime or Unix seconds; one that has passed makes a copy that has expired. vocabulary: the deployment's permission
    /// names in their order, which is needed where permissions are narrowed. resources: 1 to 16. recipient: 1 to 32 printable ASCII characters.
    /// seal: nobody can narrow it further. Raises InvalidValue, and TypeError for permissions without their vocabulary.
    #[pyo3(signature = (*, expires_at = None, permissions = None, resources = None, audience = None, recipient = None, seal = false, vocabulary = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn narrow(
        &self,
        expires_at: Option<Arg<Time>>,
        permissions: Option<Arg<Names>>,
        resources: Option<Arg<Names>>,
        audience: Option<Arg<String>>,
        recipient: Option<Arg<String>>,
        #[pyo3(from_py_with = arg)] seal: bool,
        vocabulary: Option<Arg<Vec<String>>>,
    ) -> PyResult<String> {
        let narrowing = bridge::Narrowing {
            expires_at: expires_at.map(|time| time.0),
            permissions: permissions.map(|names| names.get().0),
            resources: resources.map(|names| names.get().0),
            audience: audience.map(Arg::get),
            recipient: recipient.map(Arg::get),
            seal,
        };
        if narrowing.permissions.is_some() && vocabulary.is_none() {
            return Err(PyTypeError::new_err("vocabulary: is needed where permissions are narrowed"));
        }
        call(|| self.0.narrow(&narrowing, &vocabulary.map(Arg::get).unwrap_or_default()))
    }

    /// Whose data, as the link says.
    #[getter]
    fn tenant(&self) -> String {
        self.0.tenant()
    }

    /// Who comes, as the link says.
    #[getter]
    fn client(&self) -> String {
        self.0.client()
    }

    /// When it was made, as it says, in UTC.
    #[getter]
    fn issued_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.issued_at())
    }

    /// When it ends, as it says, in UTC.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.expires_at())
    }

    /// What it grants, in the words of a vocabulary; what that lacks is left out. Raises InvalidValue for what is no vocabulary.
    fn permissions<'py>(&self, py: Python<'py>, vocabulary: Arg<Vec<String>>) -> PyResult<Bound<'py, PyFrozenSet>> {
        call(|| self.0.permissions(&vocabulary)).and_then(|names| PyFrozenSet::new(py, names))
    }

    /// For which resources it is good; `None` for all.
    #[getter]
    fn resources<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyFrozenSet>>> {
        self.0.resources().map(|resources| PyFrozenSet::new(py, resources)).transpose()
    }

    /// For whom it is good; `None` for all.
    #[getter]
    fn audience(&self) -> Option<String> {
        self.0.audience()
    }

    /// What holders wrote on its copies.
    #[getter]
    fn recipients(&self) -> Vec<String> {
        self.0.recipients()
    }

    /// Whether nobody can narrow it further.
    #[getter]
    fn is_sealed(&self) -> bool {
        self.0.is_sealed()
    }

    fn __repr__(&self) -> String {
        format!("UntrustedLink(tenant {:?}, client {:?})", self.0.tenant(), self.0.client())
    }
}
