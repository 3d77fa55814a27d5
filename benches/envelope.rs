//! Sealing and opening, from memory to memory, beside the raw cipher.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes256Gcm, KeyInit};
use criterion::{Throughput, criterion_group, criterion_main};
use hmac::{Hmac, Mac};
use portward::KeyState;
use portward::envelope::{Context, DataKey, Keep, ScopeKeys};
use portward_benches::ours::World;
use portward_benches::{Criterion, criterion, floor};
use sha2::Sha512;

const CHUNK: usize = 16_384;
const FILE: usize = 16 << 20;
const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn keys(world: &World) -> (ScopeKeys, Context) {
    let scope: portward::envelope::DataScope = "file:1".parse().unwrap();
    let key = DataKey::generate(&world.deployment.id, world.tenant, scope.clone()).unwrap();
    let keys = ScopeKeys::new(&world.deployment, world.tenant, scope).with_data_key(Arc::new(key), KeyState::Active);
    (keys, Context::new(&world.tenant, "files.content", "1204").unwrap())
}

/// The raw cipher over chunks, into room that is cleared for each run, as ours has to be.
fn raw(cipher: &Aes256Gcm, plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = vec![0; plaintext.len() + plaintext.len().div_ceil(CHUNK) * 16];
    for (number, (chunk, room)) in plaintext.chunks(CHUNK).zip(sealed.chunks_mut(CHUNK + 16)).enumerate() {
        let (ciphertext, tag) = room.split_at_mut(chunk.len());
        let mut nonce = [7; 12];
        nonce[4..].copy_from_slice(&(number as u64).to_be_bytes());
        let buffers = InOutBuf::new(chunk, ciphertext).unwrap();
        tag.copy_from_slice(&cipher.encrypt_inout_detached(&nonce.into(), &[], buffers).unwrap());
    }
    sealed
}

fn files(criterion: &mut Criterion) {
    let (keys, context) = keys(&World::default());
    let plaintext = vec![5; FILE];
    let cipher = Aes256Gcm::new(&[7; 32].into());
    let object = keys.seal(&context, &plaintext, Keep::Detached, ONE).unwrap();

    let mut group = criterion.benchmark_group("seal-file");
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    group.bench_function("floor", |b| b.iter(|| raw(&cipher, black_box(&plaintext))));
    group.bench_function("ours", |b| {
        b.iter(|| keys.seal(&context, black_box(&plaintext), Keep::Detached, ONE).unwrap())
    });
    group.finish();

    let mut group = criterion.benchmark_group("open-file");
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    group.bench_function("ours", |b| b.iter(|| keys.open(&context, black_box(&object), ONE).unwrap()));
    group.finish();
}

/// By the clock on the wall, since two threads work: sealed by one, and by two.
fn two_cores(criterion: &mut criterion::Criterion) {
    let (keys, context) = keys(&World::default());
    let plaintext = vec![5; FILE];
    let mut group = criterion.benchmark_group("seal-file-wall");
    group.sample_size(10);
    for (name, threads) in [("one", 1), ("two", 2)] {
        let threads = NonZeroUsize::new(threads).unwrap();
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let start = Instant::now();
                (0..count)
                    .for_each(|_| drop(keys.seal(&context, black_box(&plaintext), Keep::Detached, threads).unwrap()));
                start.elapsed()
            });
        });
    }
}

/// 24 random bytes as we draw them, HKDF-Expand-SHA-512 to 76 bytes, key schedule and seal.
fn record_floor(expand: &Hmac<Sha512>, plaintext: &[u8]) -> Vec<u8> {
    let (first, second) = (floor::draw(), floor::draw());
    let block = |before: &[u8], number: u8| {
        let mut mac = expand.clone();
        mac.update(before);
        mac.update(b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0");
        mac.update(&first);
        mac.update(&second[..8]);
        mac.update(&[9; 100]);
        mac.update(&[number]);
        mac.finalize().into_bytes()
    };
    let head = block(&[], 1);
    let tail = block(&head, 2);
    let cipher = Aes256Gcm::new_from_slice(&head[..32]).unwrap();
    let nonce: [u8; 12] = head[32..44].try_into().unwrap();
    let mut object = vec![0; 20 + 56 + plaintext.len() + 16];
    object[76 - 32..76].copy_from_slice(&[&head[44..], &tail[..12]].concat());
    let (ciphertext, tag) = object[76..].split_at_mut(plaintext.len());
    let buffers = InOutBuf::new(plaintext, ciphertext).unwrap();
    tag.copy_from_slice(&cipher.encrypt_inout_detached(&nonce.into(), &[], buffers).unwrap());
    object
}

fn records(criterion: &mut Criterion) {
    let (keys, context) = keys(&World::default());
    let expand = Hmac::<Sha512>::new_from_slice(&[7; 32]).unwrap();
    for (name, length) in [("64B", 64), ("1KiB", 1024), ("64KiB", 65_536)] {
        let plaintext = vec![5; length];
        let object = keys.seal_record(&context, &plaintext).unwrap();
        let mut group = criterion.benchmark_group(format!("record-{name}"));
        if length < CHUNK {
            group.bench_function("floor", |b| b.iter(|| record_floor(&expand, black_box(&plaintext))));
        }
        group.bench_function("seal", |b| b.iter(|| keys.seal_record(&context, black_box(&plaintext)).unwrap()));
        group.bench_function("open", |b| b.iter(|| keys.open_record(&context, black_box(&object)).unwrap()));
        group.finish();
    }
}

criterion_group! { name = benches; config = criterion(); targets = files, records }
criterion_group! { name = wall; config = criterion::Criterion::default(); targets = two_cores }
criterion_main!(benches, wall);
