use std::path::PathBuf;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Error, Keyring, Store, StoreOptions};

use crate::convert::{maybe, number, whole};
use crate::error::call;
use crate::given::Given;
use crate::token::{TokenRow, options, token_row};
use crate::work::{External, Held, Promised, buffer, handle, held, promise, same};

/// How a store is opened; times in milliseconds, the skew in seconds.
#[napi(object)]
pub(crate) struct StoreOptionsRow {
    pub create: bool,
    pub audience: Option<String>,
    pub skew: Option<f64>,
    pub max_staleness: Option<f64>,
    pub follow: Option<f64>,
    pub events: Option<String>,
}

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
    pub found: String,
    pub begins: String,
    pub merged: bool,
}

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

#[napi(catch_unwind)]
pub(crate) fn store_acting_as(store: &External<Store>, actor: String) -> External<Store> {
    handle(store.acting_as(&actor))
}

#[napi(catch_unwind)]
pub(crate) fn store_close(store: &External<Store>) -> Promised<(), ()> {
    let closed = |store: &Store| {
        store.close();
        Ok(())
    };
    ask(store, closed, same)
}

#[napi(catch_unwind)]
pub(crate) fn store_is_open(store: &External<Store>) -> bool {
    store.is_open()
}

#[napi(catch_unwind)]
pub(crate) fn store_is_fresh(store: &External<Store>) -> bool {
    store.is_fresh()
}

#[napi(catch_unwind)]
pub(crate) fn store_stamp(store: &External<Store>) -> Option<String> {
    store.stamp()
}

#[napi(catch_unwind)]
pub(crate) fn store_is_at_least(store: &External<Store>, stamp: String) -> napi::Result<bool> {
    call(|| store.is_at_least(&stamp))
}

#[napi(catch_unwind)]
pub(crate) fn store_refresh(store: &External<Store>) -> Promised<(), ()> {
    ask(store, Store::refresh, same)
}

/// What looking at a link gives.
#[napi(object)]
pub(crate) struct PeekedRow {
    pub nonce: String,
    pub expires_at: f64,
    pub cookie: String,
}

#[napi(catch_unwind)]
pub(crate) fn store_peek(store: &External<Store>, link: String, cookie: Option<String>) -> napi::Result<PeekedRow> {
    let peeked = call(|| store.peek(&link, cookie.as_deref()))?;
    Ok(PeekedRow { nonce: peeked.nonce, expires_at: number(peeked.expires_at), cookie: peeked.cookie })
}

#[napi(catch_unwind)]
pub(crate) fn store_redeem(
    store: &External<Store>,
    link: String,
    cookie: String,
    nonce: String,
) -> Promised<bridge::Token, TokenRow> {
    ask(store, move |store| store.redeem(&link, &cookie, &nonce), token_row)
}

#[napi(catch_unwind)]
pub(crate) fn store_renew(store: &External<Store>, session: String) -> Promised<bridge::Token, TokenRow> {
    ask(store, move |store| store.renew(&session), token_row)
}

#[napi(catch_unwind)]
pub(crate) fn store_revoke_link(store: &External<Store>, tenant: String, link: String) -> Promised<String, String> {
    ask(store, move |store| store.revoke_link(&tenant, &link), same)
}

#[napi(catch_unwind)]
pub(crate) fn store_revoke_copy(
    store: &External<Store>,
    tenant: String,
    link: String,
    copy: String,
) -> Promised<String, String> {
    ask(store, move |store| store.revoke_copy(&tenant, &link, &copy), same)
}

#[napi(catch_unwind)]
pub(crate) fn store_revoke_session(
    store: &External<Store>,
    tenant: String,
    link: String,
    session: String,
) -> Promised<String, String> {
    ask(store, move |store| store.revoke_session(&tenant, &link, &session), same)
}

#[napi(catch_unwind)]
pub(crate) fn store_revoke_client(store: &External<Store>, tenant: String, client: String) -> Promised<String, String> {
    ask(store, move |store| store.revoke_client(&tenant, &client), same)
}

#[napi(catch_unwind)]
pub(crate) fn store_revoke_tenant(store: &External<Store>, tenant: String) -> Promised<String, String> {
    ask(store, move |store| store.revoke_tenant(&tenant), same)
}

#[napi(catch_unwind)]
pub(crate) fn store_revoke_everything(store: &External<Store>) -> Promised<String, String> {
    ask(store, Store::revoke_everything, same)
}

#[napi(catch_unwind)]
pub(crate) fn store_answer(store: &External<Store>, request: &[u8]) -> Promised<Vec<u8>, Buffer> {
    let request = request.to_vec();
    ask(store, move |store| store.answer(&request), buffer)
}

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

#[napi(catch_unwind)]
pub(crate) fn store_save_view(store: &External<Store>) -> Promised<Vec<u8>, Buffer> {
    ask(store, Store::save_view, buffer)
}

/// How many changes, redemptions and links are gone.
#[napi(catch_unwind)]
pub(crate) fn store_compact(store: &External<Store>, kept: f64) -> Promised<(u64, u64, u64), Vec<f64>> {
    ask(store, move |store| store.compact(whole(kept)?), |gone| [gone.0, gone.1, gone.2].map(number).to_vec())
}
