use napi::bindgen_prelude::{Buffer, ToNapiValue, TypeName};
use napi_derive::napi;
use portward_bridge::{
    BlindIndex, Erasure, Error, IndexOptions, KeyStore, KeyStoreOptions, Keyring, Scope, Store, index_bits as bits_of,
};

use crate::convert::{number, small, whole};
use crate::error::call;
use crate::work::{External, Held, Promised, handle, held, promise, same};

/// Opens a key store: `sqlite:PATH` or `postgres://…`. `feed`: the store that tells of keys which others destroyed; `create`: whether it is made;
/// `events`: a file that is told of every key before it is made, changed or destroyed. Errors: `store_location`, `store_uninitialised`.
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

/// The same key store, with this name in the events of what is done through it.
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

/// Ends all connections for good. Whatever asks it then fails: `closed`.
#[napi(catch_unwind)]
pub(crate) fn key_store_close(keys: &External<KeyStore>) -> Promised<(), ()> {
    let closed = |keys: &KeyStore| {
        keys.close();
        Ok(())
    };
    ask(keys, closed, same)
}

/// Makes the keys of a tenant that has none, also of one whose keys were destroyed: scopes that had keys then stay destroyed.
/// Errors: `key_exists`.
#[napi(catch_unwind)]
pub(crate) fn key_store_new_tenant(keys: &External<KeyStore>, tenant: String) -> Promised<(), ()> {
    ask(keys, move |keys| keys.new_tenant(&tenant), same)
}

/// Makes a new key for a tenant, under which what is made from now on lies; returns its version. Errors: `unknown_key`.
#[napi(catch_unwind)]
pub(crate) fn key_store_rotate_tenant(keys: &External<KeyStore>, tenant: String) -> Promised<u32, u32> {
    ask(keys, move |keys| keys.rotate_tenant(&tenant), same)
}

/// Puts every key under the newest key of its tenant, and those under the active root; what is destroyed and came back with an older copy of
/// the key store is destroyed again.
#[napi(catch_unwind)]
pub(crate) fn key_store_rewrap(keys: &External<KeyStore>) -> Promised<(), ()> {
    ask(keys, KeyStore::rewrap, same)
}

/// What a destruction has done.
#[napi(object)]
pub(crate) struct ErasureRow {
    /// The keys that are gone.
    pub keys: Vec<String>,
    /// When no cache and no backup of the key store holds one of them any more, in Unix seconds.
    pub complete_at: f64,
}

fn erasure_row(erasure: Erasure) -> ErasureRow {
    ErasureRow { keys: erasure.keys, complete_at: number(erasure.complete_at) }
}

/// Destroys every key of a tenant: nothing of it opens any more. `backups_kept`: for how many seconds backups of this store are kept.
/// Errors: `unknown_key`.
#[napi(catch_unwind)]
pub(crate) fn key_store_destroy_tenant(
    keys: &External<KeyStore>,
    tenant: String,
    backups_kept: f64,
) -> Promised<Erasure, ErasureRow> {
    ask(keys, move |keys| keys.destroy_tenant(&tenant, whole(backups_kept)?), erasure_row)
}

/// The keys of a tenant for one kind of thing, such as `record:invoices`. Asks nobody yet.
#[napi(catch_unwind)]
pub(crate) fn key_store_scope(
    keys: &External<KeyStore>,
    tenant: String,
    scope: String,
) -> napi::Result<External<Scope>> {
    call(|| keys.scope(&tenant, &scope)).map(handle)
}

/// Makes a new data key for what is sealed from now on. Errors: `unknown_key`, `index_key`.
#[napi(catch_unwind)]
pub(crate) fn scope_rotate(scope: &External<Scope>) -> Promised<(), ()> {
    let scope = Scope::clone(scope);
    promise(move || scope.rotate(), same)
}

/// Makes a data key for a scope that has none to seal with: one that was destroyed gets one only here. What was sealed before stays erased.
/// Errors: `key_exists`, `unknown_key`, `index_key`.
#[napi(catch_unwind)]
pub(crate) fn scope_begin(scope: &External<Scope>) -> Promised<(), ()> {
    let scope = Scope::clone(scope);
    promise(move || scope.begin(), same)
}

/// Under which data key an object says that it is. Nothing of that was checked.
#[napi(catch_unwind)]
pub(crate) fn scope_key_of(scope: &External<Scope>, object: &[u8]) -> napi::Result<String> {
    call(|| scope.key_of(object))
}

/// Destroys one data key that was rotated away: what was sealed under it opens no more, what was sealed since does.
/// `backups_kept`: for how many seconds backups of the key store are kept. Errors: `key_state` of the key that seals, `unknown_key`.
#[napi(catch_unwind)]
pub(crate) fn scope_destroy_key(
    scope: &External<Scope>,
    key: String,
    backups_kept: f64,
) -> Promised<Erasure, ErasureRow> {
    let scope = Scope::clone(scope);
    promise(move || scope.destroy_key(&key, whole(backups_kept)?), erasure_row)
}

/// Destroys every data key of the scope. `backups_kept`: for how many seconds backups of the key store are kept.
#[napi(catch_unwind)]
pub(crate) fn scope_destroy(scope: &External<Scope>, backups_kept: f64) -> Promised<Erasure, ErasureRow> {
    let scope = Scope::clone(scope);
    promise(move || scope.destroy(whole(backups_kept)?), erasure_row)
}

/// Everything that says which index it is.
#[napi(object)]
pub(crate) struct IndexOptionsRow {
    /// Of the table: 1 to 64 bytes.
    pub table: String,
    /// Of the column: 1 to 64 bytes.
    pub column: String,
    /// Of the index: 1 to 64 bytes.
    pub name: String,
    /// What values become first: `exact`, `ascii-lowercase` or `digits`.
    pub normaliser: String,
    /// 1 to 256, see `indexBits`.
    pub bits: f64,
    /// From 1.
    pub version: f64,
}

/// A blind index under the key of this scope, whose kind is `index`. Errors: `index_scope`, `index_parameters`.
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

/// The index of a value: its version, then as many bytes as its bits take. Errors: `index_empty_value`.
#[napi(catch_unwind)]
pub(crate) fn blind_index_of(index: &External<BlindIndex>, value: String) -> napi::Result<Buffer> {
    call(|| index.of(&value)).map(Buffer::from)
}

/// How many bits an index should have: enough to find few rows by it, too few to tell each value. `rows`, `distinct`: of the column; `other_bits`: of
/// all other indexes; `even_if_few`: that frequencies tell the values of a column with fewer than 256 is known. Errors: `index_too_few_values`.
#[napi(catch_unwind)]
pub(crate) fn index_bits(rows: f64, distinct: f64, other_bits: f64, even_if_few: bool) -> napi::Result<u32> {
    call(|| bits_of(whole(rows)?, whole(distinct)?, small(other_bits)?, even_if_few)).map(u32::from)
}
