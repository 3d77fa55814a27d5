use core::marker::PhantomData;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sha2::block_api::{compress256, compress512};
use zeroize::{DefaultIsZeroes, Zeroize as _};

/// The output of HMAC-SHA-256 or SHA-256.
pub(crate) type Digest32 = [u8; 32];

/// The word of a SHA-2 function whose blocks have this many bytes. FIPS 180-4.
pub(crate) trait Word<const BLOCK: usize>: DefaultIsZeroes {
    type Digest: AsRef<[u8]>;
    /// The state that the function begins with, sections 5.3.3 and 5.3.5.
    const INITIAL: [Self; 8];
    /// How many bytes of the last block the length of the message takes.
    const LENGTH: usize;

    fn compress(state: &mut [Self; 8], blocks: &[[u8; BLOCK]]);

    fn digest(state: &[Self; 8]) -> Self::Digest;
}

impl Word<64> for u32 {
    type Digest = Digest32;
    const INITIAL: [Self; 8] =
        [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
    const LENGTH: usize = 8;

    fn compress(state: &mut [Self; 8], blocks: &[[u8; 64]]) {
        compress256(state, blocks);
    }

    fn digest(state: &[Self; 8]) -> Digest32 {
        let mut bytes = [0; 32];
        bytes.as_chunks_mut().0.iter_mut().zip(state).for_each(|(place, word)| *place = word.to_be_bytes());
        bytes
    }
}

impl Word<128> for u64 {
    type Digest = [u8; 64];
    const INITIAL: [Self; 8] = [
        0x6A09_E667_F3BC_C908,
        0xBB67_AE85_84CA_A73B,
        0x3C6E_F372_FE94_F82B,
        0xA54F_F53A_5F1D_36F1,
        0x510E_527F_ADE6_82D1,
        0x9B05_688C_2B3E_6C1F,
        0x1F83_D9AB_FB41_BD6B,
        0x5BE0_CD19_137E_2179,
    ];
    const LENGTH: usize = 16;

    fn compress(state: &mut [Self; 8], blocks: &[[u8; 128]]) {
        compress512(state, blocks);
    }

    fn digest(state: &[Self; 8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.as_chunks_mut().0.iter_mut().zip(state).for_each(|(place, word)| *place = word.to_be_bytes());
        bytes
    }
}

/// HMAC (RFC 2104) with the key already absorbed: the states behind its inner and its outer block, and nothing else.
///
/// The compressions are the library's. The two states are kept here for two reasons: they are filled where they stay, so no copy of them
/// is left on the stack, where the library's object is moved there; and a tag costs what its compressions cost, where cloning and
/// finishing the library's object costs half as much again.
///
/// `P` is what it is for: a key of one purpose is not taken for one of another.
pub(crate) struct HmacKey<W: Word<BLOCK>, const BLOCK: usize, P> {
    inner: [W; 8],
    outer: [W; 8],
    purpose: PhantomData<fn() -> P>,
}

/// HMAC-SHA-256.
pub(crate) type MacKey<P = ()> = HmacKey<u32, 64, P>;
/// HMAC-SHA-512.
pub(crate) type MacKey512<P = ()> = HmacKey<u64, 128, P>;

impl<W: Word<BLOCK>, const BLOCK: usize, P> HmacKey<W, BLOCK, P> {
    /// No key yet: something to [absorb](Self::absorb) one.
    pub(crate) const EMPTY: Self = Self { inner: W::INITIAL, outer: W::INITIAL, purpose: PhantomData };

    /// Becomes the key of these bytes, at most a block, in place. Once; a key that holds one already becomes another.
    pub(crate) fn absorb<const N: usize>(&mut self, key: &[u8; N]) {
        const { assert!(N <= BLOCK, "a longer key is hashed first") };
        let mut block = [0; BLOCK];
        for (state, pad) in [(&mut self.inner, 0x36), (&mut self.outer, 0x5C)] {
            block.fill(pad);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            *state = W::INITIAL;
            W::compress(state, core::slice::from_ref(&block));
        }
        block.as_mut_slice().zeroize();
    }

    /// Becomes the same key as another, in place.
    pub(crate) const fn copy_from(&mut self, other: &Self) {
        self.inner = other.inner;
        self.outer = other.outer;
    }

    /// `HMAC(key, message)`.
    pub(crate) fn tag(&self, message: &[u8]) -> W::Digest {
        let (blocks, rest) = message.as_chunks();
        let mut state = self.inner;
        W::compress(&mut state, blocks);
        finish(&mut state, rest, message.len());
        self.outer_tag(&state)
    }

