use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sha2::block_api::compress256;
use zeroize::Zeroize;

use crate::primitive::hash::Digest32;

/// The state that SHA-256 begins with, FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
const BLOCK: usize = 64;

/// HMAC-SHA-256 (RFC 2104) with the key already absorbed: the states behind its inner and its outer block, and nothing else.
///
/// The compressions are the library's; the two states are kept here because a tag then costs what its compressions cost, where
/// cloning and finishing the library's object costs half as much again.
pub(crate) struct MacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut block = [0; BLOCK];
        let mut absorbed = |pad: u8| {
            block.fill(pad);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = INITIAL;
            compress256(&mut state, &[block]);
            block.as_mut_slice().zeroize();
            state
        };
        Self { inner: absorbed(0x36), outer: absorbed(0x5C) }
    }

    /// `HMAC-SHA-256(key, message)`.
    pub(crate) fn tag(&self, message: &[u8]) -> Digest32 {
        let (blocks, rest) = message.as_chunks();
        let mut inner = self.inner;
        compress256(&mut inner, blocks);
        finish(&mut inner, rest, message.len());
        let mut outer = self.outer;
        finish(&mut outer, &to_bytes(inner), size_of::<Digest32>());
        to_bytes(outer)
    }
}

impl Drop for MacKey {
    fn drop(&mut self) {
        self.inner.as_mut_slice().zeroize();
        self.outer.as_mut_slice().zeroize();
    }
}

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

/// Compresses the last bytes of a message and its padding, FIPS 180-4 section 5.1.1. One block stood before the message.
fn finish(state: &mut [u32; 8], rest: &[u8], length: usize) {
    let bits = u64::try_from(length.saturating_add(BLOCK).saturating_mul(8)).unwrap_or(u64::MAX).to_be_bytes();
    let mut block = [0; BLOCK];
    if let Some((place, [mark, ..])) = block.split_at_mut_checked(rest.len()) {
        place.copy_from_slice(rest);
        *mark = 0x80;
    }
    if rest.len() >= BLOCK.saturating_sub(8) {
        compress256(state, &[block]);
        block = [0; BLOCK];
    }
    block.last_chunk_mut().into_iter().for_each(|end| *end = bits);
    compress256(state, &[block]);
}

fn to_bytes(state: [u32; 8]) -> Digest32 {
    let mut bytes = [0; 32];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
        *place = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_the_library(key: &[u8; 32], message: &[u8]) -> Digest32 {
        StreamMacKey::new(key).tag(&[message])
    }

    /// Every length around the ends of one, two and three blocks.
    #[test]
    fn agrees_with_the_library_at_every_length() {
        let message = [0xA7; 260];
        for length in 0..message.len() {
            let key = [u8::try_from(length % 251).unwrap(); 32];
            assert_eq!(MacKey::new(&key).tag(&message[..length]), of_the_library(&key, &message[..length]), "{length}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_library(key: [u8; 32], message in proptest::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(MacKey::new(&key).tag(&message), of_the_library(&key, &message));
        }
    }
}
