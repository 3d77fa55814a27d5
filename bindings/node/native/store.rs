use std::path::PathBuf;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Error, Keyring, Store, StoreOptions};

use crate::convert::{maybe, number, whole};
use crate::error::call;
use crate::given::Given;
use crate::token::{TokenRow, options, token_row};
use crate::work::{External, Held, Promised, buffer, handle, held, promise, same};

/// How a store is opened.
#[napi(object)]
pub(crate) struct StoreOptionsRow {
    /// Whether it is made, or brought up to date, if need be.
    pub create: bool,
    /// Who is asking: tokens that state an audience must state this one.
    pub audience: Option<String>,
    /// How far ahead the issuer's clock may be, in seconds: 60 by default, at most 300.
    pub skew: Option<f64>,
    /// For how many milliseconds revocations are believed without having heard from the database: 30,000.
    pub max_staleness: Option<f64>,
    /// How often the database is asked for what is new, in milliseconds: 500. With 0 it never is.
    pub follow: Option<f64>,
    /// A file that every operation is written to as a line of JSON before it takes effect.
    pub events: Option<String>,
}

/// Opens a store: `sqlite:PATH` or `postgres://…`. Errors: `store_location`, `store_uninitialised`, `store_restored`.
#[napi(catch_unwind)]
pub(crate) fn store_open(
    location: String,
    keyring: &External<Keyring>,
    row: StoreOptionsRow,
) -> napi::Result<Promised<Store, Held<Store>>> {
    let keyring = Keyring::clone(keyring);
    let StoreOptionsRow { create, audience, skew, max_staleness, follow, events } = row;
    let options = call(|| {
        Ok(StoreOptions {
            initialise: create,
            verifier: options(audience, skew)?,
            max_staleness: maybe(max_staleness)?,
            follow: maybe(follow)?,
            events: events.map(Into::into),
        })
    })?;
    Ok(promise(move || Store::open(&location, &keyring, &options), held))
}

/// What a recovery found and did.
#[napi(object)]
pub(crate) struct RecoveredRow {
    /// Where the feed stood that was found.
    pub found: String,
    /// Where the new one begins.
    pub begins: String,
    /// Whether a newer view was merged: then valid links work again.
    pub merged: bool,
}

/// Begins a new life of a store that was restored, copied or promoted. `newer`: the newest view that somebody saved; without one, every token
/// made so far is refused. `events`: as in the options of a store. Errors of a view: `forged_message`, `rollback`.
#[napi(catch_unwind)]
pub(crate) fn store_recover(
    location: String,
    keyring: &External<Keyring>,
    newer: Option<&External<Given>>,
    events: Option<String>,
) -> Promised<bridge::Recovered, RecoveredRow> {
    let (keyring, newer) = (Keyring::clone(keyring), newer.map(|given| given.take_public()));
    let row = |done: bridge::Recovered| RecoveredRow { found: done.found, begins: done.begins, merged: done.merged };
    let events = events.map(PathBuf::from);
    promise(move || Store::recover(&location, &keyring, newer.as_deref(), events.as_deref()), row)
}

/// Work with a store, which outlives the call.
pub(crate) fn ask<T: Send + 'static, J: napi::bindgen_prelude::ToNapiValue + napi::bindgen_prelude::TypeName>(
    store: &External<Store>,
    work: impl FnOnce(&Store) -> Result<T, Error> + Send + 'static,
    deliver: fn(T) -> J,
) -> Promised<T, J> {
    let store = Store::clone(store);
    promise(move || work(&store), deliver)
}

/// The same store, with this name in the events of what is done through it.
#[napi(catch_unwind)]
pub(crate) fn store_acting_as(store: &External<Store>, actor: String) -> External<Store> {
    handle(store.acting_as(&actor))
}

/// Ends all connections for good. Everything then fails, verifying too: `closed`.
#[napi(catch_unwind)]
pub(crate) fn store_close(store: &External<Store>) -> Promised<(), ()> {
    let closed = |store: &Store| {
        store.close();
        Ok(())
    };
    ask(store, closed, same)
}

/// Whether it is open: not once it was closed.
#[napi(catch_unwind)]
pub(crate) fn store_is_open(store: &External<Store>) -> bool {
    store.is_open()
}

/// Whether its knowledge of revocations is believed now.
#[napi(catch_unwind)]
pub(crate) fn store_is_fresh(store: &External<Store>) -> bool {
    store.is_fresh()
}

/// How far its knowledge of revocations goes; `null` where it is closed.
#[napi(catch_unwind)]
pub(crate) fn store_stamp(store: &External<Store>) -> Option<String> {
    store.stamp()
}

/// Whether it knows at least what this stamp stands for. Errors: `stamp_malformed`.
#[napi(catch_unwind)]
pub(crate) fn store_is_at_least(store: &External<Store>, stamp: String) -> napi::Result<bool> {
    call(|| store.is_at_least(&stamp))
}

