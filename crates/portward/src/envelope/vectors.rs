//! What the vectors of the testkit need and nobody else may have: keys of given bytes, given nonces and salts.

use std::cell::RefCell;

use crate::Identifier;
pub(crate) use crate::envelope::seal::seal_for_vectors as seal_with_salt;
use crate::envelope::wrap::WithNonce;
use crate::envelope::{Binding, DataKey, DataScope, KekName, KekType, KeyId, RootKeks, ScopeKeys, TenantKek};
use crate::key::{DeploymentId, RootId, derive_root_kek, derive_tenant_wrap};
use crate::secret::Secret;

fn secret(key: [u8; 32]) -> Secret {
    Secret::copy_of(&key)
}

pub(crate) fn data_key(
    deployment: &DeploymentId,
    tenant: Identifier,
    scope: DataScope,
    id: KeyId,
    key: [u8; 32],
) -> DataKey {
    DataKey::of(deployment, tenant, scope, id, secret(key))
}

thread_local! {
    static BOUND: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// What bodies are bound to on this thread, in the place of data key and context.
pub(crate) fn bound() -> Option<Vec<u8>> {
    BOUND.with_borrow(Clone::clone)
}

pub(crate) fn with_bound<T>(bound: Vec<u8>, act: impl FnOnce() -> T) -> T {
    BOUND.set(Some(bound));
    let done = act();
    BOUND.set(None);
    done
}

/// The check value of the one data key.
pub(crate) fn check_of(keys: &ScopeKeys) -> [u8; 8] {
    keys.data_keys[0].0.check_value()
}

pub(crate) fn tenant_kek(
    deployment: &DeploymentId,
    tenant: Identifier,
    (id, version): (KeyId, u32),
    key: [u8; 32],
) -> TenantKek {
    TenantKek::of(deployment, tenant, id, version, secret(key))
}

pub(crate) fn root_keks(deployment: &DeploymentId, roots: &[([u8; 4], [u8; 32])]) -> RootKeks {
    let cipher =
        |(id, key): &([u8; 4], [u8; 32])| (RootId::from_bytes(*id), derive_root_kek(&secret(*key), deployment));
    RootKeks::of(roots.iter().map(cipher).collect())
}

pub(crate) fn with_nonce(deployment: &DeploymentId, name: KekName, key: [u8; 32], nonce: [u8; 24]) -> WithNonce {
    let cipher = match name.kind() {
        KekType::Tenant => derive_tenant_wrap(&secret(key), deployment),
        _ => derive_root_kek(&secret(key), deployment),
    };
    WithNonce(cipher, name, nonce)
}

pub(crate) fn keyring_binding(deployment: &DeploymentId, kek: &KekName) -> Binding {
    Binding::of_keyring_key(deployment, kek)
}