    /// `HMAC(key, part ‖ part ‖ …)`.
    pub(crate) fn tag_of<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> W::Digest {
        let (mut state, mut block, mut filled, mut length) = (self.inner, [0; BLOCK], 0usize, 0usize);
        for mut part in parts {
            length = length.saturating_add(part.len());
            while !part.is_empty() {
                let room = block.get_mut(filled..).unwrap_or_default();
                let (taken, rest) = part.split_at(room.len().min(part.len()));
                room.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
                filled = filled.saturating_add(taken.len());
                part = rest;
                if filled == BLOCK {
                    W::compress(&mut state, core::slice::from_ref(&block));
                    filled = 0;
                }
            }
        }
        finish(&mut state, block.get(..filled).unwrap_or_default(), length);
        self.outer_tag(&state)
    }

    fn outer_tag(&self, inner: &[W; 8]) -> W::Digest {
        let digest = W::digest(inner);
        let mut state = self.outer;
        finish(&mut state, digest.as_ref(), digest.as_ref().len());
        W::digest(&state)
    }
}

impl<W: Word<BLOCK>, const BLOCK: usize, P> Drop for HmacKey<W, BLOCK, P> {
    fn drop(&mut self) {
        self.inner.as_mut_slice().zeroize();
        self.outer.as_mut_slice().zeroize();
    }
}

/// Compresses the last bytes of a message and its padding, FIPS 180-4 section 5.1. One block stood before the message.
fn finish<W: Word<BLOCK>, const BLOCK: usize>(state: &mut [W; 8], rest: &[u8], length: usize) {
    let bits = u64::try_from(length.saturating_add(BLOCK).saturating_mul(8)).unwrap_or(u64::MAX).to_be_bytes();
    let mut block = [0; BLOCK];
    if let Some((place, [mark, ..])) = block.split_at_mut_checked(rest.len()) {
        place.copy_from_slice(rest);
        *mark = 0x80;
    }
    if rest.len() >= BLOCK.saturating_sub(W::LENGTH) {
        W::compress(state, core::slice::from_ref(&block));
        block = [0; BLOCK];
    }
    block.last_chunk_mut().into_iter().for_each(|end| *end = bits);
    W::compress(state, core::slice::from_ref(&block));
}

/// HMAC-SHA-256 of messages that may be very long, for the purpose `P`.
pub(crate) struct StreamMacKey<P = ()>(Hmac<Sha256>, PhantomData<fn() -> P>);

impl<P> StreamMacKey<P> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("a key of any length"), PhantomData)
    }

    /// `HMAC-SHA-256(key, part ‖ part ‖ …)`.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> Digest32 {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::Sha512;

    fn key<W: Word<BLOCK>, const BLOCK: usize>(bytes: &[u8; 32]) -> HmacKey<W, BLOCK, ()> {
        let mut key = HmacKey::EMPTY;
        key.absorb(bytes);
        key
    }

    fn check(bytes: &[u8; 32], message: &[u8], cuts: [usize; 2]) {
        let mut long = Hmac::<Sha512>::new_from_slice(bytes).unwrap();
        long.update(message);
        let expected = (<StreamMacKey>::new(bytes).tag(&[message]), long.finalize().into_bytes());
        let (short, long): (MacKey, MacKey512) = (key(bytes), key(bytes));
        assert_eq!((short.tag(message), long.tag(message).into()), expected, "{}", message.len());
        let [a, b] = cuts.map(|cut| cut.min(message.len()));
        let parts = || [&message[..a.min(b)], &message[a.min(b)..a.max(b)], &message[a.max(b)..]].into_iter();
        assert_eq!((short.tag_of(parts()), long.tag_of(parts()).into()), expected, "{} in parts", message.len());
    }

    /// Every length around the ends of one, two and three blocks of either function.
    #[test]
    fn agrees_with_the_library_at_every_length() {
        let message = [0xA7; 520];
        for length in 0..message.len() {
            check(&[u8::try_from(length % 251).unwrap(); 32], &message[..length], [length / 3, length / 2]);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_library(key: [u8; 32], message in proptest::collection::vec(any::<u8>(), 0..2000), cuts in [0usize..2000, 0usize..2000]) {
            check(&key, &message, cuts);
        }
    }

    #[test]
    fn a_key_can_be_copied_in_place_and_absorbed_again() {
        let (mut first, mut second): (MacKey, MacKey) = (key(&[1; 32]), key(&[2; 32]));
        let tag = first.tag(b"m");
        second.copy_from(&first);
        assert_eq!(second.tag(b"m"), tag);
        first.absorb(&[2; 32]);
        assert_eq!(first.tag(b"m"), key::<u32, 64>(&[2; 32]).tag(b"m"));
    }
}
