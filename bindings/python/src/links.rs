use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::PyFrozenSet;

use crate::convert::moment;

/// A link as its tenant sees it.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Link {
    link: bridge::Link,
    /// Only where it was just made.
    token: Option<String>,
}

impl From<bridge::Link> for Link {
    fn from(link: bridge::Link) -> Self {
        Self { link, token: None }
    }
}

impl From<(bridge::Token, bridge::Link)> for Link {
    fn from((token, link): (bridge::Token, bridge::Link)) -> Self {
        Self { link, token: Some(token.text) }
    }
}

type Object<'py> = PyResult<Bound<'py, PyAny>>;

#[pymethods]
impl Link {
    /// The token, where it was just made; it is not kept, and `Store.show` makes it again.
    #[getter]
    fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// 32 hexadecimal digits.
    #[getter]
    fn id(&self) -> &str {
        &self.link.id
    }

    /// Whose data.
    #[getter]
    fn tenant(&self) -> &str {
        &self.link.tenant
    }

    /// Who comes.
    #[getter]
    fn client(&self) -> &str {
        &self.link.client
    }

    /// What the tenant calls it.
    #[getter]
    fn label(&self) -> Option<&str> {
        self.link.label.as_deref()
    }

    /// `active`, `paused` or `revoked`.
    #[getter]
    const fn state(&self) -> &'static str {
        self.link.state
    }

    /// When it ends, in UTC.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> Object<'py> {
        moment(py, self.link.expires_at)
    }

    /// Until when it can be extended, in UTC.
    #[getter]
    fn ceiling<'py>(&self, py: Python<'py>) -> Object<'py> {
        moment(py, self.link.ceiling)
    }

    /// What it grants.
    #[getter]
    fn permissions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, &self.link.permissions)
    }

    /// What it could grant at most.
    #[getter]
    fn permissions_ceiling<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, &self.link.permissions_ceiling)
    }

    /// For which resources it is good; `None` for all.
    #[getter]
    fn resources<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyFrozenSet>>> {
        self.link.resources.as_ref().map(|resources| PyFrozenSet::new(py, resources)).transpose()
    }

    /// How often it can be redeemed; `None` as often as one likes.
    #[getter]
    const fn uses_max(&self) -> Option<u32> {
        self.link.uses_max
    }

    /// How often it was redeemed.
    #[getter]
    const fn uses(&self) -> u64 {
        self.link.uses
    }

    /// How often something was taken away from it.
    #[getter]
    const fn revision(&self) -> u32 {
        self.link.revision
    }

    /// When it was made, in UTC.
    #[getter]
    fn created_at<'py>(&self, py: Python<'py>) -> Object<'py> {
        moment(py, self.link.created_at)
    }

    /// When it was changed, in UTC.
    #[getter]
    fn changed_at<'py>(&self, py: Python<'py>) -> Object<'py> {
        moment(py, self.link.changed_at)
    }

    /// When it was last redeemed, in UTC; `None` if it never was.
    #[getter]
    fn last_used_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.link.last_used_at.map(|seconds| moment(py, seconds)).transpose()
    }

    fn __repr__(&self) -> String {
        let bridge::Link { id, tenant, client, state, .. } = &self.link;
        format!("Link({id}, tenant {tenant:?}, client {client:?}, {state})")
    }
}

/// Some links, the newest first.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Page {
    links: Vec<Py<Link>>,
    next: Option<String>,
}

impl Page {
    pub(crate) fn new(py: Python<'_>, page: bridge::Page) -> PyResult<Self> {
        let links: PyResult<_> = page.links.into_iter().map(|link| Py::new(py, Link::from(link))).collect();
        Ok(Self { links: links?, next: page.next })
    }
}

#[pymethods]
impl Page {
    /// At most as many as were asked for, the newest first.
    #[getter]
    fn links<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyTuple>> {
        pyo3::types::PyTuple::new(py, self.links.iter().map(|link| link.bind(py)))
    }

    /// What the next page begins behind: `after` of `Store.list`; `None` if this is the last.
    #[getter]
    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("Page({} links)", self.links.len())
    }
}

/// One line of a link's history.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Event(pub(crate) bridge::Event);

#[pymethods]
impl Event {
    /// From 0, without gaps.
    #[getter]
    const fn number(&self) -> u64 {
        self.0.number
    }

    /// When, in UTC.
    #[getter]
    fn at<'py>(&self, py: Python<'py>) -> Object<'py> {
        moment(py, self.0.at)
    }

    /// What: `issued`, `shown`, `redeemed` and so on.
    #[getter]
    const fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// More of it.
    #[getter]
    fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("Event({} {})", self.0.number, self.0.kind)
    }
}
