use std::sync::Arc;
use std::time::Duration;

use portward::{Clock as _, Follower, Freshness, Scope, Unit};
use portward_store::store::{LinkTerms, Store, StoreOptions, Target};

use crate::awaited::{comes_to_be, is_within_a_second};
use crate::world::{World, client, tenant};

conformance! {
    revoked_in_one_process_is_refused_in_another_within_a_second,
    cut_off_it_denies_and_reconnected_it_catches_up,
    a_follower_without_the_database_follows,
    an_old_answer_makes_nothing_fresh,
    a_snapshot_stands_for_the_changes_before_it,
    who_is_far_behind_reads_the_snapshot,
    what_is_committed_at_once_has_one_order,
    of_many_who_do_everything_at_once_nobody_waits_for_another_for_ever,
    compaction_takes_away_what_ended,
    compaction_finds_what_ended_behind_what_has_not,
    compaction_puts_every_row_under_the_active_root,
}

fn code(world: &World, store: &Store, link: &str) -> Result<(), &'static str> {
    store.verifier().verify_link(link, world.clock.now()).map(drop).map_err(|error| error.code())
}

async fn revoked_in_one_process_is_refused_in_another_within_a_second(world: World) {
    let other = world.another().await;
    let _following = other.follow(Duration::from_millis(300));
    let mut times = Vec::new();
    for _ in 0..5 {
        let (token, link) = world.issue().await;
        assert_eq!(code(&world, &other, token.text()), Ok(()));
        let stamp = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
        times.push(comes_to_be(Err("link_revoked"), || code(&world, &other, token.text())));
        assert!(other.stamp().unwrap() >= stamp);
    }
    is_within_a_second(&times);
}

/// Counts how often it is asked.
#[cfg(feature = "postgres")]
struct Asked(std::sync::atomic::AtomicUsize);

#[cfg(feature = "postgres")]
impl portward::Clock for Asked {
    fn now(&self) -> portward::Now {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        portward::SystemClock.now()
    }
}

