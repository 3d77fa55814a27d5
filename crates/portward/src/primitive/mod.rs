//! The only module that names third-party cryptography. What is here is chosen by the format's version, never by a caller.

mod aead;
mod checksum;
mod declare;
#[cfg(all(feature = "fast-aes", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod fast;
mod hash;
mod mac;
mod passphrase;
#[cfg(test)]
mod wycheproof;

#[cfg(all(test, feature = "fast-aes", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use aead::PortableCipher;
#[cfg(not(all(feature = "fast-aes", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(crate) use aead::PortableCipher as BodyCipher;
pub(crate) use aead::{ChunkCipher, WrapCipher, open_once, seal_once};
#[cfg(test)]
pub(crate) use aead::{aes_gcm_open_for_vectors, aes_gcm_seal_for_vectors};
pub use checksum::Checksum;
#[cfg(all(feature = "fast-aes", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use fast::FastCipher as BodyCipher;
#[cfg(test)]
pub(crate) use hash::sha512_for_tests;
pub(crate) use hash::{equal, equal_tags, hkdf_expand, hkdf_expand_76, public_id, sha256};
pub(crate) use mac::{Digest32, MacKey, MacKey512, StreamMacKey};
pub(crate) use passphrase::{Argon2Cost, argon2id};
