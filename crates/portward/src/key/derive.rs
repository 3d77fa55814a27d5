//! Every label of version 1, and the one form of derivation.

use zeroize::Zeroizing;

use crate::codec::WireIdentifier;
use crate::key::id::{DeploymentId, RootId};
use crate::primitive::{self, Digest32, MacKey, MacKey512, StreamMacKey};
use crate::secret::Secret;

const KEK_LABEL: &str = "portward/v1/kek";
const TENANT_KEK_LABEL: &str = "portward/v1/tenant-kek";
const BODY_LABEL: &str = "portward/v1/body";
const INDEX_LABEL: &str = "portward/v1/index";
const KEY_CHECK_LABEL: &str = "portward/v1/key-check";
const ROW_LABEL: &str = "portward/v1/row";
const BACKUP_LABEL: &str = "portward/v1/backup";
const ROOT_CHECK_LABEL: &str = "portward/v1/root-check";
const NONCE_LABEL: &str = "portward/v1/nonce";
const TOKEN_LABEL: &str = "portward/v1/token";
const VIEW_LABEL: &str = "portward/v1/view";

/// Binding label of wrapped data keys, `spec/envelope.md` section 3.
pub(crate) const WRAP_DATA_LABEL: &str = "portward/v1/wrap-data";
/// Binding label of wrapped tenant KEKs, `spec/envelope.md` section 3.
pub(crate) const WRAP_KEK_LABEL: &str = "portward/v1/wrap-kek";
/// Binding label of wrapped keyring keys, `spec/envelope.md` section 11.
pub(crate) const WRAP_KEYRING_LABEL: &str = "portward/v1/wrap-keyring";
/// Context label of keyrings under such a key, `spec/envelope.md` section 11.
pub(crate) const WRAPPED_KEYRING_LABEL: &str = "portward/v1/wrapped-keyring";
/// Context label of bodies, `spec/envelope.md` section 5.
pub(crate) const OBJECT_LABEL: &str = "portward/v1/object";
/// Hash label of copy ids, `spec/token.md` section 4.
pub(crate) const COPY_ID_LABEL: &str = "portward/v1/copy-id";
/// Hash label of link checks, `spec/token.md` section 4.
pub(crate) const LINK_CHECK_LABEL: &str = "portward/v1/link-check";
/// MAC label of feed messages, `spec/revocation.md` section 4.
pub(crate) const FEED_LABEL: &str = "portward/v1/feed";
/// Hash label of the feed's history, `spec/revocation.md` section 2.
pub(crate) const HISTORY_LABEL: &str = "portward/v1/history";
/// Context label of what a passphrase seals, `spec/keys.md` section 7.
pub(super) const PASSPHRASE_LABEL: &str = "portward/v1/passphrase";

/// Under which the tags of tokens are made.
pub(crate) type TokenKey = MacKey<purpose::Token>;
/// Under which nonces are made.
pub(crate) type NonceKey = MacKey<purpose::Nonce>;
/// Under which values are looked up.
pub(crate) type IndexKey = MacKey<purpose::Index>;
/// From which the keys of bodies come.
pub(crate) type BodyInputKey = MacKey512<purpose::Body>;
/// Under which feed messages of a scope are made.
pub(crate) type ViewKey = StreamMacKey<purpose::View>;
/// Under which rows of a store are believed.
pub(crate) type RowKey = StreamMacKey<purpose::Row>;
/// Under which catalogues of backups are believed.
pub(crate) type BackupKey = StreamMacKey<purpose::Backup>;

/// What a key is for, as a type that has no value.
pub(crate) mod purpose {
    pub(crate) enum Token {}
    pub(crate) enum Nonce {}
    pub(crate) enum Index {}
    pub(crate) enum Body {}
    pub(crate) enum View {}
    pub(crate) enum Row {}
    pub(crate) enum Backup {}
}

/// Which token key: everything that goes into its derivation besides the deployment.
#[derive(Clone, Copy)]
pub(crate) struct TokenKeyId<'a> {
    pub(crate) root: RootId,
    pub(crate) kind: u8,
    pub(crate) tenant: WireIdentifier<'a>,
    pub(crate) tenant_generation: u32,
}

/// `derive(root, "portward/v1/token", kind, tenant, u64(generation))` into `key`.
pub(crate) fn derive_token_key(root: &Secret, deployment: &DeploymentId, id: &TokenKeyId<'_>, key: &mut TokenKey) {
    let generation = u64::from(id.tenant_generation).to_be_bytes();
    let tenant = id.tenant.to_identifier().text();
    derive(root, deployment, TOKEN_LABEL, [&[id.kind], tenant.as_bytes(), &generation], |derived| key.absorb(derived))
}

/// `derive(root, "portward/v1/view", SHA-256(scope))`, keyed and ready.
pub(crate) fn derive_view_key(root: &Secret, deployment: &DeploymentId, scope: &Digest32) -> ViewKey {
    derive(root, deployment, VIEW_LABEL, [scope], ViewKey::new)
}

