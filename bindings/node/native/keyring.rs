use std::path::PathBuf;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Deployment, Keyring};
use zeroize::Zeroizing;

use crate::convert::number;
use crate::error::call;
use crate::work::{External, Held, Promised, buffer, handle, held, promise};

/// A new one, with a random id. `permissions`: the vocabulary, at most 64 names `resource:action`, to which more can be appended later;
/// without it the one made for portals. Errors: `random_unavailable`.
#[napi(catch_unwind)]
pub(crate) fn deployment_generate(permissions: Option<Vec<String>>) -> napi::Result<External<Deployment>> {
    call(|| Deployment::generate(permissions.as_deref())).map(handle)
}

/// From the bytes of `deployment.json`. Errors: `deployment_malformed`, `deployment_newer_version`.
#[napi(catch_unwind)]
pub(crate) fn deployment_from_json(json: &[u8]) -> napi::Result<External<Deployment>> {
    call(|| Deployment::from_json(json)).map(handle)
}

/// The bytes of `deployment.json`.
#[napi(catch_unwind)]
pub(crate) fn deployment_to_json(deployment: &External<Deployment>) -> Buffer {
    deployment.to_json().into()
}

/// 32 hexadecimal digits.
#[napi(catch_unwind)]
pub(crate) fn deployment_id(deployment: &External<Deployment>) -> String {
    deployment.id()
}

/// The vocabulary, in its order.
#[napi(catch_unwind)]
pub(crate) fn deployment_permissions(deployment: &External<Deployment>) -> Vec<String> {
    deployment.permissions()
}

/// How long links live, in seconds: if nothing is said, and at most; then the same of sessions.
#[napi(catch_unwind)]
pub(crate) fn deployment_lifetimes(deployment: &External<Deployment>) -> Vec<f64> {
    let (link, session) = (deployment.link_lifetimes(), deployment.session_lifetimes());
    [link.0, link.1, session.0, session.1].map(number).to_vec()
}

/// All that these names stand for: `files:*` is every permission on files. Errors: `unknown_permission`.
#[napi(catch_unwind)]
pub(crate) fn deployment_expand(
    deployment: &External<Deployment>,
    permissions: Vec<String>,
) -> napi::Result<Vec<String>> {
    call(|| deployment.expand(&permissions))
}

/// A new one, in memory. Errors: `random_unavailable`.
#[napi(catch_unwind)]
pub(crate) fn keyring_generate(deployment: &External<Deployment>) -> napi::Result<External<Keyring>> {
    call(|| Keyring::generate(deployment)).map(handle)
}

/// Makes a directory with a new deployment and keyring, as `portward keyring new` does. Without a passphrase, its owner can read the keys. `events`: a
/// file that is told of the root key, in a line of JSON, before it is written. Errors: `file_exists`, `sink_failed`.
#[napi(catch_unwind)]
pub(crate) fn keyring_create(
    directory: String,
    permissions: Option<Vec<String>>,
    passphrase: Option<&[u8]>,
    events: Option<String>,
) -> Promised<Keyring, Held<Keyring>> {
    let (passphrase, events) = (passphrase.map(kept), events.map(PathBuf::from));
    let created = move || {
        let (directory, passphrase) = (PathBuf::from(directory), secret(passphrase.as_ref()));
        Keyring::create(&directory, permissions.as_deref(), passphrase, events.as_deref())
    };
    promise(created, held)
}

/// Opens a directory that this or the command has made. With a passphrase, a keyring in the clear is not taken.
/// Errors: `passphrase_required`, `sealed_wrong_passphrase`, `keyring_lock` of one in the clear, `kek_required` of one under a KEK.
#[napi(catch_unwind)]
pub(crate) fn keyring_open(directory: String, passphrase: Option<&[u8]>) -> Promised<Keyring, Held<Keyring>> {
    let passphrase = passphrase.map(kept);
    promise(move || Keyring::open(&PathBuf::from(directory), secret(passphrase.as_ref())), held)
}

/// The same for whoever has a KEK: a keyring in the clear is not taken in any case.
#[napi(catch_unwind)]
pub(crate) fn keyring_open_locked(directory: String, passphrase: Option<&[u8]>) -> Promised<Keyring, Held<Keyring>> {
    let passphrase = passphrase.map(kept);
    promise(move || Keyring::open_locked(&PathBuf::from(directory), secret(passphrase.as_ref())), held)
}

/// From the bytes of `keyring.json`.
#[napi(catch_unwind)]
pub(crate) fn keyring_from_json(json: &[u8], deployment: &External<Deployment>) -> napi::Result<External<Keyring>> {
    call(|| Keyring::from_json(json, deployment)).map(handle)
}

/// Opens the bytes of a keyring under a passphrase. Errors: `sealed_wrong_passphrase`, `sealed_damaged`.
#[napi(catch_unwind)]
pub(crate) fn keyring_unseal(
    sealed: &[u8],
    passphrase: &[u8],
    deployment: &External<Deployment>,
) -> Promised<Keyring, Held<Keyring>> {
    let (sealed, passphrase, deployment) = (sealed.to_vec(), kept(passphrase), Deployment::clone(deployment));
    promise(move || Keyring::unseal(&sealed, &passphrase, &deployment), held)
}

/// Seals it under a passphrase of 1 to 1,024 bytes; takes about a second and 64 MiB or more.
#[napi(catch_unwind)]
pub(crate) fn keyring_seal(keyring: &External<Keyring>, passphrase: &[u8]) -> Promised<Vec<u8>, Buffer> {
    let (keyring, passphrase) = (Keyring::clone(keyring), kept(passphrase));
    promise(move || keyring.seal(&passphrase), buffer)
}

/// The bytes of `keyring.json`: all keys, in the clear.
#[napi(catch_unwind)]
pub(crate) fn keyring_export_in_clear(keyring: &External<Keyring>) -> Buffer {
    crate::work::plaintext(keyring.export_in_clear())
}

/// The deployment that it is of.
#[napi(catch_unwind)]
pub(crate) fn keyring_deployment(keyring: &External<Keyring>) -> External<Deployment> {
    handle(keyring.deployment().clone())
}

/// What may be known about a root key.
#[napi(object)]
pub(crate) struct RootRow {
    /// 8 hexadecimal digits.
    pub id: String,
    /// `active`, `verify_only`, `retired` or `destroyed`.
    pub state: String,
    /// When it was made, in Unix seconds.
    pub created_at: f64,
}

/// What may be known about its roots.
#[napi(catch_unwind)]
pub(crate) fn keyring_roots(keyring: &External<Keyring>) -> Vec<RootRow> {
    let row =
        |root: bridge::Root| RootRow { id: root.id, state: root.state.to_owned(), created_at: number(root.created_at) };
    keyring.roots().into_iter().map(row).collect()
}

fn kept(passphrase: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(passphrase.to_vec())
}

fn secret(passphrase: Option<&Zeroizing<Vec<u8>>>) -> Option<&[u8]> {
    passphrase.map(|passphrase| &***passphrase)
}
