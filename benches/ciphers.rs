//! The libraries that the feature `fast-aes` could have taken: AES-256-GCM in place, of a chunk under a key that is set up, and of a record with the
//! key schedule that each has of its own.

use std::hint::black_box;

use criterion::{criterion_group, criterion_main};
use portward_benches::objects::CHUNK;
use portward_benches::{Criterion, criterion};

const RECORD: usize = 1024;
const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; 12] = [9; 12];

/// Under a key, in place; returns the tag.
trait Cipher {
    const NAME: &str;
    fn new(key: &[u8; 32]) -> Self;
    fn seal(&self, buffer: &mut [u8]) -> [u8; 16];
}

impl Cipher for graviola::aead::AesGcm {
    const NAME: &str = "graviola";

    fn new(key: &[u8; 32]) -> Self {
        Self::new(key)
    }

    fn seal(&self, buffer: &mut [u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        self.encrypt(&NONCE, &[], buffer, &mut tag);
        tag
    }
}

impl Cipher for aes_gcm::Aes256Gcm {
    const NAME: &str = "aes-gcm";

    fn new(key: &[u8; 32]) -> Self {
        aes_gcm::KeyInit::new(key.into())
    }

    fn seal(&self, buffer: &mut [u8]) -> [u8; 16] {
        use aes_gcm::aead::AeadInOut as _;
        self.encrypt_inout_detached((&NONCE).into(), &[], buffer.into()).unwrap().into()
    }
}

/// Both have one interface.
macro_rules! of_ring {
    ($library:ident, $name:literal) => {
        impl Cipher for $library::aead::LessSafeKey {
            const NAME: &str = $name;

            fn new(key: &[u8; 32]) -> Self {
                use $library::aead::{AES_256_GCM, UnboundKey};
                Self::new(UnboundKey::new(&AES_256_GCM, key).unwrap())
            }

            fn seal(&self, buffer: &mut [u8]) -> [u8; 16] {
                use $library::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key(NONCE);
                self.seal_in_place_separate_tag(nonce, Aad::empty(), buffer).unwrap().as_ref().try_into().unwrap()
            }
        }
    };
}

of_ring!(ring, "ring");
of_ring!(aws_lc_rs, "aws-lc-rs");

fn one<C: Cipher>(criterion: &mut Criterion) {
    let tag = <aes_gcm::Aes256Gcm as Cipher>::new(&KEY).seal(&mut [5; RECORD]);
    assert_eq!(C::new(&KEY).seal(&mut [5; RECORD]), tag, "all do the same");
    let (cipher, mut chunk, mut record) = (C::new(&KEY), vec![5; CHUNK], vec![5; RECORD]);
    criterion.bench_function(&format!("cipher-chunk/{}", C::NAME), |b| b.iter(|| cipher.seal(black_box(&mut chunk))));
    criterion.bench_function(&format!("cipher-record/{}", C::NAME), |b| {
        b.iter(|| C::new(black_box(&KEY)).seal(black_box(&mut record)));
    });
}

fn every(criterion: &mut Criterion) {
    one::<graviola::aead::AesGcm>(criterion);
    one::<ring::aead::LessSafeKey>(criterion);
    one::<aws_lc_rs::aead::LessSafeKey>(criterion);
    one::<aes_gcm::Aes256Gcm>(criterion);
}

criterion_group! { name = benches; config = criterion(); targets = every }
criterion_main!(benches);
