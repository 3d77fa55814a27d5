//! Messages of a feed, made without the core: by them a reader is put where a case wants it. `spec/revocation.md` section 4.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use portward_test_vectors::unhex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A snapshot. Without a challenge it is a saved one.
pub(super) struct Snapshot<'a> {
    pub(super) scope: &'a [u8],
    pub(super) challenge: Option<[u8; 16]>,
    pub(super) incarnation: [u8; 16],
    pub(super) sequence: u64,
    pub(super) history: [u8; 32],
    pub(super) body: &'a [u8],
}

impl Snapshot<'_> {
    /// The message under the active root of a keyring's file.
    pub(super) fn sealed(&self, keyring: &Value) -> Vec<u8> {
        let root = keyring["roots"].as_array().unwrap().iter().find(|root| root["state"] == "active").unwrap();
        let deployment = unhex(keyring["deployment"].as_str().unwrap());
        let kind = if self.challenge.is_some() { 0x02 } else { 0x05 };
        let message = [
            &b"pwf\x01"[..],
            &[kind],
            &unhex(root["id"].as_str().unwrap()),
            &deployment,
            &self.incarnation,
            self.scope,
            &[0; 8 + 32],
            &self.sequence.to_be_bytes(),
            &self.history,
            self.challenge.as_ref().map_or(&[], <[u8; 16]>::as_slice),
            self.body,
        ]
        .concat();
        let key = view_key(&root_key(root), &deployment, self.scope);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(b"portward/v1/feed\0");
        mac.update(&message);
        [message, mac.finalize().into_bytes().to_vec()].concat()
    }
}

/// The key of a root in a keyring's file.
pub(super) fn root_key(root: &Value) -> [u8; 32] {
    let text = root["key"].as_str().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix("pwk1_").unwrap_or_default()).unwrap();
    bytes.get(..32).map_or([0; 32], |key| key.try_into().unwrap())
}

fn view_key(root: &[u8; 32], deployment: &[u8], scope: &[u8]) -> [u8; 32] {
    let digest = Sha256::digest(scope);
    let parts: [&[u8]; 3] = [b"portward/v1/view", deployment, &digest];
    let info: Vec<_> =
        parts.iter().flat_map(|part| [&u16::try_from(part.len()).unwrap().to_be_bytes()[..], *part].concat()).collect();
    let mut key = [0; 32];
    Hkdf::<Sha256>::from_prk(root).unwrap().expand(&info, &mut key).unwrap();
    key
}
