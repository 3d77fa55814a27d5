use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit as _};

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
