//! The revocation view: looking up, taking one revocation in, building.

use std::cell::{LazyCell, RefCell};
use std::time::Duration;

use criterion::{SamplingMode, criterion_group, criterion_main};
use portward::{Follower, Scope};
use portward_benches::cpu_time::CpuTime;
use portward_benches::look_up::{Ids, LookUps, Words};
use portward_benches::ours::{Feed, World};
use portward_benches::{Criterion, criterion};

const SIZES: [(&str, usize); 3] = [("10k", 10_000), ("1M", 1_000_000), ("10M", 10_000_000)];

/// Every measurement of one size shares one view, which is made when the first of them runs and before its clock does.
fn view(criterion: &mut Criterion) {
    let world = World::default();
    for (name, entries) in SIZES {
        let hits = Ids::random().first(entries);
        let feed = LazyCell::new(|| RefCell::new(Feed::with_entries(&world, &hits, entries)));
        let look_ups = |ids| LookUps::new(feed.borrow().follower.cell().load(), world.tenant, ids);
        let misses = LazyCell::new(|| look_ups(Ids::random()));
        let hits = LazyCell::new(|| look_ups(Ids::new(hits.clone())));
        let words = LazyCell::new(|| Words::for_entries(entries));

        let mut group = criterion.benchmark_group("view");
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(300));
        group.bench_function(format!("{name}-floor"), |b| b.iter_custom(|count| words.time(count)));
        group.bench_function(format!("{name}-miss"), |b| b.iter_custom(|count| misses.time(count)));
        group.bench_function(format!("{name}-miss-together"), |b| b.iter_custom(|count| misses.time_together(count)));
        group.bench_function(format!("{name}-hit"), |b| b.iter_custom(|count| hits.time(count)));
        group.finish();

        let mut group = criterion.benchmark_group("view-dependent");
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(300));
        group.bench_function(format!("{name}-miss"), |b| b.iter_custom(|count| misses.time_dependent(count)));
        group.finish();

        let mut group = criterion.benchmark_group("view-apply");
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(300));
        group.bench_function(name, |b| {
            let mut feed = feed.borrow_mut();
            b.iter_custom(|count| apply(&mut feed, count));
        });
    }
}

/// Accepts live answers with one revocation each. A server compacts on another thread; here that is not counted.
fn apply(feed: &mut Feed, count: u64) -> Duration {
    let mut sum = Duration::ZERO;
    for _ in 0..count {
        if feed.follower.unsettled() > 4_000 {
            feed.settle();
        }
        feed.revoke_random();
        let answer = feed.answer();
        let start = CpuTime::now();
        feed.accept(&answer);
        sum += CpuTime::since(start);
    }
    sum
}

/// A follower that starts from a saved view.
fn build(criterion: &mut Criterion) {
    let world = World::default();
    let saved = LazyCell::new(|| {
        let feed = Feed::with_entries(&world, &[], 1_000_000);
        feed.authority.view().save(&world.keyring).unwrap()
    });
    let mut group = criterion.benchmark_group("view-build");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.bench_function("1M", |b| {
        b.iter(|| {
            let mut follower = Follower::new(world.keyring.clone(), Scope::ALL, Duration::ZERO, None).unwrap();
            follower.accept(&saved, world.now.wall).unwrap();
            follower
        });
    });
}

criterion_group! { name = benches; config = criterion(); targets = view, build }
criterion_main!(benches);
