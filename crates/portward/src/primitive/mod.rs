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
pub(crate) use hash::{Digest32, ExpandKey, equal, equal_tags, hkdf_expand, sha256};
pub(crate) use mac::{MacKey, StreamMacKey};
pub(crate) use passphrase::{Argon2Cost, argon2id};
