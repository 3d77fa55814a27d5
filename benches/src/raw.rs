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

    /// Chunk by chunk, from this number on, into room for all of them and their tags.
    pub fn seal_into(&self, first: u64, plaintext: &[u8], room: &mut [u8]) {
        let chunks = plaintext.chunks(CHUNK).zip(room.chunks_mut(CHUNK + TAG));
        chunks.zip(first..).for_each(|((chunk, room), number)| {
            self.seal(&nonce(number), chunk, &mut room[..chunk.len() + TAG]);
        });
    }

    pub fn open_into(&self, first: u64, sealed: &[u8], room: &mut [u8]) {
        let chunks = sealed.chunks(CHUNK + TAG).zip(room.chunks_mut(CHUNK));
        chunks.zip(first..).for_each(|((chunk, room), number)| {
            self.open(&nonce(number), chunk, &mut room[..chunk.len() - TAG]);
        });
    }

    /// Into room that is cleared for each run, as ours has to be.
    pub fn seal_chunks(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; sealed_length(plaintext.len())];
        self.seal_into(0, plaintext, &mut sealed);
        sealed
    }

    pub fn open_chunks(&self, sealed: &[u8]) -> Vec<u8> {
        let mut plaintext = vec![0; opened_length(sealed.len())];
        self.open_into(0, sealed, &mut plaintext);
        plaintext
    }
}

pub fn sealed_length(plaintext: usize) -> usize {
    plaintext + plaintext.div_ceil(CHUNK) * TAG
}

pub fn opened_length(sealed: usize) -> usize {
    sealed - sealed.div_ceil(CHUNK + TAG) * TAG
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