/// `derive(root, "portward/v1/nonce")` into `key`.
pub(crate) fn derive_nonce_key(root: &Secret, deployment: &DeploymentId, key: &mut NonceKey) {
    derive(root, deployment, NONCE_LABEL, [], |derived| key.absorb(derived))
}

/// `derive(root, "portward/v1/row")`, keyed and ready.
pub(super) fn derive_row_key(root: &Secret, deployment: &DeploymentId) -> RowKey {
    derive(root, deployment, ROW_LABEL, [], RowKey::new)
}

/// `derive(root, "portward/v1/backup")`, keyed and ready.
pub(super) fn derive_backup_key(root: &Secret, deployment: &DeploymentId) -> BackupKey {
    derive(root, deployment, BACKUP_LABEL, [], BackupKey::new)
}

/// The key of the KEK that a root is, `spec/envelope.md` section 1.
pub(crate) fn derive_root_kek(root: &Secret, deployment: &DeploymentId) -> Secret {
    derive(root, deployment, KEK_LABEL, [], Secret::copy_of)
}

/// The key with which a tenant KEK wraps.
pub(crate) fn derive_tenant_wrap(kek: &Secret, deployment: &DeploymentId) -> Secret {
    derive(kek, deployment, TENANT_KEK_LABEL, [], Secret::copy_of)
}

/// The input key of the bodies under a data key, into `key`.
pub(crate) fn derive_body_key(data_key: &Secret, deployment: &DeploymentId, suite: u8, key: &mut BodyInputKey) {
    derive(data_key, deployment, BODY_LABEL, [&[suite]], |derived| key.absorb(derived));
}

/// `parts`: table, column, index name, normaliser, bits, version.
pub(crate) fn derive_index_key(data_key: &Secret, deployment: &DeploymentId, parts: [&[u8]; 6], key: &mut IndexKey) {
    derive(data_key, deployment, INDEX_LABEL, parts, |derived| key.absorb(derived));
}

/// The check value of a tenant KEK or a data key.
pub(crate) fn key_check(key: &Secret, deployment: &DeploymentId, id: &[u8; 16]) -> [u8; 8] {
    derive(key, deployment, KEY_CHECK_LABEL, [id], |derived| derived.first_chunk().copied().unwrap_or_default())
}

/// The first 8 bytes of `derive(root, "portward/v1/root-check", root id)`.
pub(super) fn root_check(root: &Secret, deployment: &DeploymentId, id: RootId) -> [u8; 8] {
    derive(root, deployment, ROOT_CHECK_LABEL, [&id.to_bytes()], |derived| {
        derived.first_chunk().copied().unwrap_or_default()
    })
}

/// `HKDF-Expand-SHA-256(PRK = root, info = lp(label) ‖ lp(deployment id) ‖ lp(part)…, 32)`, `spec/keys.md` section 6.
///
/// What is derived is handed to `take` and wiped behind it. Nothing is allocated: a forged token comes this far.
fn derive<const PARTS: usize, T>(
    root: &Secret,
    deployment: &DeploymentId,
    label: &str,
    parts: [&[u8]; PARTS],
    take: impl FnOnce(&[u8; 32]) -> T,
) -> T {
    let deployment = deployment.to_bytes();
    let lengths = parts.map(length_prefix);
    let mut info: [&[u8]; 16] = [&[]; 16];
    let (head, tail) = info.split_at_mut(4);
    let (label_length, deployment_length) = (length_prefix(label.as_bytes()), length_prefix(&deployment));
    head.copy_from_slice(&[&label_length, label.as_bytes(), &deployment_length, &deployment]);
    for (place, (length, part)) in tail.chunks_exact_mut(2).zip(lengths.iter().zip(parts)) {
        place.copy_from_slice(&[length, part]);
    }
    let mut derived = Zeroizing::new([0; 32]);
    primitive::hkdf_expand(root.expose(), &info, &mut derived);
    take(&derived)
}

/// `lp(part) ‖ lp(part) ‖ …`
pub(crate) fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| length_prefix(part).into_iter().chain(part.iter().copied())).collect()
}

/// The first half of `lp(x) = u16(length) ‖ x`. All parts are constants, ids, identifiers or hashes, far below 2¹⁶ bytes.
pub(super) fn length_prefix(part: &[u8]) -> [u8; 2] {
    u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes()
}

/// For the vectors of the testkit: the derivation of any label from given bytes.
#[cfg(test)]
pub(crate) fn derive_for_vectors(root: [u8; 32], deployment: [u8; 16], label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let Ok(root) = Secret::try_filled(|bytes| {
        *bytes = root;
        Ok::<(), core::convert::Infallible>(())
    });
    let deployment = DeploymentId::from_bytes(deployment);
    match *parts {
        [] => derive(&root, &deployment, label, [], |key| *key),
        [a] => derive(&root, &deployment, label, [a], |key| *key),
        [a, b] => derive(&root, &deployment, label, [a, b], |key| *key),
        [a, b, c] => derive(&root, &deployment, label, [a, b, c], |key| *key),
        _ => panic!("no label has more than three parts"),
    }
}
