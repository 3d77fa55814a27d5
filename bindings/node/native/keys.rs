use napi::bindgen_prelude::{Buffer, ToNapiValue, TypeName};
use napi_derive::napi;
use portward_bridge::{
    BlindIndex, Erasure, Error, IndexOptions, KeyStore, KeyStoreOptions, Keyring, Scope, Store, index_bits as bits_of,
};

use crate::convert::{number, small, whole};
use crate::error::call;
use crate::work::{External, Held, Promised, handle, held, promise, same};

#[napi(catch_unwind)]
pub(crate) fn key_store_open(
    location: String,
    keyring: &External<Keyring>,
    feed: Option<&External<Store>>,
    create: bool,
    events: Option<String>,
) -> Promised<KeyStore, Held<KeyStore>> {
    let (keyring, feed) = (Keyring::clone(keyring), feed.map(|store| Store::clone(store)));
    let options = KeyStoreOptions { initialise: create, events: events.map(Into::into) };
    promise(move || KeyStore::open(&location, &keyring, feed.as_ref(), &options), held)
}

#[napi(catch_unwind)]
pub(crate) fn key_store_acting_as(keys: &External<KeyStore>, actor: String) -> External<KeyStore> {
    handle(keys.acting_as(&actor))
}

fn ask<T: Send + 'static, J: ToNapiValue + TypeName>(
    keys: &External<KeyStore>,
    work: impl FnOnce(&KeyStore) -> Result<T, Error> + Send + 'static,
    deliver: fn(T) -> J,
) -> Promised<T, J> {
    let keys = KeyStore::clone(keys);
    promise(move || work(&keys), deliver)
}

#[napi(catch_unwind)]
pub(crate) fn key_store_close(keys: &External<KeyStore>) -> Promised<(), ()> {
    let closed = |keys: &KeyStore| {
        keys.close();
        Ok(())
    };
    ask(keys, closed, same)
}

#[napi(catch_unwind)]
pub(crate) fn key_store_new_tenant(keys: &External<KeyStore>, tenant: String) -> Promised<(), ()> {
    ask(keys, move |keys| keys.new_tenant(&tenant), same)
}

#[napi(catch_unwind)]
pub(crate) fn key_store_rotate_tenant(keys: &External<KeyStore>, tenant: String) -> Promised<u32, u32> {
    ask(keys, move |keys| keys.rotate_tenant(&tenant), same)
}

#[napi(catch_unwind)]
pub(crate) fn key_store_rewrap(keys: &External<KeyStore>) -> Promised<(), ()> {
    ask(keys, KeyStore::rewrap, same)
}

/// What a destruction has done.
#[napi(object)]
pub(crate) struct ErasureRow {
    pub keys: Vec<String>,
    pub complete_at: f64,
}

fn erasure_row(erasure: Erasure) -> ErasureRow {
    ErasureRow { keys: erasure.keys, complete_at: number(erasure.complete_at) }
}

#[napi(catch_unwind)]
pub(crate) fn key_store_destroy_tenant(
    keys: &External<KeyStore>,
    tenant: String,
    backups_kept: f64,
) -> Promised<Erasure, ErasureRow> {
    ask(keys, move |keys| keys.destroy_tenant(&tenant, whole(backups_kept)?), erasure_row)
}

#[napi(catch_unwind)]
pub(crate) fn key_store_scope(
    keys: &External<KeyStore>,
    tenant: String,
    scope: String,
) -> napi::Result<External<Scope>> {
    call(|| keys.scope(&tenant, &scope)).map(handle)
}

#[napi(catch_unwind)]
pub(crate) fn scope_rotate(scope: &External<Scope>) -> Promised<(), ()> {
    let scope = Scope::clone(scope);
    promise(move || scope.rotate(), same)
}

#[napi(catch_unwind)]
pub(crate) fn scope_begin(scope: &External<Scope>) -> Promised<(), ()> {
    let scope = Scope::clone(scope);
    promise(move || scope.begin(), same)
}

#[napi(catch_unwind)]
pub(crate) fn scope_key_of(scope: &External<Scope>, object: &[u8]) -> napi::Result<String> {
    call(|| scope.key_of(object))
}

#[napi(catch_unwind)]
pub(crate) fn scope_destroy_key(
    scope: &External<Scope>,
    key: String,
    backups_kept: f64,
) -> Promised<Erasure, ErasureRow> {
    let scope = Scope::clone(scope);
    promise(move || scope.destroy_key(&key, whole(backups_kept)?), erasure_row)
}

#[napi(catch_unwind)]
pub(crate) fn scope_destroy(scope: &External<Scope>, backups_kept: f64) -> Promised<Erasure, ErasureRow> {
    let scope = Scope::clone(scope);
    promise(move || scope.destroy(whole(backups_kept)?), erasure_row)
}

/// Everything that says which index it is.
#[napi(object)]
pub(crate) struct IndexOptionsRow {
    pub table: String,
    pub column: String,
    pub name: String,
    pub normaliser: String,
    pub bits: f64,
    pub version: f64,
}

#[napi(catch_unwind)]
pub(crate) fn scope_blind_index(
    scope: &External<Scope>,
    row: IndexOptionsRow,
) -> Promised<BlindIndex, Held<BlindIndex>> {
    let scope = Scope::clone(scope);
    let made = move || {
        let IndexOptionsRow { table, column, name, normaliser, bits, version } = row;
        let (bits, version) = (small(bits)?, small(version)?);
        scope.blind_index(&IndexOptions { table, column, name, normaliser, bits, version })
    };
    promise(made, held)
}

#[napi(catch_unwind)]
pub(crate) fn blind_index_of(index: &External<BlindIndex>, value: String) -> napi::Result<Buffer> {
    call(|| index.of(&value)).map(Buffer::from)
}

#[napi(catch_unwind)]
pub(crate) fn index_bits(rows: f64, distinct: f64, other_bits: f64, even_if_few: bool) -> napi::Result<u32> {
    call(|| bits_of(whole(rows)?, whole(distinct)?, small(other_bits)?, even_if_few)).map(u32::from)
}
