//! The raw cipher under us: what `aes-gcm` takes, or with the feature `fast-aes` what `graviola` takes.

use crate::objects::CHUNK;

/// Behind every name that is measured with the faster cipher, so that both can stand in one table.
pub const SUFFIX: &str = if cfg!(feature = "fast-aes") { "-fast" } else { "" };

pub const TAG: usize = 16;

/// AES-256-GCM under a key that is set up.
pub struct Raw(backend::Cipher);

impl Raw {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(backend::new(key))
    }

    /// Seals into room for ciphertext and tag.
    pub fn seal(&self, nonce: &[u8; 12], plaintext: &[u8], room: &mut [u8]) {
        let (ciphertext, tag) = room.split_at_mut(plaintext.len());
        tag.copy_from_slice(&backend::seal(&self.0, nonce, plaintext, ciphertext));
    }

    /// Opens ciphertext and tag.
    pub fn open(&self, nonce: &[u8; 12], sealed: &[u8], plaintext: &mut [u8]) {
        let (ciphertext, tag) = sealed.split_last_chunk().unwrap();
        assert!(backend::open(&self.0, nonce, ciphertext, tag, plaintext));
    }

    /// Chunk by chunk, into room that is cleared for each run, as ours has to be.
    pub fn seal_chunks(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; plaintext.len() + plaintext.len().div_ceil(CHUNK) * TAG];
        let chunks = plaintext.chunks(CHUNK).zip(sealed.chunks_mut(CHUNK + TAG));
        chunks.zip(0..).for_each(|((chunk, room), number)| self.seal(&nonce(number), chunk, room));
        sealed
    }

    pub fn open_chunks(&self, sealed: &[u8]) -> Vec<u8> {
        let mut plaintext = vec![0; sealed.len() - sealed.len().div_ceil(CHUNK + TAG) * TAG];
        let chunks = sealed.chunks(CHUNK + TAG).zip(plaintext.chunks_mut(CHUNK));
        chunks.zip(0..).for_each(|((chunk, room), number)| self.open(&nonce(number), chunk, room));
        plaintext
    }
}

pub fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [7; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce
}

#[cfg(not(feature = "fast-aes"))]
mod backend {
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::aead::inout::InOutBuf;
    use aes_gcm::{Aes256Gcm, KeyInit};

    pub type Cipher = Aes256Gcm;

    pub fn new(key: &[u8; 32]) -> Cipher {
        Aes256Gcm::new(key.into())
    }

    pub fn seal(cipher: &Cipher, nonce: &[u8; 12], plaintext: &[u8], ciphertext: &mut [u8]) -> [u8; 16] {
        let buffers = InOutBuf::new(plaintext, ciphertext).unwrap();
        cipher.encrypt_inout_detached(nonce.into(), &[], buffers).unwrap().into()
    }

    pub fn open(cipher: &Cipher, nonce: &[u8; 12], ciphertext: &[u8], tag: &[u8; 16], plaintext: &mut [u8]) -> bool {
        let buffers = InOutBuf::new(ciphertext, plaintext).unwrap();
        cipher.decrypt_inout_detached(nonce.into(), &[], buffers, tag.into()).is_ok()
    }
}

/// It works in place, so memory to memory is a copy more.
#[cfg(feature = "fast-aes")]
mod backend {
    use graviola::aead::AesGcm;

    pub type Cipher = AesGcm;

    pub fn new(key: &[u8; 32]) -> Cipher {
        AesGcm::new(key)
    }

    pub fn seal(cipher: &Cipher, nonce: &[u8; 12], plaintext: &[u8], ciphertext: &mut [u8]) -> [u8; 16] {
        ciphertext.copy_from_slice(plaintext);
        let mut tag = [0; 16];
        cipher.encrypt(nonce, &[], ciphertext, &mut tag);
        tag
    }

    pub fn open(cipher: &Cipher, nonce: &[u8; 12], ciphertext: &[u8], tag: &[u8; 16], plaintext: &mut [u8]) -> bool {
        plaintext.copy_from_slice(ciphertext);
        cipher.decrypt(nonce, &[], plaintext, tag).is_ok()
    }
}