/// What it is told from now on, it hears.
#[cfg(feature = "postgres")]
async fn listens(world: &World) {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle' AND datname = current_database()";
    let start = std::time::Instant::now();
    while world.rows::<(i64,)>(count).await != [(1,)] {
        assert!(start.elapsed() < crate::awaited::AT_MOST, "nobody listens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Then it reads once more what it may have missed.
    tokio::time::sleep(Duration::from_millis(200)).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_again_and_again_reads_no_more_often_for_it() {
    let Some(world) = World::postgres().await else { return };
    let clock = Arc::new(Asked(Default::default()));
    let asked = || clock.0.load(std::sync::atomic::Ordering::SeqCst);
    let options = StoreOptions { clock: Arc::<Asked>::clone(&clock), ..StoreOptions::default() };
    let (deployment, keyring) = (Arc::clone(&world.deployment), Arc::clone(&world.keyring));
    let other = Store::open(&world.location, deployment, keyring, options).await.unwrap();
    let _following = other.follow(Duration::from_secs(3600));
    listens(&world).await;
    let (before, start) = (asked(), std::time::Instant::now());
    for _ in 0..10 {
        world.sql("SELECT pg_notify('portward_feed', n::text) FROM generate_series(1, 1000) n").await;
    }
    let (token, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    comes_to_be(Err("link_revoked"), || code(&world, &other, token.text()));
    // A reading asks twice.
    let readings = (asked() - before) / 2;
    let most = 2 + usize::try_from(start.elapsed().as_millis()).unwrap() / 20;
    assert!((1..=most).contains(&readings), "{readings} of {most}");
}

/// It would look by itself in an hour.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn who_listens_is_woken() {
    let Some(world) = World::postgres().await else { return };
    let other = world.another().await;
    let _following = other.follow(Duration::from_secs(3600));
    listens(&world).await;
    let mut times = Vec::new();
    for _ in 0..3 {
        let (token, link) = world.issue().await;
        assert_eq!(code(&world, &other, token.text()), Ok(()));
        world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
        times.push(comes_to_be(Err("link_revoked"), || code(&world, &other, token.text())));
    }
    is_within_a_second(&times);
}

async fn cut_off_it_denies_and_reconnected_it_catches_up(world: World) {
    let other = world.another().await;
    let (token, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let (good, _) = world.issue().await;
    world.clock.advance(Duration::from_secs(15));
    assert_eq!(code(&world, &other, good.text()), Ok(()), "30 s are believed");
    world.clock.advance(Duration::from_secs(16));
    assert_eq!(code(&world, &other, good.text()), Err("view_stale"));
    assert_eq!(code(&world, &other, token.text()), Err("view_stale"));
    assert!(!other.is_fresh());
    other.refresh().await.unwrap();
    assert_eq!(code(&world, &other, good.text()), Ok(()));
    assert_eq!(code(&world, &other, token.text()), Err("link_revoked"));
}

/// A verifier elsewhere, over a wire: here a function.
async fn a_follower_without_the_database_follows(world: World) {
    let scope = Scope::tenants([tenant()]).unwrap();
    let mut follower = Follower::new(Arc::clone(&world.keyring), scope.clone(), Duration::ZERO, None).unwrap();
    let (_, link) = world.issue().await;
    let pull = async |follower: &mut Follower| {
        let challenge = follower.request(world.clock.now().steady).unwrap();
        let answer = world.another().await.answer(&scope, follower.highest(), challenge).await.unwrap();
        follower.accept(&answer, world.now()).unwrap()
    };
    pull(&mut follower).await;
    let stamp = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    assert_eq!(pull(&mut follower).await, stamp, "every process answers with what any has committed");
    let view = follower.cell().load();
    let standing = view.entries_of(&tenant()).standing(Unit::Link, link.id);
    assert_eq!(standing, portward::Standing::Revoked);
    let fresh = Freshness::Live { max_staleness: Duration::from_secs(30) };
    assert!(view.is_fresh(fresh, Duration::ZERO, world.clock.now()));
}

/// Whoever stands between keeps an answer and gives it again.
async fn of_many_who_do_everything_at_once_nobody_waits_for_another_for_ever(world: World) {
    let _following = world.store.follow(Duration::from_millis(1));
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let (store, request) = (world.store.clone(), world.request());
            tokio::spawn(async move {
                for _ in 0..4 {
                    let (token, link) = store.issue(&request, LinkTerms::default()).await.unwrap();
                    let peeked = store.peek(token.text(), None).unwrap();
                    store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
                    store.pause(tenant(), link.id).await.unwrap();
                    store.refresh().await.unwrap();
                    store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn an_old_answer_makes_nothing_fresh(world: World) {
    let mut follower = Follower::new(Arc::clone(&world.keyring), Scope::ALL, Duration::ZERO, None).unwrap();
    let challenge = follower.request(world.clock.now().steady).unwrap();
    let kept = world.store.answer(&Scope::ALL, None, challenge).await.unwrap();
    follower.accept(&kept, world.now()).unwrap();
    let (_, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    world.clock.advance(Duration::from_secs(31));
    let _ = follower.request(world.clock.now().steady).unwrap();
    let refused = follower.accept(&kept, world.now()).unwrap_err();
    assert_eq!(refused.code(), "wrong_challenge");
    let live = Freshness::Live { max_staleness: Duration::from_secs(30) };
    assert!(!follower.cell().load().is_fresh(live, Duration::ZERO, world.clock.now()));
    let challenge = follower.request(world.clock.now().steady).unwrap();
    let answer = world.store.answer(&Scope::ALL, follower.highest(), challenge).await.unwrap();
    follower.accept(&answer, world.now()).unwrap();
    assert!(follower.cell().load().is_fresh(live, Duration::ZERO, world.clock.now()));
}

async fn a_snapshot_stands_for_the_changes_before_it(world: World) {
    let mut revoked = Vec::new();
    for _ in 0..5 {
        let (token, link) = world.issue().await;
        world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
        revoked.push(token);
    }
    world.store.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    world.store.compact(Duration::from_secs(86_400)).await.unwrap();
    world.sql("DELETE FROM feed_change").await;
    let (token, link) = world.issue().await;
    let fresh = world.another().await;
    assert_eq!(fresh.stamp(), world.store.stamp());
    for token in &revoked {
        assert_eq!(code(&world, &fresh, token.text()), Err("link_revoked"));
    }
    assert_eq!(fresh.cell().load().generations(&tenant(), &"43".parse().unwrap()).client, 1);
    assert_eq!(code(&world, &fresh, token.text()), Ok(()));
    fresh.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    world.store.refresh().await.unwrap();
    assert_eq!(code(&world, &world.store, token.text()), Err("link_revoked"));
}

async fn who_is_far_behind_reads_the_snapshot(world: World) {
    let behind = world.another().await;
    let (token, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    world.store.compact(Duration::from_secs(86_400)).await.unwrap();
    world.sql("DELETE FROM feed_change").await;
    assert_eq!(code(&world, &behind, token.text()), Ok(()));
    behind.refresh().await.unwrap();
    assert_eq!(code(&world, &behind, token.text()), Err("link_revoked"));
}

async fn what_is_committed_at_once_has_one_order(world: World) {
    let stores = [world.store.clone(), world.another().await, world.another().await];
    let tasks: Vec<_> = (0..30)
        .map(|number| {
            let store = stores[number % 3].clone();
            tokio::spawn(async move { store.revoke(tenant(), Target::Client(client())).await.unwrap().sequence })
        })
        .collect();
    let mut sequences = Vec::new();
    for task in tasks {
        sequences.push(task.await.unwrap());
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=30).collect::<Vec<_>>(), "no gap, and none twice");
    for store in &stores {
        store.refresh().await.unwrap();
        assert_eq!(store.cell().load().generations(&tenant(), &client()).client, 30);
    }
}

async fn compaction_takes_away_what_ended(world: World) {
    let (token, link) = world.issue().await;
    let (_, kept) = world.issue().await;
    let peeked = world.store.peek(token.text(), None).unwrap();
    world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let day = Duration::from_secs(86_400);
    let other = world.another().await;
    let compacted = world.store.compact(day).await.unwrap();
    assert_eq!((compacted.links, compacted.redemptions), (0, 0));
    other.refresh().await.unwrap();
    assert_eq!([&world.store, &other].map(|store| store.cell().load().entries()), [1, 1]);
    world.clock.advance(Duration::from_secs(90 * 86_400) + Duration::from_secs(600) + day);
    world.store.refresh().await.unwrap();
    world.issue().await;
    // A compaction shows by its snapshot, which is another one once something was changed.
    world.store.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    let compacted = world.store.compact(day).await.unwrap();
    assert_eq!((compacted.links, compacted.redemptions), (2, 1));
    assert_eq!(world.store.link(tenant(), kept.id).await.unwrap_err().code(), "link_unknown");
    for store in [&world.store, &other] {
        store.refresh().await.unwrap();
        assert_eq!(store.cell().load().entries(), 0, "also in the memory of who goes on");
    }
    let fresh = world.another().await;
    assert_eq!(fresh.cell().load().entries(), 0, "and what was revoked of it");
    assert_eq!(fresh.check().await.unwrap().links, 1, "the new one");
}

async fn compaction_puts_every_row_under_the_active_root(world: World) {
    let (token, link) = world.issue().await;
    let peeked = world.store.peek(token.text(), None).unwrap();
    world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    world.store.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    let old: Vec<_> = world.keyring.roots().map(|root| root.id).collect();

    let mut keyring = portward::Keyring::from_json(&world.keyring.to_json(), &world.deployment).unwrap();
    let active = keyring.add(world.now()).unwrap();
    keyring.activate(active, world.now()).unwrap();
    let options = StoreOptions { clock: world.clock.clone(), ..Default::default() };
    let open = async |keyring: &portward::Keyring| {
        let keyring = portward::Keyring::from_json(&keyring.to_json(), &world.deployment).unwrap();
        Store::open(&world.location, world.deployment.clone(), Arc::new(keyring), options.clone()).await
    };
    let store = open(&keyring).await.unwrap();
    // More than one batch of what somebody planted, before all others, with numbers that are none.
    world
        .sql(
            "INSERT INTO link_event WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1100)
             SELECT 'aaa', link, -n, at, kind, detail, root, mac FROM link_event, c WHERE number = 0",
        )
        .await;
    let before = store.census().await.unwrap();
    assert_eq!(before.keys().copied().collect::<Vec<_>>(), [old[0].to_bytes()]);
    let compacted = store.compact(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(compacted.signed_again, 6, "a link, two events, a chain, a redemption, a change");
    assert_eq!(compacted.not_believed, 1100);
    world.sql("DELETE FROM link_event WHERE number < 0").await;
    let after = store.census().await.unwrap();
    assert_eq!(after.keys().copied().collect::<Vec<_>>(), [active.to_bytes()]);

    keyring.retire(old[0]).unwrap();
    let store = open(&keyring).await.unwrap();
    assert_eq!(store.check().await.unwrap().links, 1);
    assert_eq!(store.link(tenant(), link.id).await.unwrap().uses, 1);
    assert_eq!(code(&world, &store, token.text()), Err("unknown_root"), "the link itself ends with its root");
    let (good, _) = store.issue(&world.request(), LinkTerms::default()).await.unwrap();
    assert_eq!(code(&world, &store, good.text()), Ok(()));
}

/// Links that end by their row long before their signed expiry stand in the way of none.
async fn compaction_finds_what_ended_behind_what_has_not(world: World) {
    let ends = portward::Timestamp::from_unix(world.now().unix() + 60);
    for _ in 0..3 {
        let terms = LinkTerms { expires_at: Some(ends), ..Default::default() };
        world.store.issue(&world.request(), terms).await.unwrap();
    }
    let short = world.request().lifetime(Duration::from_secs(120));
    world.store.issue(&short, Default::default()).await.unwrap();
    world.clock.advance(Duration::from_secs(780));
    assert_eq!(world.store.compact(Duration::ZERO).await.unwrap().links, 1);
    assert_eq!(world.store.check().await.unwrap().links, 3);
}
