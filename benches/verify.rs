//! Verifying: a link, a link of a tenant whose key is not at hand, a session, a link that was passed on eight times.

mod peers;

use std::cell::Cell;
use std::hint::black_box;
use std::time::SystemTime;

use criterion::{criterion_group, criterion_main};
use peers::{biscuits, jwt, macaroons, pasetos};
use portward::{Generations, SessionLimits, VerifierOptions};
use portward_benches::floor::{self, Floor};
use portward_benches::ours::{Feed, World};
use portward_benches::{Criterion, criterion, facts};

/// The tenant's key at hand, one million revocations in the view, the time given.
fn verify(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify");
    let world = World::default();
    let link = world.link();
    let feed = Feed::with_entries(&world, &[], 1_000_000);
    let verifier = world.verifier(feed.follower.cell());
    group.bench_function("ours", |b| {
        b.iter(|| verifier.verify_link(black_box(link.text()), world.now).unwrap());
    });
    let floor = Floor::default();
    group.bench_function("floor", |b| b.iter(|| floor.verify(black_box(link.text()))));

    let peer = jwt::Peer::default();
    let token = peer.issue(facts::now());
    group.bench_function("jsonwebtoken", |b| b.iter(|| peer.verify(black_box(&token))));
    let peer = pasetos::Peer::default();
    let token = peer.issue();
    group.bench_function("pasetors", |b| b.iter(|| peer.verify(black_box(&token))));
    let peer = biscuits::Peer::default();
    let token = peer.issue(SystemTime::now());
    group.bench_function("biscuit-auth", |b| b.iter(|| peer.verify(black_box(&token))));
    let peer = macaroons::Peer::default();
    let token = peer.issue(facts::now());
    group.bench_function("macaroon", |b| b.iter(|| peer.verify(black_box(&token))));
}

/// So many tenants, and room for so few, that every key has to be derived.
fn verify_cold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify-cold");
    let world = World::default();
    let links = Vec::from_iter((0..256u128).map(|number| {
        let tenant = format!("c0a80101-7b1e-4b5e-9a57-{number:012x}").parse().unwrap();
        world.issuer.issue_link(&world.request_of(tenant), Generations::default(), world.now.wall).unwrap()
    }));
    let options = VerifierOptions { cached_keys: 1, ..VerifierOptions::default() };
    let verifier = world.verifier_with(Feed::new(&world).follower.cell(), options);
    let turn = Cell::new(0);
    let next = || links[turn.replace((turn.get() + 1) % links.len())].text();
    group.bench_function("ours", |b| {
        b.iter(|| verifier.verify_link(next(), world.now).unwrap());
    });
    // What the derivation binds: label, deployment, kind, tenant as text, generation, each with its length.
    let info = [0; 2 + 17 + 2 + 16 + 2 + 1 + 2 + 36 + 2 + 8];
    let floor = Floor::default();
    group.bench_function("floor", |b| b.iter(|| floor.verify_cold(next(), black_box(&info))));
}

fn verify_session(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify-session");
    let world = World::default();
    let verifier = world.verifier(Feed::with_entries(&world, &[], 1_000_000).follower.cell());
    let link = verifier.verify_link(world.link().text(), world.now).unwrap();
    let session = world.issuer.issue_session(&link, &SessionLimits::default(), world.now.wall).unwrap();
    group.bench_function("ours", |b| {
        let text = || black_box(session.text());
        b.iter(|| verifier.verify_session(text(), world.now).unwrap());
    });
    let floor = Floor::default();
    group.bench_function("floor", |b| b.iter(|| floor.verify(black_box(session.text()))));
}

fn chain8(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("chain8");
    let world = World::default();
    let verifier = world.verifier(Feed::with_entries(&world, &[], 1_000_000).follower.cell());
    let chain = world.chain(BLOCKS);
    group.bench_function("ours", |b| {
        b.iter(|| verifier.verify_link(black_box(&chain), world.now).unwrap());
    });
    let (head, floor) = (floor::head_length(world.link().text()), Floor::default());
    group.bench_function("floor", |b| b.iter(|| floor.verify_chain(black_box(&chain), head, BLOCKS)));

    let peer = macaroons::Peer::default();
    let token = peer.narrow(&peer.issue(facts::now()), BLOCKS, facts::now());
    group.bench_function("macaroon", |b| b.iter(|| peer.verify(black_box(&token))));
    let peer = biscuits::Peer::default();
    let token = peer.narrow(&peer.issue(SystemTime::now()), BLOCKS, SystemTime::now());
    group.bench_function("biscuit-auth", |b| b.iter(|| peer.verify(black_box(&token))));
}

const BLOCKS: u64 = 8;

criterion_group! { name = benches; config = criterion(); targets = verify, verify_cold, verify_session, chain8 }
criterion_main!(benches);
