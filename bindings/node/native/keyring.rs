use std::path::PathBuf;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{self as bridge, Deployment, Keyring};
use zeroize::Zeroizing;

use crate::convert::number;
use crate::error::call;
use crate::work::{External, Held, Promised, buffer, handle, held, promise};

#[napi(catch_unwind)]
pub(crate) fn deployment_generate(permissions: Option<Vec<String>>) -> napi::Result<External<Deployment>> {
    call(|| Deployment::generate(permissions.as_deref())).map(handle)
}

#[napi(catch_unwind)]
pub(crate) fn deployment_from_json(json: &[u8]) -> napi::Result<External<Deployment>> {
    call(|| Deployment::from_json(json)).map(handle)
}

#[napi(catch_unwind)]
pub(crate) fn deployment_to_json(deployment: &External<Deployment>) -> Buffer {
    deployment.to_json().into()
}

#[napi(catch_unwind)]
pub(crate) fn deployment_id(deployment: &External<Deployment>) -> String {
    deployment.id()
}

#[napi(catch_unwind)]
pub(crate) fn deployment_permissions(deployment: &External<Deployment>) -> Vec<String> {
    deployment.permissions()
}

/// Default and ceiling of links, then of sessions.
#[napi(catch_unwind)]
pub(crate) fn deployment_lifetimes(deployment: &External<Deployment>) -> Vec<f64> {
    let (link, session) = (deployment.link_lifetimes(), deployment.session_lifetimes());
    [link.0, link.1, session.0, session.1].map(number).to_vec()
}

#[napi(catch_unwind)]
pub(crate) fn deployment_expand(
    deployment: &External<Deployment>,
    permissions: Vec<String>,
) -> napi::Result<Vec<String>> {
    call(|| deployment.expand(&permissions))
}

#[napi(catch_unwind)]
pub(crate) fn keyring_generate(deployment: &External<Deployment>) -> napi::Result<External<Keyring>> {
    call(|| Keyring::generate(deployment)).map(handle)
}

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

#[napi(catch_unwind)]
pub(crate) fn keyring_open(directory: String, passphrase: Option<&[u8]>) -> Promised<Keyring, Held<Keyring>> {
    let passphrase = passphrase.map(kept);
    promise(move || Keyring::open(&PathBuf::from(directory), secret(passphrase.as_ref())), held)
}

/// For whoever has a KEK: one in the clear is not taken.
#[napi(catch_unwind)]
pub(crate) fn keyring_open_locked(directory: String, passphrase: Option<&[u8]>) -> Promised<Keyring, Held<Keyring>> {
    let passphrase = passphrase.map(kept);
    promise(move || Keyring::open_locked(&PathBuf::from(directory), secret(passphrase.as_ref())), held)
}

#[napi(catch_unwind)]
pub(crate) fn keyring_from_json(json: &[u8], deployment: &External<Deployment>) -> napi::Result<External<Keyring>> {
    call(|| Keyring::from_json(json, deployment)).map(handle)
}

#[napi(catch_unwind)]
pub(crate) fn keyring_unseal(
    sealed: &[u8],
    passphrase: &[u8],
    deployment: &External<Deployment>,
) -> Promised<Keyring, Held<Keyring>> {
    let (sealed, passphrase, deployment) = (sealed.to_vec(), kept(passphrase), Deployment::clone(deployment));
    promise(move || Keyring::unseal(&sealed, &passphrase, &deployment), held)
}

#[napi(catch_unwind)]
pub(crate) fn keyring_seal(keyring: &External<Keyring>, passphrase: &[u8]) -> Promised<Vec<u8>, Buffer> {
    let (keyring, passphrase) = (Keyring::clone(keyring), kept(passphrase));
    promise(move || keyring.seal(&passphrase), buffer)
}

#[napi(catch_unwind)]
pub(crate) fn keyring_export_in_clear(keyring: &External<Keyring>) -> Buffer {
    crate::work::plaintext(keyring.export_in_clear())
}

#[napi(catch_unwind)]
pub(crate) fn keyring_deployment(keyring: &External<Keyring>) -> External<Deployment> {
    handle(keyring.deployment().clone())
}

/// What may be known about a root.
#[napi(object)]
pub(crate) struct RootRow {
    pub id: String,
    pub state: String,
    pub created_at: f64,
}

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
