//! Issuing a link, with the randomness and, where it can be told apart, without.

mod peers;

use std::cell::Cell;
use std::hint::black_box;
use std::time::SystemTime;

use criterion::{criterion_group, criterion_main};
use peers::{biscuits, jwt, macaroons, pasetos};
use portward::Generations;
use portward_benches::floor::{self, Floor};
use portward_benches::ours::World;
use portward_benches::{Criterion, criterion, facts};

fn issue(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("issue");
    let world = World::default();
    let request = world.request();
    group.bench_function("ours", |b| {
        let issue = || world.issuer.issue_link(black_box(&request), Generations::default(), world.now.wall);
        b.iter(|| issue().unwrap());
    });
    let (floor, mut bytes) = (Floor::default(), floor::bytes(world.link().text()));
    group.bench_function("floor", |b| b.iter(|| floor.issue(black_box(&mut bytes))));

    let now = facts::now();
    let peer = jwt::Peer::default();
    group.bench_function("jsonwebtoken", |b| b.iter(|| peer.issue(black_box(now))));
    let peer = pasetos::Peer::default();
    group.bench_function("pasetors", |b| b.iter(|| peer.issue()));
    let peer = biscuits::Peer::default();
    let time = SystemTime::now();
    group.bench_function("biscuit-auth", |b| b.iter(|| peer.issue(black_box(time))));
    let peer = macaroons::Peer::default();
    group.bench_function("macaroon", |b| b.iter(|| peer.issue(black_box(now))));
}

/// For so many tenants that no key is still cached: each is derived.
fn issue_cold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("issue-cold");
    let world = World::default();
    let requests = Vec::from_iter(
        (0..TENANTS).map(|number| world.request_of(format!("c0a80101-7b1e-4b5e-9a57-{number:012x}").parse().unwrap())),
    );
    let turn = Cell::new(0);
    group.bench_function("ours", |b| {
        b.iter(|| {
            let request = &requests[turn.replace((turn.get() + 1) % requests.len())];
            world.issuer.issue_link(black_box(request), Generations::default(), world.now.wall).unwrap()
        });
    });
}

/// Many times the tenants that an issuer keeps keys of.
const TENANTS: u64 = 40_000;

fn issue_given_id(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("issue-given-id");
    let (floor, mut bytes) = (Floor::default(), floor::bytes(World::default().link().text()));
    group.bench_function("floor", |b| b.iter(|| floor.issue_given_id(black_box(&mut bytes))));
}

/// What one id costs, a block at a time.
fn draw(criterion: &mut Criterion) {
    criterion.bench_function("draw/floor", |b| b.iter(floor::draw));
}

criterion_group! { name = benches; config = criterion(); targets = issue, issue_cold, issue_given_id, draw }
criterion_main!(benches);
