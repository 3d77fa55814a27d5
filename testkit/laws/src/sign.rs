//! Keys, tags and messages as the pages say, made without the code they are to test: `spec/keys.md` 6, `spec/token.md` 4,
//! `spec/revocation.md` 4.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::world::WORLD;

pub(crate) const LINK: &str = "pwl_";
pub(crate) const SESSION: &str = "pws_";

pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// `derive(root, label, parts)` of this deployment.
pub(crate) fn derive(root: &[u8; 32], label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let deployment = WORLD.deployment.id.to_bytes();
    let mut info = Vec::new();
    for part in [label.as_bytes(), &deployment].iter().chain(parts) {
        info.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        info.extend_from_slice(part);
    }
    hmac(root, &[&info, &[1]])
}

/// `None` if there is no such root.
pub(crate) fn token_key(root: [u8; 4], kind: u8, tenant: &str, generation: u32) -> Option<[u8; 32]> {
    let generation = u64::from(generation).to_be_bytes();
    Some(derive(WORLD.root(root)?, "portward/v1/token", &[&[kind], tenant.as_bytes(), &generation]))
}

/// The tag of a head and these blocks.
pub(crate) fn chain(key: &[u8; 32], head: &[u8], blocks: &[&[u8]]) -> [u8; 32] {
    blocks.iter().fold(hmac(key, &[head]), |tag, block| hmac(&tag, &[block]))
}

/// The text of a token: content, tag, and the checksum that goes with them.
pub(crate) fn text(prefix: &str, content_and_tag: &[u8]) -> String {
    let crc = crc32fast::hash(&[prefix.as_bytes(), content_and_tag].concat());
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode([content_and_tag, &crc.to_be_bytes()].concat()))
}

/// What a text says, without its checksum. `None` if it is no text of a token's form.
pub(crate) fn untext(text: &str) -> Option<(&'static str, Vec<u8>)> {
    let prefix = [LINK, SESSION].into_iter().find(|prefix| text.starts_with(prefix))?;
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&text[4..]).ok()?;
    bytes.truncate(bytes.len().checked_sub(4)?);
    Some((prefix, bytes))
}

/// A feed message with its tag, under a root of this scope (in its wire form).
pub(crate) fn message(root: [u8; 4], scope: &[u8], before_tag: &[u8]) -> Vec<u8> {
    let root = WORLD.root(root).unwrap_or(&[0; 32]);
    let key = derive(root, "portward/v1/view", &[&sha256(scope)]);
    let tag = hmac(&key, &[b"portward/v1/feed\0", before_tag]);
    [before_tag, &tag].concat()
}
