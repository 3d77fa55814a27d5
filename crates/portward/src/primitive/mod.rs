//! The only module that names third-party cryptography. What is here is chosen by the format's version, never by a caller.

mod aead;
mod hash;
mod mac;
mod passphrase;

pub(crate) use aead::{open_once, seal_once};
pub(crate) use hash::{Digest32, equal, equal_tags, hkdf_expand, sha256};
pub(crate) use mac::{MacKey, StreamMacKey};
pub(crate) use passphrase::{Argon2Cost, argon2id};
