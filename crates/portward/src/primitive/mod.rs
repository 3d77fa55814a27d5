//! The only module that names third-party cryptography. What is here is chosen by the format's version, never by a caller.

mod mac;

pub(crate) use mac::MacKey;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The output of HMAC-SHA-256 or SHA-256.
pub(crate) type Digest32 = [u8; 32];

/// HMAC-SHA-256, RFC 2104, of a message in parts, however long.
pub(crate) struct StreamMacKey(Hmac<Sha256>);

impl StreamMacKey {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("a key of any length"))
    }

    /// `HMAC-SHA-256(key, part ‖ part ‖ …)`.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> Digest32 {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

/// `SHA-256(part ‖ part ‖ …)`.
pub(crate) fn sha256(parts: &[&[u8]]) -> Digest32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// `HKDF-Expand-SHA-256(prk, info ‖ info ‖ …, 32)`, RFC 5869 section 2.3, into `output`.
#[expect(clippy::expect_used, reason = "a PRK of 32 bytes and an output of one block are always accepted")]
pub(crate) fn hkdf_expand(prk: &[u8; 32], info: &[&[u8]], output: &mut [u8; 32]) {
    let hkdf = Hkdf::<Sha256>::from_prk(prk).expect("32 bytes");
    hkdf.expand_multi_info(info, output).expect("one block");
}

/// Whether two secrets are equal, in a time that does not depend on where they differ.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The same for two tags, a word at a time.
pub(crate) fn equal_tags(a: &Digest32, b: &Digest32) -> bool {
    let words = |tag: &Digest32| {
        let (words, _) = tag.as_chunks::<8>();
        [0, 1, 2, 3].map(|index| words.get(index).map_or(0, |word| u64::from_ne_bytes(*word)))
    };
    words(a).ct_eq(&words(b)).into()
}

/// The costs of one Argon2id computation, RFC 9106.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Argon2Cost {
    pub(crate) memory_kib: u32,
    pub(crate) iterations: u32,
    pub(crate) lanes: u32,
}

/// `Argon2id(v0x13, passphrase, salt)` into `output`. `None` when the costs are out of Argon2's bounds or memory is short.
pub(crate) fn argon2id(passphrase: &[u8], salt: &[u8; 32], cost: Argon2Cost, output: &mut [u8; 32]) -> Option<()> {
    use argon2::{Algorithm, Argon2, Params, Version};
    let params = Params::new(cost.memory_kib, cost.iterations, cost.lanes, Some(output.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(passphrase, salt, output).ok()
}

/// AES-256-GCM (NIST SP 800-38D) under a key that seals exactly once; so the nonce may be zero. The tag is appended.
pub(crate) fn seal_once(key: &[u8; 32], associated: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    Aes256Gcm::new(key.into()).encrypt_in_place(&[0; 12].into(), associated, buffer).ok()
}

/// Opens what [`seal_once`] made. `None`, and an empty buffer, when it is not authentic.
pub(crate) fn open_once(key: &[u8; 32], associated: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    let opened = Aes256Gcm::new(key.into()).decrypt_in_place(&[0; 12].into(), associated, buffer);
    if opened.is_err() {
        buffer.clear();
    }
    opened.ok()
}
