use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, Tag};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use xaes_256_gcm::Xaes256Gcm;

use crate::primitive::declare::declared;

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

/// For the vectors of the testkit: a slot as a PKCS#11 module makes it.
#[cfg(test)]
pub(crate) fn aes_gcm_open_for_vectors(key: &[u8; 32], iv: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = sealed.to_vec();
    Aes256Gcm::new(key.into()).decrypt_in_place(&(*iv).into(), aad, &mut buffer).ok()?;
    Some(buffer)
}

/// The same, sealing: a slot as Android Keystore makes it.
#[cfg(test)]
pub(crate) fn aes_gcm_seal_for_vectors(key: &[u8; 32], iv: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = plaintext.to_vec();
    Aes256Gcm::new(key.into()).encrypt_in_place(&(*iv).into(), aad, &mut buffer).ok()?;
    Some(buffer)
}

/// AES-256-GCM without associated data, for the chunks of one body: what a faster implementation has to do.
pub(crate) trait ChunkCipher: Send + Sync + Sized {
    /// Under this key; wiped when dropped.
    fn with_key(key: &[u8; 32]) -> Self;

    /// Encrypts into a buffer of the same length and returns the tag.
    fn seal(&self, nonce: &[u8; 12], plaintext: &[u8], ciphertext: &mut [u8]) -> [u8; 16];

    /// Decrypts into a buffer of the same length. `false`: not authentic, and the buffer holds nothing that was decrypted.
    fn open(&self, nonce: &[u8; 12], ciphertext: &[u8], tag: &[u8; 16], plaintext: &mut [u8]) -> bool;
}

impl ChunkCipher for Aes256Gcm {
    fn with_key(key: &[u8; 32]) -> Self {
        Self::new(key.into())
    }

    #[expect(clippy::expect_used, reason = "two buffers of one length, and a chunk of 16 KiB, are always taken")]
    fn seal(&self, nonce: &[u8; 12], plaintext: &[u8], ciphertext: &mut [u8]) -> [u8; 16] {
        let buffers = InOutBuf::new(plaintext, ciphertext).expect("one length");
        self.encrypt_inout_detached(nonce.into(), &[], buffers).expect("a chunk").into()
    }

    fn open(&self, nonce: &[u8; 12], ciphertext: &[u8], tag: &[u8; 16], plaintext: &mut [u8]) -> bool {
        let buffers = InOutBuf::new(ciphertext, plaintext);
        let opened = |buffers| self.decrypt_inout_detached(nonce.into(), &[], buffers, tag.into()).is_ok();
        buffers.is_ok_and(|buffers| declared(opened(buffers)))
    }
}

/// The implementation that is always there.
#[cfg_attr(feature = "fast-aes", allow(dead_code, reason = "the faster one takes its place"))]
pub(crate) type PortableCipher = Aes256Gcm;

/// A key of XAES-256-GCM (C2SP XAES-256-GCM 1.0.1), for wrapping keys of 32 bytes. Wiped when dropped.
pub(crate) struct WrapCipher(Xaes256Gcm);

impl WrapCipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Xaes256Gcm::new(key.into()))
    }

    /// Encrypts the key in place and returns the tag.
    #[expect(clippy::expect_used, reason = "it fails for messages of 64 GiB only")]
    pub(crate) fn seal(&self, nonce: &[u8; 24], associated: &[u8], key: &mut [u8; 32]) -> [u8; 16] {
        self.0.encrypt_inout_detached(nonce.into(), associated, key.as_mut_slice().into()).expect("32 bytes").into()
    }

    /// Decrypts the key in place. `false`: not authentic, and nothing is decrypted.
    pub(crate) fn open(&self, nonce: &[u8; 24], associated: &[u8], key: &mut [u8; 32], tag: &[u8; 16]) -> bool {
        let tag: &Tag<Xaes256Gcm> = tag.into();
        declared(self.0.decrypt_inout_detached(nonce.into(), associated, key.as_mut_slice().into(), tag).is_ok())
    }
}
