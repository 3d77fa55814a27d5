//! Sealing and opening at four sizes, from memory to memory: the raw cipher with its key set up, ours, and the `age` crate.

use std::hint::black_box;

use criterion::{criterion_group, criterion_main};
use portward_benches::ages;
use portward_benches::objects::Objects;
use portward_benches::raw::{Raw, SUFFIX};
use portward_benches::{Criterion, criterion};

const SIZES: [(&str, usize); 4] = [("64B", 64), ("1KiB", 1024), ("64KiB", 64 << 10), ("1MiB", 1 << 20)];

fn objects(criterion: &mut Criterion) {
    let (ours, raw) = (Objects::default(), Raw::new(&[7; 32]));
    for (size, length) in SIZES {
        let plaintext = vec![5; length];
        let (object, sealed) = (ours.seal_record(&plaintext), raw.seal_chunks(&plaintext));
        assert_eq!((&ours.open_record(&object), &raw.open_chunks(&sealed)), (&plaintext, &plaintext));

        let mut group = criterion.benchmark_group(format!("seal-{size}{SUFFIX}"));
        group.bench_function("raw", |b| b.iter(|| raw.seal_chunks(black_box(&plaintext))));
        group.bench_function("ours", |b| b.iter(|| ours.seal_record(black_box(&plaintext))));
        group.finish();

        let mut group = criterion.benchmark_group(format!("open-{size}{SUFFIX}"));
        group.bench_function("raw", |b| b.iter(|| raw.open_chunks(black_box(&sealed))));
        group.bench_function("ours", |b| b.iter(|| ours.open_record(black_box(&object))));
        group.finish();
    }
}

/// Once, since the cipher under us is nothing to it.
fn age(criterion: &mut Criterion) {
    let peers = [("age-x25519", ages::Peer::x25519()), ("age-symmetric", ages::Peer::symmetric())];
    for (size, length) in SIZES {
        let plaintext = vec![5; length];
        for (name, peer) in &peers {
            let object = peer.seal(&plaintext);
            assert_eq!(peer.open(&object), plaintext);
            let mut group = criterion.benchmark_group(format!("seal-{size}"));
            group.bench_function(*name, |b| b.iter(|| peer.seal(black_box(&plaintext))));
            group.finish();
            let mut group = criterion.benchmark_group(format!("open-{size}"));
            group.bench_function(*name, |b| b.iter(|| peer.open(black_box(&object))));
            group.finish();
        }
    }
}

fn all(criterion: &mut Criterion) {
    objects(criterion);
    if SUFFIX.is_empty() {
        age(criterion);
    }
}

criterion_group! { name = benches; config = criterion(); targets = all }
criterion_main!(benches);
