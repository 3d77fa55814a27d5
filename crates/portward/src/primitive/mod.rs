//! The only module that names third-party cryptography. What is here is chosen by the format's version, never by a caller.

mod aead;
mod hash;
mod mac;
mod passphrase;
#[cfg(test)]
mod wycheproof;

pub(crate) use aead::{BodyCipher, ChunkCipher, WrapCipher, open_once, seal_once};
#[cfg(test)]
pub(crate) use hash::sha512_for_tests;
pub(crate) use hash::{equal, equal_tags, hkdf_expand, hkdf_expand_76, sha256};
pub(crate) use mac::{Digest32, MacKey, MacKey512, StreamMacKey};
pub(crate) use passphrase::{Argon2Cost, argon2id};
