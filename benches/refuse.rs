//! Refusing: what cannot be a token, and what is none that is good.

use std::hint::black_box;

use criterion::{criterion_group, criterion_main};
use portward::Timestamp;
use portward_benches::ours::{Feed, World};
use portward_benches::{Criterion, criterion, floor};

/// The longest text that is decoded at all, and a text far longer.
fn rubbish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rubbish");
    let world = World::default();
    let verifier = world.verifier(Feed::new(&world).follower.cell());
    for (name, length, code) in [("1KB", 1024, "bad_checksum"), ("1MB", 1 << 20, "too_long")] {
        let text = format!("pwl_{}", &"portward".repeat(length / 8)[4..]);
        let verify = |text: &str| verifier.verify_link(text, world.now).unwrap_err();
        assert_eq!(verify(&text).code(), code);
        group.bench_function(name, |b| b.iter(|| verify(black_box(&text))));
    }
}

fn refuse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refuse");
    let world = World::default();
    let (link, revoked) = (world.link(), world.link());
    let feed = Feed::with_entries(&world, &[revoked.id()], 1_000_000);
    let verifier = world.verifier(feed.follower.cell());
    let verify = |text: &str| verifier.verify_link(text, world.now);
    verify(link.text()).unwrap();

    let long_ago = Timestamp::from_unix(world.now.wall.unix() - 100 * 86_400);
    let refused = [
        ("bad-checksum", replaced(link.text(), ["A", "B"]), "bad_checksum"),
        ("bad-base64", replaced(link.text(), ["!", "!"]), "bad_base64"),
        ("forged", floor::forged(link.text()), "forged"),
        ("unknown-root", World::default().link().text().to_owned(), "unknown_root"),
        ("expired", world.link_at(long_ago).text().to_owned(), "expired"),
        ("revoked", revoked.text().to_owned(), "link_revoked"),
    ];
    for (name, text, code) in &refused {
        assert_eq!(verify(text).unwrap_err().code(), *code);
        group.bench_function(*name, |b| b.iter(|| verify(black_box(text)).unwrap_err()));
    }
}

/// The text with another character in the middle.
fn replaced(text: &str, [by, or_by]: [&str; 2]) -> String {
    let (front, back) = text.split_at(text.len() / 2);
    let by = if back.starts_with(by) { or_by } else { by };
    format!("{front}{by}{}", &back[1..])
}

criterion_group! { name = benches; config = criterion(); targets = rubbish, refuse }
criterion_main!(benches);
