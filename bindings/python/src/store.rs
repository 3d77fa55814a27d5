use std::path::PathBuf;

use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::convert::{Seconds, Time, milliseconds, moment};
use crate::error::{call, wait};
use crate::keyring::{Deployment, Keyring};
use crate::links::{Event, Link, Page};
use crate::token::{Access, Names, Token, options};

/// Links, what became of them, and what is revoked.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Store(pub(crate) bridge::Store);

#[pymethods]
impl Store {
    #[staticmethod]
    #[pyo3(signature = (location, keyring, *, create = false, audience = None, skew = None, max_staleness = 30.0, follow = 0.5, events = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn open(
        py: Python<'_>,
        location: &str,
        keyring: &Keyring,
        create: bool,
        audience: Option<String>,
        skew: Option<Seconds>,
        max_staleness: f64,
        follow: f64,
        events: Option<PathBuf>,
    ) -> PyResult<Self> {
        let options = bridge::StoreOptions {
            initialise: create,
            verifier: options(audience, skew),
            max_staleness: Some(milliseconds("max_staleness", max_staleness)?),
            follow: Some(milliseconds("follow", follow)?),
            events,
        };
        wait(py, || bridge::Store::open(location, &keyring.0, &options)).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (location, keyring, *, newer = None))]
    fn recover(py: Python<'_>, location: &str, keyring: &Keyring, newer: Option<&[u8]>) -> PyResult<Recovered> {
        wait(py, || bridge::Store::recover(location, &keyring.0, newer)).map(Recovered)
    }

    fn acting_as(&self, actor: &str) -> Self {
        Self(self.0.acting_as(actor))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, || {
            self.0.close();
            Ok(())
        })
    }

    const fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    #[getter]
    fn deployment(&self) -> Deployment {
        Deployment(self.0.deployment().clone())
    }

    #[getter]
    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    #[getter]
    fn is_fresh(&self) -> bool {
        self.0.is_fresh()
    }

    #[getter]
    fn stamp(&self) -> Option<String> {
        self.0.stamp()
    }

    fn is_at_least(&self, stamp: &str) -> PyResult<bool> {
        call(|| self.0.is_at_least(stamp))
    }

    fn refresh(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, || self.0.refresh())
    }

    fn verify_link(&self, py: Python<'_>, token: &str) -> PyResult<Access> {
        self.verify(py, || self.0.verify_link(token))
    }

    fn verify_session(&self, py: Python<'_>, token: &str) -> PyResult<Access> {
        self.verify(py, || self.0.verify_session(token))
    }

    #[pyo3(signature = (tenant, client, permissions, *, audience = None, lifetime = None, label = None, uses_max = None, expires_at = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn issue(
        &self,
        py: Python<'_>,
        tenant: String,
        client: String,
        permissions: Names,
        audience: Option<String>,
        lifetime: Option<Seconds>,
        label: Option<String>,
        uses_max: Option<u32>,
        expires_at: Option<Time>,
    ) -> PyResult<Link> {
        let link = bridge::NewLink {
            tenant,
            client,
            permissions: permissions.0,
            audience,
            lifetime: lifetime.map(|lifetime| lifetime.0),
            label,
            uses_max,
            expires_at: expires_at.map(|time| time.0),
        };
        wait(py, || self.0.issue(&link)).map(Link::from)
    }

    fn show(&self, py: Python<'_>, tenant: &str, link: &str) -> PyResult<Token> {
        wait(py, || self.0.show(tenant, link)).map(Token)
    }

    fn link(&self, py: Python<'_>, tenant: &str, link: &str) -> PyResult<Link> {
        wait(py, || self.0.link(tenant, link)).map(Link::from)
    }

    #[pyo3(signature = (tenant, *, client = None, state = None, expires_before = None, label_contains = None, after = None, limit = 100))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn list(
        &self,
        py: Python<'_>,
        tenant: &str,
        client: Option<String>,
        state: Option<String>,
        expires_before: Option<Time>,
        label_contains: Option<String>,
        after: Option<&str>,
        limit: u32,
    ) -> PyResult<Page> {
        let expires_before = expires_before.map(|time| time.0);
        let filter = bridge::Filter { client, state, expires_before, label_contains };
        let page = wait(py, || self.0.list(tenant, &filter, after, limit))?;
        Page::new(py, page)
    }

    #[pyo3(signature = (tenant, link, **changes))]
    fn edit(&self, py: Python<'_>, tenant: &str, link: &str, changes: Option<Edit>) -> PyResult<Link> {
        let edit = changes.map(|edit| edit.0).unwrap_or_default();
        wait(py, || self.0.edit(tenant, link, &edit)).map(Link::from)
    }

    fn pause(&self, py: Python<'_>, tenant: &str, link: &str) -> PyResult<String> {
        wait(py, || self.0.pause(tenant, link))
    }

    fn restore(&self, py: Python<'_>, tenant: &str, link: &str) -> PyResult<String> {
        wait(py, || self.0.restore(tenant, link))
    }

    #[pyo3(signature = (tenant, link, *, before = None, limit = 100))]
    fn history<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        link: &str,
        before: Option<u64>,
        limit: u32,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let events = wait(py, || self.0.history(tenant, link, before, limit))?;
        PyTuple::new(py, events.into_iter().map(Event).collect::<Vec<_>>())
    }

    fn revoke_link(&self, py: Python<'_>, tenant: &str, link: &str) -> PyResult<String> {
        wait(py, || self.0.revoke_link(tenant, link))
    }

    fn revoke_copy(&self, py: Python<'_>, tenant: &str, link: &str, copy: &str) -> PyResult<String> {
        wait(py, || self.0.revoke_copy(tenant, link, copy))
    }

    fn revoke_session(&self, py: Python<'_>, tenant: &str, link: &str, session: &str) -> PyResult<String> {
        wait(py, || self.0.revoke_session(tenant, link, session))
    }

    fn revoke_client(&self, py: Python<'_>, tenant: &str, client: &str) -> PyResult<String> {
        wait(py, || self.0.revoke_client(tenant, client))
    }

    fn revoke_tenant(&self, py: Python<'_>, tenant: &str) -> PyResult<String> {
        wait(py, || self.0.revoke_tenant(tenant))
    }

    fn revoke_everything(&self, py: Python<'_>) -> PyResult<String> {
        wait(py, || self.0.revoke_everything())
    }

    #[pyo3(signature = (link, cookie = None))]
    fn peek(&self, py: Python<'_>, link: &str, cookie: Option<&str>) -> PyResult<Peeked> {
        wait(py, || self.0.peek(link, cookie)).map(Peeked)
    }

    fn redeem(&self, py: Python<'_>, link: &str, cookie: &str, nonce: &str) -> PyResult<Token> {
        wait(py, || self.0.redeem(link, cookie, nonce)).map(Token)
    }

    fn renew(&self, py: Python<'_>, session: &str) -> PyResult<Token> {
        wait(py, || self.0.renew(session)).map(Token)
    }

    fn answer<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        wait(py, || self.0.answer(request)).map(|answer| PyBytes::new(py, &answer))
    }

    #[pyo3(signature = (*, this_update, next_update, tenants = None))]
    fn publish<'py>(
        &self,
        py: Python<'py>,
        this_update: Time,
        next_update: Time,
        tenants: Option<Names>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let tenants = tenants.map(|names| names.0);
        let list = wait(py, || self.0.publish(tenants.as_deref(), this_update.0, next_update.0));
        list.map(|list| PyBytes::new(py, &list))
    }

    fn save_view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        wait(py, || self.0.save_view()).map(|view| PyBytes::new(py, &view))
    }

    #[pyo3(signature = (*, kept))]
    fn compact(&self, py: Python<'_>, kept: Seconds) -> PyResult<(u64, u64, u64)> {
        wait(py, || self.0.compact(kept.0))
    }

    fn __repr__(&self) -> String {
        format!("Store(deployment {})", self.0.deployment().id())
    }
}

