//! Every label of version 1, and the one form of derivation.

use crate::codec::Writer as _;
use crate::id::Identifier;
use crate::key::id::{DeploymentId, RootId};
use crate::primitive::{self, Digest32, MacKey};
use crate::secret::Secret;

const ROOT_CHECK_LABEL: &str = "portward/v1/root-check";
const TOKEN_LABEL: &str = "portward/v1/token";
const VIEW_LABEL: &str = "portward/v1/view";

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

/// Which token key: everything that goes into its derivation besides the deployment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenKeyId {
    pub(crate) root: RootId,
    pub(crate) kind: u8,
    pub(crate) tenant: Identifier,
    pub(crate) tenant_generation: u32,
}

/// `derive(root, "portward/v1/token", kind, tenant, u64(generation))`, keyed and ready.
pub(crate) fn derive_token_key(root: &Secret, deployment: &DeploymentId, id: &TokenKeyId) -> MacKey {
    let generation = u64::from(id.tenant_generation).to_be_bytes();
    let tenant = id.tenant.to_string();
    MacKey::new(derive(root, deployment, TOKEN_LABEL, &[&[id.kind], tenant.as_bytes(), &generation]).expose())
}

/// `derive(root, "portward/v1/view", SHA-256(scope))`, keyed and ready.
pub(crate) fn derive_view_key(root: &Secret, deployment: &DeploymentId, scope: &Digest32) -> MacKey {
    MacKey::new(derive(root, deployment, VIEW_LABEL, &[scope]).expose())
}

/// The first 8 bytes of `derive(root, "portward/v1/root-check", root id)`.
pub(super) fn root_check(root: &Secret, deployment: &DeploymentId, id: RootId) -> [u8; 8] {
    let derived = derive(root, deployment, ROOT_CHECK_LABEL, &[&id.to_bytes()]);
    let [check @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *derived.expose();
    check
}

/// `HKDF-Expand-SHA-256(PRK = root, info = lp(label) ‖ lp(deployment id) ‖ lp(part)…, 32)`, `spec/keys.md` section 6.
fn derive(root: &Secret, deployment: &DeploymentId, label: &str, parts: &[&[u8]]) -> Secret {
    let mut info = Vec::with_capacity(160);
    let deployment: &[u8] = &deployment.to_bytes();
    for part in [label.as_bytes(), deployment].into_iter().chain(parts.iter().copied()) {
        put_length_prefixed(&mut info, part);
    }
    let Ok(derived) = Secret::try_filled(|output| {
        primitive::hkdf_expand(root.expose(), &[&info], output);
        Ok::<(), core::convert::Infallible>(())
    });
    derived
}

/// `lp(x) = u16(length) ‖ x`. All parts are constants, ids, identifiers or hashes, far below 2¹⁶ bytes.
pub(super) fn put_length_prefixed(info: &mut Vec<u8>, part: &[u8]) {
    info.put(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
    info.put(part);
}

/// For the vectors of the testkit: the derivation of any label from given bytes.
#[cfg(test)]
pub(crate) fn derive_for_vectors(root: [u8; 32], deployment: [u8; 16], label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let Ok(root) = Secret::try_filled(|bytes| {
        *bytes = root;
        Ok::<(), core::convert::Infallible>(())
    });
    *derive(&root, &DeploymentId::from_bytes(deployment), label, parts).expose()
}
