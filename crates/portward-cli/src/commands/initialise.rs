//! `portward store init`.

use std::sync::Arc;

use portward::{Change, RevocationView, Stamp, TenantChange, Timestamp};
use portward_store::database::DatabaseError;
use portward_store::files::StampText;
use portward_store::store;

use crate::events;
use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::report::Report;
use crate::store::{Links, Waiter, called};
use crate::{context, named};

/// Under the lock of the directory, so that its view stays as it is meanwhile. Killed, the same command goes on.
pub(crate) fn run(global: &Global) -> Result<Report, Failure> {
    let name = global.store.as_ref().ok_or_else(named::needed)?;
    let location = name.location()?;
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = Arc::new(context::deployment(&directory)?);
    let keyring = Arc::new(context::open_keyring(global, locked.directory(), &deployment)?.keyring);
    let (waiter, recorder) = (Waiter::new(&location)?, events::recorder(global)?);
    let decides = directory.deciding_store()?;
    let own = if directory.view_path().exists() { context::own_view(&directory, &keyring)? } else { None };
    let highest = directory.highest_stamp()?.max(own.as_ref().and_then(RevocationView::stamp));
    let begins = match &decides {
        // A second one would not know what the first one revoked.
        Some(other) => {
            waiter.wait(store::migrate(&location, &keyring)).map_err(|failure| in_its_place(failure, other))?;
            false
        }
        None => waiter.wait(store::initialise(&location, &keyring, own.as_ref(), &recorder, after(highest)))?,
    };
    let links = Links::open(name, &deployment, &keyring, None, recorder)?;
    let known = own.as_ref().filter(|_| begins).map_or(0, |own| own.to_changes().len());
    let unknown = own.map(|own| unknown(&own, &links.store.cell().load())).unwrap_or_default();
    if !unknown.is_empty() {
        links.commit(&unknown)?;
    }
    locked.let_decide(&location.to_string())?;
    Ok(Report::new()
        .fact("store", called(&location))
        .fact("stamp", links.store.stamp().map(|stamp| StampText(stamp).to_string()))
        .fact("taken_over", known.saturating_add(unknown.len()))
        .note("name it from now on in every command and on every machine (--store, PORTWARD_STORE)")
        .note("keep an export of the view elsewhere, and make it anew now and then (view export): after a loss, only it keeps links valid"))
}

/// Now, and later than the directory's own feed began: who followed that one goes on with the store's.
fn after(highest: Option<Stamp>) -> Timestamp {
    let began = highest.and_then(|stamp| stamp.incarnation.to_bytes().first_chunk().copied().map(u64::from_be_bytes));
    context::now().wall.max(Timestamp::from_unix(began.map_or(0, |began| began.saturating_add(1))))
}

fn in_its_place(failure: Failure, other: &str) -> Failure {
    if failure.code != DatabaseError::Uninitialised.code() {
        return failure;
    }
    let message = format!("{other} decides what is revoked here already: a new store would know nothing of it");
    Failure { exit: Exit::Refused, message, code: "store_decides", ..failure }
        .hint("back it up and restore it here (backup create, backup restore --data, store recover)")
}

/// What was revoked since the feed was begun, by who was killed then before the directory knew of it. Not what is paused: it may have been restored.
fn unknown(own: &RevocationView, stored: &RevocationView) -> Vec<Change> {
    let known = stored.to_changes();
    let mut unknown = own.to_changes();
    unknown
        .retain(|change| !known.contains(change) && !matches!(change, Change::Tenant(_, TenantChange::Suspend { .. })));
    unknown
}