impl Store {
    /// At once where it is open; else it waits for the database, and others need not.
    fn verify(
        &self,
        py: Python<'_>,
        verify: impl Fn() -> Result<bridge::Access, bridge::Error> + Send,
    ) -> PyResult<Access> {
        if self.0.is_open() { call(verify) } else { wait(py, verify) }.map(Access)
    }
}

/// The keywords of `edit`: what is not there stays as it is, and `None` takes away.
struct Edit(bridge::Edit);

impl<'py> FromPyObject<'_, 'py> for Edit {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut edit = bridge::Edit::default();
        for (name, value) in &*object.cast::<pyo3::types::PyDict>()? {
            let name: String = name.extract()?;
            match &*name {
                "label" => edit.label = Some(value.extract()?),
                "expires_at" => edit.expires_at = Some(value.extract::<Time>()?.0),
                "permissions" => edit.permissions = Some(value.extract::<Names>()?.0),
                "resources" => edit.resources = Some(value.extract::<Option<Names>>()?.map(|names| names.0)),
                "uses_max" => edit.uses_max = Some(value.extract()?),
                _ => {
                    let message = format!("edit() got an unexpected keyword argument '{name}'");
                    return Err(pyo3::exceptions::PyTypeError::new_err(message));
                }
            }
        }
        Ok(Self(edit))
    }
}

/// What looking at a link gives.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Peeked(pub(crate) bridge::Peeked);

#[pymethods]
impl Peeked {
    #[getter]
    fn nonce(&self) -> &str {
        &self.0.nonce
    }

    #[getter]
    fn cookie(&self) -> &str {
        &self.0.cookie
    }

    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment(py, self.0.expires_at)
    }

    const fn __repr__(&self) -> &'static str {
        "Peeked(..)"
    }
}

/// What a recovery found and did.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Recovered(bridge::Recovered);

#[pymethods]
impl Recovered {
    #[getter]
    fn found(&self) -> &str {
        &self.0.found
    }

    #[getter]
    fn begins(&self) -> &str {
        &self.0.begins
    }

    #[getter]
    const fn merged(&self) -> bool {
        self.0.merged
    }

    fn __repr__(&self) -> String {
        format!("Recovered(begins {}, merged {})", self.0.begins, self.0.merged)
    }
}
