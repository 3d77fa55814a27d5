use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use crate::primitive::declare::{declared, declared_id};
use crate::primitive::mac::{Digest32, MacKey, MacKey512};

/// `SHA-256(part ‖ part ‖ …)`.
pub(crate) fn sha256(parts: &[&[u8]]) -> Digest32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// `SHA-256(label ‖ 0x00 ‖ secret)[0..16]`: a name for what is secret, which is not secret itself.
pub(crate) fn public_id(label: &str, secret: &Digest32) -> [u8; 16] {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = sha256(&[label.as_bytes(), &[0], secret]);
    declared_id(id)
}

/// `HKDF-Expand-SHA-256(prk, info ‖ info ‖ …, 32)`, RFC 5869 section 2.3, into `output`: one block, which is one HMAC.
pub(crate) fn hkdf_expand(prk: &[u8; 32], info: &[&[u8]], output: &mut [u8; 32]) {
    let mut key = <MacKey>::EMPTY;
    key.absorb(prk);
    *output = key.tag_of(info.iter().copied().chain([[1].as_slice()]));
}

/// `HKDF-Expand-SHA-512(key, info ‖ info ‖ …, 76)` into `output`: one block and the beginning of a second. (The key is shorter than the
/// hash is long, which the `hkdf` crate refuses.)
pub(crate) fn hkdf_expand_76<P>(prk: &MacKey512<P>, info: &[&[u8]], output: &mut [u8; 76]) {
    let mut first = prk.tag_of(info.iter().copied().chain([[1].as_slice()]));
    let mut second = prk.tag_of([first.as_slice()].into_iter().chain(info.iter().copied()).chain([[2].as_slice()]));
    output.iter_mut().zip(first.iter().chain(&second)).for_each(|(to, from)| *to = *from);
    first.as_mut_slice().zeroize();
    second.as_mut_slice().zeroize();
}

/// Whether two secrets are equal, in a time that does not depend on where they differ.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    declared(a.ct_eq(b).into())
}

/// The same for two tags, a word at a time.
pub(crate) fn equal_tags(a: &Digest32, b: &Digest32) -> bool {
    let words = |tag: &Digest32| {
        let (words, _) = tag.as_chunks::<8>();
        [0, 1, 2, 3].map(|index| words.get(index).map_or(0, |word| u64::from_ne_bytes(*word)))
    };
    declared(words(a).ct_eq(&words(b)).into())
}

#[cfg(test)]
pub(crate) fn sha512_for_tests(bytes: &[u8]) -> Vec<u8> {
    sha2::Sha512::digest(bytes).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hkdf::Hkdf;
    use proptest::prelude::*;
    use sha2::Sha512;

    proptest! {
        #[test]
        fn expanding_agrees_with_the_library(prk: [u8; 32], info in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..8)) {
            let info: Vec<&[u8]> = info.iter().map(Vec::as_slice).collect();
            let (mut found, mut expected) = ([0; 32], [0; 32]);
            hkdf_expand(&prk, &info, &mut found);
            Hkdf::<Sha256>::from_prk(&prk).unwrap().expand_multi_info(&info, &mut expected).unwrap();
            prop_assert_eq!(found, expected);
        }

        /// The library takes no short PRK with SHA-512; but HMAC pads a key with zeros, so the longer one is the same key.
        #[test]
        fn the_long_one_too(prk: [u8; 32], info in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut key = <MacKey512>::EMPTY;
            key.absorb(&prk);
            let (mut found, mut expected) = ([0; 76], [0; 76]);
            hkdf_expand_76(&key, &[&info], &mut found);
            let padded = [prk, [0; 32]].concat();
            Hkdf::<Sha512>::from_prk(&padded).unwrap().expand(&info, &mut expected).unwrap();
            prop_assert_eq!(found, expected);
        }
    }
}
