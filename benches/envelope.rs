//! Sealing and opening, from memory to memory, beside the raw cipher.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant;

use criterion::{Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit as _, Mac};
use portward_benches::objects::{CHUNK, ONE, Objects};
use portward_benches::raw::{Raw, SUFFIX, TAG};
use portward_benches::{Criterion, criterion, floor, wall};
use sha2::Sha512;

const FILE: usize = 16 << 20;

fn files(criterion: &mut Criterion) {
    let (objects, raw) = (Objects::default(), Raw::new(&[7; 32]));
    let plaintext = vec![5; FILE];
    let (object, sealed) = (objects.seal(&plaintext, ONE), raw.seal_chunks(&plaintext));

    let mut group = criterion.benchmark_group(format!("seal-file{SUFFIX}"));
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    group.bench_function("floor", |b| b.iter(|| raw.seal_chunks(black_box(&plaintext))));
    group.bench_function("ours", |b| b.iter(|| objects.seal(black_box(&plaintext), ONE)));
    group.finish();

    let mut group = criterion.benchmark_group(format!("open-file{SUFFIX}"));
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    group.bench_function("floor", |b| b.iter(|| raw.open_chunks(black_box(&sealed))));
    group.bench_function("ours", |b| b.iter(|| objects.open(black_box(&object), ONE)));
    group.finish();
}

/// By the clock on the wall, since two threads work: sealed by one, and by two, into a buffer that is used again.
fn two_cores(criterion: &mut criterion::Criterion) {
    let objects = Objects::default();
    let plaintext = vec![5; FILE];
    let mut group = criterion.benchmark_group(format!("seal-file-wall{SUFFIX}"));
    group.sample_size(10);
    for (name, threads) in [("one", 1), ("two", 2)] {
        let threads = NonZeroUsize::new(threads).unwrap();
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let mut object = objects.seal(&plaintext, threads);
                let start = Instant::now();
                (0..count).for_each(|_| objects.seal_into(black_box(&plaintext), threads, &mut object));
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
    let raw = Raw::new(&head[..32].try_into().unwrap());
    let nonce = head[32..44].try_into().unwrap();
    let mut object = vec![0; 20 + 56 + plaintext.len() + TAG];
    object[76 - 32..76].copy_from_slice(&[&head[44..], &tail[..12]].concat());
    raw.seal(&nonce, plaintext, &mut object[76..]);
    object
}

fn records(criterion: &mut Criterion) {
    let objects = Objects::default();
    let expand = Hmac::<Sha512>::new_from_slice(&[7; 32]).unwrap();
    for (name, length) in [("64B", 64), ("1KiB", 1024), ("64KiB", 65_536)] {
        let plaintext = vec![5; length];
        let object = objects.seal_record(&plaintext);
        let mut group = criterion.benchmark_group(format!("record-{name}{SUFFIX}"));
        if length < CHUNK {
            group.bench_function("floor", |b| b.iter(|| record_floor(&expand, black_box(&plaintext))));
        }
        group.bench_function("seal", |b| b.iter(|| objects.seal_record(black_box(&plaintext))));
        group.bench_function("open", |b| b.iter(|| objects.open_record(black_box(&object))));
        group.finish();
    }
}

criterion_group! { name = benches; config = criterion(); targets = files, records }
criterion_group! { name = by_wall; config = wall(); targets = two_cores }
criterion_main!(benches, by_wall);
