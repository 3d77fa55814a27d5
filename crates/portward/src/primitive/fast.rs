use aes_gcm::Aes256Gcm;
use graviola::aead::AesGcm;
use graviola::util::is_cpu_supported;

use crate::primitive::aead::ChunkCipher;

/// AES-256-GCM of the `graviola` crate where the processor has what that asks for, and the portable one elsewhere. Both give the same bytes.
pub(crate) enum FastCipher {
    Fast(Box<AesGcm>),
    Portable(Box<Aes256Gcm>),
}

impl FastCipher {
    fn portable(key: &[u8; 32]) -> Self {
        Self::Portable(Box::new(Aes256Gcm::with_key(key)))
    }
}

impl ChunkCipher for FastCipher {
    fn with_key(key: &[u8; 32]) -> Self {
        if is_cpu_supported() { Self::Fast(Box::new(AesGcm::new(key))) } else { Self::portable(key) }
    }

    fn seal(&self, nonce: &[u8; 12], plaintext: &[u8], ciphertext: &mut [u8]) -> [u8; 16] {
        match self {
            Self::Fast(cipher) => {
                ciphertext.copy_from_slice(plaintext);
                let mut tag = [0; 16];
                cipher.encrypt(nonce, &[], ciphertext, &mut tag);
                tag
            }
            Self::Portable(cipher) => cipher.seal(nonce, plaintext, ciphertext),
        }
    }

    fn open(&self, nonce: &[u8; 12], ciphertext: &[u8], tag: &[u8; 16], plaintext: &mut [u8]) -> bool {
        match self {
            // It decrypts before it knows, and clears what it has decrypted where the tag is wrong.
            Self::Fast(cipher) => {
                plaintext.copy_from_slice(ciphertext);
                cipher.decrypt(nonce, &[], plaintext, tag).is_ok()
            }
            Self::Portable(cipher) => cipher.open(nonce, ciphertext, tag, plaintext),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whichever the processor gets, both give the same bytes and refuse the same.
        #[test]
        fn both_give_the_same(key: [u8; 32], nonce: [u8; 12], plaintext in proptest::collection::vec(any::<u8>(), 0..2100), flip: prop::sample::Index) {
            let (fast, portable) = (FastCipher::with_key(&key), FastCipher::portable(&key));
            let (mut one, mut other) = (vec![0; plaintext.len()], vec![0; plaintext.len()]);
            let tag = fast.seal(&nonce, &plaintext, &mut one);
            prop_assert_eq!(tag, portable.seal(&nonce, &plaintext, &mut other));
            prop_assert_eq!(&one, &other);
            let mut opened = vec![0xEE; plaintext.len()];
            prop_assert!(fast.open(&nonce, &one, &tag, &mut opened));
            prop_assert_eq!(&opened, &plaintext);
            let mut wrong = [one.clone(), tag.to_vec()].concat();
            let place = flip.index(wrong.len());
            wrong[place] ^= 0x10;
            let (ciphertext, tag) = wrong.split_last_chunk().unwrap();
            for cipher in [&fast, &portable] {
                let mut nothing = vec![0; plaintext.len()];
                prop_assert!(!cipher.open(&nonce, ciphertext, tag, &mut nothing));
                prop_assert!(nothing.iter().all(|byte| *byte == 0));
            }
        }
    }

    /// Around one chunk of a body and far beyond it, where other code of either works.
    #[test]
    fn both_give_the_same_for_chunks_and_for_more() {
        const CHUNK: usize = 16_384;
        let lengths =
            [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5, 64 * CHUNK - 1, 64 * CHUNK, 64 * CHUNK + 1];
        for (round, length) in lengths.into_iter().enumerate() {
            let (key, nonce) = ([u8::try_from(round).unwrap() ^ 0x5A; 32], [u8::try_from(round).unwrap(); 12]);
            let ciphers = [FastCipher::with_key(&key), FastCipher::portable(&key)];
            let plaintext: Vec<u8> = (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect();
            let sealed = ciphers.each_ref().map(|cipher| {
                let mut ciphertext = vec![0; length];
                (cipher.seal(&nonce, &plaintext, &mut ciphertext), ciphertext)
            });
            assert!(sealed[0] == sealed[1], "{length}");
            let (tag, ciphertext) = &sealed[0];
            for cipher in &ciphers {
                let mut opened = vec![0xEE; length];
                assert!(cipher.open(&nonce, ciphertext, tag, &mut opened) && opened == plaintext, "{length}");
                for place in [0, length / 2, length - 1] {
                    let mut wrong = ciphertext.clone();
                    wrong[place] ^= 0x10;
                    let mut nothing = vec![0; length];
                    assert!(!cipher.open(&nonce, &wrong, tag, &mut nothing), "{length} at {place}");
                    assert!(nothing.iter().all(|byte| *byte == 0), "{length} at {place}");
                }
            }
        }
    }

    #[test]
    fn this_processor_is_told_apart() {
        let chosen = FastCipher::with_key(&[1; 32]);
        assert_eq!(matches!(chosen, FastCipher::Fast(_)), is_cpu_supported());
    }
}
