use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

/// The output of HMAC-SHA-256 or SHA-256.
pub(crate) type Digest32 = [u8; 32];

/// `SHA-256(part ‖ part ‖ …)`.
pub(crate) fn sha256(parts: &[&[u8]]) -> Digest32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// `HKDF-Expand-SHA-256(prk, info ‖ info ‖ …, 32)`, RFC 5869 section 2.3, into `output`.
#[expect(clippy::expect_used, reason = "a PRK of 32 bytes and an output of one block are always accepted")]
pub(crate) fn hkdf_expand(prk: &[u8; 32], info: &[&[u8]], output: &mut [u8; 32]) {
    let hkdf = Hkdf::<Sha256>::from_prk(prk).expect("32 bytes");
    hkdf.expand_multi_info(info, output).expect("one block");
}

/// A key of HKDF-Expand-SHA-512 (RFC 5869 section 2.3), already absorbed. Shorter than the hash is long, which the `hkdf` crate refuses.
pub(crate) struct ExpandKey(Hmac<Sha512>);

impl ExpandKey {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    pub(crate) fn new(prk: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(prk).expect("a key of any length"))
    }

    /// `HKDF-Expand-SHA-512(key, info ‖ info ‖ …, 76)` into `output`: one block and the beginning of a second.
    pub(crate) fn expand(&self, info: &[&[u8]], output: &mut [u8; 76]) {
        let block = |before: &[u8], number: u8| {
            let mut mac = self.0.clone();
            mac.update(before);
            info.iter().for_each(|part| mac.update(part));
            mac.update(&[number]);
            mac.finalize().into_bytes()
        };
        let mut first = block(&[], 1);
        let mut second = block(&first, 2);
        output.iter_mut().zip(first.iter().chain(&second)).for_each(|(to, from)| *to = *from);
        first.as_mut_slice().zeroize();
        second.as_mut_slice().zeroize();
    }
}

/// Whether two secrets are equal, in a time that does not depend on where they differ.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The same for two tags, a word at a time.
pub(crate) fn equal_tags(a: &Digest32, b: &Digest32) -> bool {
    let words = |tag: &Digest32| {
        let (words, _) = tag.as_chunks::<8>();
        [0, 1, 2, 3].map(|index| words.get(index).map_or(0, |word| u64::from_ne_bytes(*word)))
    };
    words(a).ct_eq(&words(b)).into()
}

#[cfg(test)]
pub(crate) fn sha512_for_tests(bytes: &[u8]) -> Vec<u8> {
    Sha512::digest(bytes).to_vec()
}
