use std::path::PathBuf;

use portward_bridge as bridge;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::convert::{
    Arg, Bytes, Names, Number, Seconds, Sent, Time, arg, granted, milliseconds, moment, named, number, taken,
};
use crate::error::{call, wait};
use crate::keyring::{Deployment, Keyring};
use crate::links::{Event, Link, Page};
use crate::token::{Access, Token, options};

/// Links, what became of them, and what is revoked.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Store(pub(crate) bridge::Store);

#[pymethods]
impl Store {
    /// Opens a store: `sqlite:PATH` or `postgres://…`.
    ///
    /// create: it is made, or brought up to date, if need be. audience: who is asking. skew: how far ahead the issuer's clock may be, a timedelta or
    /// seconds: 60 if nothing is said, at most 300. max_staleness: for how many seconds the view is believed without having heard from
    /// the database. follow: every how many seconds the database is asked for what is new; 0 for never. events: a file that every operation is
    /// written to before it takes effect, a line of JSON each. Raises InvalidValue, Unavailable: `store_uninitialised` where there is none,
    /// `store_restored` where it was put back from a backup.
    #[staticmethod]
    #[pyo3(signature = (location, keyring, *, create = false, audience = None, skew = None, max_staleness = 30.0, follow = 0.5, events = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn open(
        py: Python<'_>,
        location: Arg<&str>,
        keyring: Arg<PyRef<'_, Keyring>>,
        #[pyo3(from_py_with = arg)] create: bool,
        audience: Option<Arg<String>>,
        skew: Option<Arg<Seconds>>,
        #[pyo3(from_py_with = number)] max_staleness: f64,
        #[pyo3(from_py_with = number)] follow: f64,
        events: Option<Arg<PathBuf>>,
    ) -> PyResult<Self> {
        let options = bridge::StoreOptions {
            initialise: create,
            verifier: options(audience, skew),
            max_staleness: Some(milliseconds("max_staleness", max_staleness)?),
            follow: Some(milliseconds("follow", follow)?),
            events: events.map(Arg::get),
        };
        let keyring = &keyring.0;
        wait(py, || bridge::Store::open(&location, keyring, &options)).map(Self)
    }

    /// Begins a new life of a store that was restored, copied or promoted. newer: the newest view that somebody saved (`save_view`); without
    /// one, every token made so far is refused. events: as in `open`. Raises InvalidValue, Unavailable, the latter also for a view that is not
    /// accepted (`forged_message`, `rollback`).
    #[staticmethod]
    #[pyo3(signature = (location, keyring, *, newer = None, events = None))]
    fn recover(
        py: Python<'_>,
        location: Arg<&str>,
        keyring: Arg<PyRef<'_, Keyring>>,
        newer: Option<Arg<Bytes>>,
        events: Option<Arg<PathBuf>>,
    ) -> PyResult<Recovered> {
        let (keyring, newer) = (&keyring.0, newer.as_ref().map(|newer| &***newer));
        let events = events.map(Arg::get);
        wait(py, || bridge::Store::recover(&location, keyring, newer, events.as_deref())).map(Recovered)
    }

    /// The same store, with this name in the events of what is done through it. Raises InvalidValue (`text_surrogate`).
    fn acting_as(&self, actor: Arg<&str>) -> PyResult<Self> {
        call(|| Ok(self.0.acting_as(&actor))).map(Self)
    }

    /// Ends all connections for good. Raises nothing; everything else does then, verifying too: InvalidValue (`closed`).
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

    /// The deployment.
    #[getter]
    fn deployment(&self) -> Deployment {
        Deployment(self.0.deployment().clone())
    }

    /// Whether it is open in this process; if not, the next call opens it, and waits for the database.
    #[getter]
    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Whether the view is believed now.
    #[getter]
    fn is_fresh(&self) -> bool {
        self.0.is_fresh()
    }

    /// How far the view is.
    #[getter]
    fn stamp(&self) -> Option<String> {
        self.0.stamp()
    }

    /// Whether the view shows at least what this stamp stands for. Raises InvalidValue.
    fn is_at_least(&self, stamp: Arg<&str>) -> PyResult<bool> {
        call(|| self.0.is_at_least(&stamp))
    }

    /// Asks the database for what is new, now. Raises InvalidValue (`closed`), Unavailable.
    fn refresh(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, || self.0.refresh())
    }

    /// Verifies a link, now, without asking the database: what was signed, if it is not paused or revoked. What its tenant narrowed, shortened or
    /// capped shows in its sessions: let visitors in by redeeming. Raises Refused, of which the public is told no more than its `public`;
    /// InvalidValue (`closed`); Unavailable where it could not be opened again after a fork.
    fn verify_link(&self, py: Python<'_>, token: Arg<Sent<'_>>) -> PyResult<Access> {
        verified(py, || self.0.try_verify_link(&token), || self.0.verify_link(&token))
    }

    /// Verifies a session, now, without asking the database. Raises Refused, of which the public is told no more than its `public`; InvalidValue
    /// (`closed`); Unavailable where it could not be opened again after a fork.
    fn verify_session(&self, py: Python<'_>, token: Arg<Sent<'_>>) -> PyResult<Access> {
        verified(py, || self.0.try_verify_session(&token), || self.0.verify_session(&token))
    }

    /// Makes a link and its row in one step.
    ///
    /// lifetime: how long it can live at most, a timedelta or seconds; the deployment's default if nothing is said. expires_at: when it ends for
    /// now, if that is sooner, an aware datetime or Unix seconds. uses_max: how often it and its copies can be redeemed. label: 1 to 200
    /// characters. Raises InvalidValue, Unavailable.
    #[pyo3(signature = (tenant, client, permissions, *, audience = None, lifetime = None, label = None, uses_max = None, expires_at = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn issue(
        &self,
        py: Python<'_>,
        tenant: Arg<String>,
        client: Arg<String>,
        permissions: Arg<Names>,
        audience: Option<Arg<String>>,
        lifetime: Option<Arg<Seconds>>,
        label: Option<Arg<String>>,
        uses_max: Option<Arg<Number<u32>>>,
        expires_at: Option<Arg<Time>>,
    ) -> PyResult<Link> {
        let link = bridge::NewLink {
            tenant: tenant.get(),
            client: client.get(),
            permissions: granted(permissions)?,
            audience: audience.map(Arg::get),
            lifetime: lifetime.map(|lifetime| lifetime.0),
            label: label.map(Arg::get),
            uses_max: uses_max.map(|number| number.0),
            expires_at: expires_at.map(|time| time.0),
        };
        wait(py, || self.0.issue(&link)).map(Link::from)
    }

    /// Makes the token of a link again. Raises Refused (`link_unknown`, `link_revoked`), InvalidValue, Unavailable.
    fn show(&self, py: Python<'_>, tenant: Arg<&str>, link: Arg<&str>) -> PyResult<Token> {
        wait(py, || self.0.show(&tenant, &link)).map(Token)
    }

    /// One link. Raises Refused (`link_unknown`), InvalidValue, Unavailable.
    fn link(&self, py: Python<'_>, tenant: Arg<&str>, link: Arg<&str>) -> PyResult<Link> {
        wait(py, || self.0.link(&tenant, &link)).map(Link::from)
    }

    /// The links of a tenant, the newest first. expires_before: an aware datetime or Unix seconds. label_contains: in any case of ASCII letters.
    /// after: `Page.next` of the page before. limit: how many at most, 1 to 1,000; of more 1,000 come. Raises InvalidValue, Unavailable.
    #[pyo3(signature = (tenant, *, client = None, state = None, expires_before = None, label_contains = None, after = None, limit = 100))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn list(
        &self,
        py: Python<'_>,
        tenant: Arg<&str>,
        client: Option<Arg<String>>,
        state: Option<Arg<String>>,
        expires_before: Option<Arg<Time>>,
        label_contains: Option<Arg<String>>,
        after: Option<Arg<&str>>,
        #[pyo3(from_py_with = number)] limit: u32,
    ) -> PyResult<Page> {
        let filter = bridge::Filter {
            client: client.map(Arg::get),
            state: state.map(Arg::get),
            expires_before: expires_before.map(|time| time.0),
            label_contains: label_contains.map(Arg::get),
        };
        let after = after.map(Arg::get);
        let page = wait(py, || self.0.list(&tenant, &filter, after, limit))?;
        Page::new(py, page)
    }

    /// Changes a link that was sent already; what is not named stays as it is, and `None` takes the label, the resources or the cap away. What
    /// takes something away also ends the sessions made before, which can be renewed. label: 1 to 200 characters. expires_at: an aware datetime or
    /// Unix seconds. uses_max: how often it and its copies can be redeemed. Raises Refused, InvalidValue, Unavailable.
    #[pyo3(signature = (tenant, link, **changes))]
    fn edit(&self, py: Python<'_>, tenant: Arg<&str>, link: Arg<&str>, changes: Option<Edit>) -> PyResult<Link> {
        let edit = changes.map(|edit| edit.0).unwrap_or_default();
        wait(py, || self.0.edit(&tenant, &link, &edit)).map(Link::from)
    }

    /// Lets a link, its copies and its sessions grant nothing until it is restored. Returns the stamp. Raises Refused, InvalidValue, Unavailable.
    fn pause(&self, py: Python<'_>, tenant: Arg<&str>, link: Arg<&str>) -> PyResult<String> {
        wait(py, || self.0.pause(&tenant, &link))
    }

    /// Lets a paused link grant again what it did. Returns the stamp. Raises Refused, InvalidValue, Unavailable.
    fn restore(&self, py: Python<'_>, tenant: Arg<&str>, link: Arg<&str>) -> PyResult<String> {
        wait(py, || self.0.restore(&tenant, &link))
    }

    /// What happened to a link, the latest first. before: only those with a lower number. limit: how many at most, 1 to 1,000; of more 1,000 come.
    /// Raises Refused, InvalidValue, Unavailable.
    #[pyo3(signature = (tenant, link, *, before = None, limit = 100))]
    fn history<'py>(
        &self,
        py: Python<'py>,
        tenant: Arg<&str>,
        link: Arg<&str>,
        before: Option<Arg<Number<u64>>>,
        #[pyo3(from_py_with = number)] limit: u32,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let before = before.map(|number| number.0);
        let events = wait(py, || self.0.history(&tenant, &link, before, limit))?;
        PyTuple::new(py, events.into_iter().map(Event).collect::<Vec<_>>())
    }

    /// Revokes a link with its copies and sessions, for good. Returns the stamp. Raises Refused (`link_unknown`), InvalidValue, Unavailable.
    fn revoke_link(&self, py: Python<'_>, tenant: Arg<&str>, link: Arg<&str>) -> PyResult<String> {
        wait(py, || self.0.revoke_link(&tenant, &link))
    }

    /// Revokes a copy of a link and what was narrowed from it, for good. Returns the stamp. Raises Refused, InvalidValue, Unavailable.
    fn revoke_copy(&self, py: Python<'_>, tenant: Arg<&str>, link: Arg<&str>, copy: Arg<&str>) -> PyResult<String> {
        wait(py, || self.0.revoke_copy(&tenant, &link, &copy))
    }

    /// Revokes one session, for good. Returns the stamp. Raises Refused, InvalidValue, Unavailable.
    fn revoke_session(
        &self,
        py: Python<'_>,
        tenant: Arg<&str>,
        link: Arg<&str>,
        session: Arg<&str>,
    ) -> PyResult<String> {
        wait(py, || self.0.revoke_session(&tenant, &link, &session))
    }

    /// Revokes everything of a client that was made so far. Returns the stamp. Raises InvalidValue, Unavailable.
    fn revoke_client(&self, py: Python<'_>, tenant: Arg<&str>, client: Arg<&str>) -> PyResult<String> {
        wait(py, || self.0.revoke_client(&tenant, &client))
    }

    /// Revokes everything of a tenant that was made so far. Returns the stamp. Raises InvalidValue, Unavailable.
    fn revoke_tenant(&self, py: Python<'_>, tenant: Arg<&str>) -> PyResult<String> {
        wait(py, || self.0.revoke_tenant(&tenant))
    }

    /// Revokes every token of the deployment that was made so far. Returns the stamp. Raises InvalidValue, Unavailable.
    fn revoke_everything(&self, py: Python<'_>) -> PyResult<String> {
        wait(py, || self.0.revoke_everything())
    }

    /// Looks at a link without spending anything of it, or asking the database. cookie: the browser's, if one came. Raises Refused, InvalidValue
    /// (`closed`), Unavailable.
    #[pyo3(signature = (link, cookie = None))]
    fn peek(&self, py: Python<'_>, link: Arg<Sent<'_>>, cookie: Option<Arg<Sent<'_>>>) -> PyResult<Peeked> {
        wait(py, || self.0.peek(&link, cookie.as_deref().map(|cookie| &**cookie))).map(Peeked)
    }

    /// Makes a session of a link, and counts a use of it: once for a nonce, however often. Raises Refused, InvalidValue (`closed`), Unavailable.
    fn redeem(
        &self,
        py: Python<'_>,
        link: Arg<Sent<'_>>,
        cookie: Arg<Sent<'_>>,
        nonce: Arg<Sent<'_>>,
    ) -> PyResult<Token> {
        wait(py, || self.0.redeem(&link, &cookie, &nonce)).map(Token)
    }

    /// Makes another session for one that has not ended; counts no use. Raises Refused, InvalidValue (`closed`), Unavailable.
    fn renew(&self, py: Python<'_>, session: Arg<Sent<'_>>) -> PyResult<Token> {
        wait(py, || self.0.renew(&session)).map(Token)
    }

    /// Answers the request of a `Follower`. Raises Refused (`malformed_request`), InvalidValue (`closed`), Unavailable.
    fn answer<'py>(&self, py: Python<'py>, request: Arg<Bytes>) -> PyResult<Bound<'py, PyBytes>> {
        wait(py, || self.0.answer(&request)).map(|answer| PyBytes::new(py, &answer))
    }

    /// A list for those who cannot ask (`Follower.of_lists`). this_update, next_update: it is good from the one to the other, each an aware datetime
    /// or Unix seconds. tenants: whose, all if none are named. Raises InvalidValue, Unavailable.
    #[pyo3(signature = (*, this_update, next_update, tenants = None))]
    fn publish<'py>(
        &self,
        py: Python<'py>,
        this_update: Arg<Time>,
        next_update: Arg<Time>,
        tenants: Option<Arg<Names>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let tenants = tenants.map(|names| names.get().0);
        let list = wait(py, || self.0.publish(tenants.as_deref(), this_update.0, next_update.0));
        list.map(|list| PyBytes::new(py, &list))
    }

    /// The view as bytes, to be kept for `recover`. Raises InvalidValue, Unavailable.
    fn save_view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        wait(py, || self.0.save_view()).map(|view| PyBytes::new(py, &view))
    }

    /// Writes a snapshot in place of old changes, and takes away links that ended longer ago than `kept`, a timedelta or seconds. Returns how many
    /// changes, redemptions and links are gone. Once a day is often enough. Raises InvalidValue, Unavailable.
    #[pyo3(signature = (*, kept))]
    fn compact(&self, py: Python<'_>, kept: Arg<Seconds>) -> PyResult<(u64, u64, u64)> {
        wait(py, || self.0.compact(kept.0))
    }

    fn __repr__(&self) -> String {
        format!("Store(deployment {})", self.0.deployment().id())
    }
}