/// Asks the database for what is new, now.
#[napi(catch_unwind)]
pub(crate) fn store_refresh(store: &External<Store>) -> Promised<(), ()> {
    ask(store, Store::refresh, same)
}

/// What looking at a link gives.
#[napi(object)]
pub(crate) struct PeekedRow {
    /// To be sent back with the link and the cookie.
    pub nonce: String,
    /// When the nonce ends, in Unix seconds.
    pub expires_at: f64,
    /// The browser's cookie.
    pub cookie: String,
}

/// Looks at a link without spending anything of it. Asks no database.
#[napi(catch_unwind)]
pub(crate) fn store_peek(store: &External<Store>, link: String, cookie: Option<String>) -> napi::Result<PeekedRow> {
    let peeked = call(|| store.peek(&link, cookie.as_deref()))?;
    Ok(PeekedRow { nonce: peeked.nonce, expires_at: number(peeked.expires_at), cookie: peeked.cookie })
}

/// Makes a session of a link, and counts a use of it.
#[napi(catch_unwind)]
pub(crate) fn store_redeem(
    store: &External<Store>,
    link: String,
    cookie: String,
    nonce: String,
) -> Promised<bridge::Token, TokenRow> {
    ask(store, move |store| store.redeem(&link, &cookie, &nonce), token_row)
}

/// Makes another session for one that has not ended.
#[napi(catch_unwind)]
pub(crate) fn store_renew(store: &External<Store>, session: String) -> Promised<bridge::Token, TokenRow> {
    ask(store, move |store| store.renew(&session), token_row)
}

/// Revokes a link with its copies and sessions, for good. Returns the stamp: who knows at least that refuses it. Errors: `link_unknown`.
#[napi(catch_unwind)]
pub(crate) fn store_revoke_link(store: &External<Store>, tenant: String, link: String) -> Promised<String, String> {
    ask(store, move |store| store.revoke_link(&tenant, &link), same)
}

/// Revokes a copy of a link, and what was narrowed from it. An id that is none is not noticed, and revokes nothing; the link's own is.
/// Errors: `link_unknown`, `not_a_copy`.
#[napi(catch_unwind)]
pub(crate) fn store_revoke_copy(
    store: &External<Store>,
    tenant: String,
    link: String,
    copy: String,
) -> Promised<String, String> {
    ask(store, move |store| store.revoke_copy(&tenant, &link, &copy), same)
}

/// Revokes one session. Errors: `link_unknown`.
#[napi(catch_unwind)]
pub(crate) fn store_revoke_session(
    store: &External<Store>,
    tenant: String,
    link: String,
    session: String,
) -> Promised<String, String> {
    ask(store, move |store| store.revoke_session(&tenant, &link, &session), same)
}

/// Revokes everything of a client that was made so far.
#[napi(catch_unwind)]
pub(crate) fn store_revoke_client(store: &External<Store>, tenant: String, client: String) -> Promised<String, String> {
    ask(store, move |store| store.revoke_client(&tenant, &client), same)
}

/// Revokes everything of a tenant that was made so far.
#[napi(catch_unwind)]
pub(crate) fn store_revoke_tenant(store: &External<Store>, tenant: String) -> Promised<String, String> {
    ask(store, move |store| store.revoke_tenant(&tenant), same)
}

/// Revokes every token of the deployment that was made so far.
#[napi(catch_unwind)]
pub(crate) fn store_revoke_everything(store: &External<Store>) -> Promised<String, String> {
    ask(store, Store::revoke_everything, same)
}

/// Answers the request of a follower. Errors: `malformed_request`.
#[napi(catch_unwind)]
pub(crate) fn store_answer(store: &External<Store>, request: &[u8]) -> Promised<Vec<u8>, Buffer> {
    let request = request.to_vec();
    ask(store, move |store| store.answer(&request), buffer)
}

/// A list of revocations for verifiers without a live feed: of these tenants, or of all; good from one time to the other, in Unix seconds.
#[napi(catch_unwind)]
pub(crate) fn store_publish(
    store: &External<Store>,
    tenants: Option<Vec<String>>,
    this_update: f64,
    next_update: f64,
) -> Promised<Vec<u8>, Buffer> {
    let published = move |store: &Store| store.publish(tenants.as_deref(), whole(this_update)?, whole(next_update)?);
    ask(store, published, buffer)
}

/// What is revoked, as bytes, to be kept for a recovery. It can be read by who has the keyring.
#[napi(catch_unwind)]
pub(crate) fn store_save_view(store: &External<Store>) -> Promised<Vec<u8>, Buffer> {
    ask(store, Store::save_view, buffer)
}

/// Takes away what is old; `kept`: links that ended so many seconds ago stay. Returns how many changes, redemptions and links are gone.
#[napi(catch_unwind)]
pub(crate) fn store_compact(store: &External<Store>, kept: f64) -> Promised<(u64, u64, u64), Vec<f64>> {
    ask(store, move |store| store.compact(whole(kept)?), |gone| [gone.0, gone.1, gone.2].map(number).to_vec())
}