/// At once where it is open; else it waits for the database, or for a fork, and others need not.
fn verified(
    py: Python<'_>,
    now: impl FnOnce() -> Option<Result<bridge::Access, bridge::Error>>,
    later: impl FnOnce() -> Result<bridge::Access, bridge::Error> + Send,
) -> PyResult<Access> {
    match call(|| now().transpose())? {
        Some(access) => Ok(access),
        None => wait(py, later),
    }
    .map(Access)
}

/// The keywords of `edit`: what is not there stays as it is, and `None` takes away.
struct Edit(bridge::Edit);

impl<'py> FromPyObject<'_, 'py> for Edit {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut edit = bridge::Edit::default();
        for (name, value) in &*object.cast::<pyo3::types::PyDict>()? {
            // As Python's own functions say it, of a name that is no text, too.
            let name = name.cast::<PyString>()?.to_string_lossy();
            if !set(&mut edit, &name, &value).map_err(|error| named(object.py(), &name, error))? {
                let message = format!("edit() got an unexpected keyword argument '{name}'");
                return Err(pyo3::exceptions::PyTypeError::new_err(message));
            }
        }
        Ok(Self(edit))
    }
}

/// Whether there is such a keyword.
fn set(edit: &mut bridge::Edit, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match name {
        "label" => edit.label = Some(value.extract()?),
        "expires_at" => edit.expires_at = Some(value.extract::<Time>()?.0),
        "permissions" => edit.permissions = Some(value.extract::<Names>()?.0),
        "resources" => edit.resources = Some(value.extract::<Option<Names>>()?.map(|names| names.0)),
        "uses_max" => edit.uses_max = Some(taken::<Option<Number<_>>>(value.as_borrowed())?.map(|number| number.0)),
        _ => return Ok(false),
    }
    Ok(true)
}

/// What looking at a link gives.
#[pyclass(frozen, module = "portward")]
pub(crate) struct Peeked(pub(crate) bridge::Peeked);

#[pymethods]
impl Peeked {
    /// To be sent back with the link and the cookie.
    #[getter]
    fn nonce(&self) -> &str {
        &self.0.nonce
    }

    /// The browser's cookie.
    #[getter]
    fn cookie(&self) -> &str {
        &self.0.cookie
    }

    /// When the nonce ends, in UTC.
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
    /// The stamp that was found.
    #[getter]
    fn found(&self) -> &str {
        &self.0.found
    }

    /// The stamp of the new beginning.
    #[getter]
    fn begins(&self) -> &str {
        &self.0.begins
    }

    /// Whether a newer view was merged: then valid links work again.
    #[getter]
    const fn merged(&self) -> bool {
        self.0.merged
    }

    fn __repr__(&self) -> String {
        format!("Recovered(begins {}, merged {})", self.0.begins, self.0.merged)
    }
}
