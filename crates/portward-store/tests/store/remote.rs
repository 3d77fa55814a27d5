//! Verifiers without the database: over a carrier in this process, and over a real Redis.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portward::{Clock as _, Follower, Freshness, Revocation, Scope, Verifier, VerifierOptions};
use portward_store::remote::{
    self, Carried, Carrier, CarrierError, RedisCarrier, RedisServing, RemoteFollowing, RemoteOptions, serve_redis,
};
use portward_store::store::{Following, Store, Target};
use portward_test_servers::Redis;

use crate::world::{World, client, tenant};

/// A verifier far away.
struct Edge {
    verifier: Verifier,
    following: RemoteFollowing,
}

impl Edge {
    fn new(world: &World, carrier: Arc<dyn Carrier>) -> Self {
        let follower = Follower::new(world.keyring.clone(), Scope::ALL, Duration::ZERO, None).unwrap();
        let options = RemoteOptions {
            every: Duration::from_millis(200),
            patience: Duration::from_secs(2),
            clock: world.clock.clone(),
        };
        let following = remote::follow(follower, Scope::ALL, carrier, options);
        let live = Freshness::Live { max_staleness: Duration::from_secs(2) };
        let revocation = Revocation::View(following.cell(), live);
        let verifier =
            Verifier::new(world.deployment.clone(), world.keyring.clone(), revocation, VerifierOptions::default());
        Self { verifier: verifier.unwrap(), following }
    }

    fn says(&self, world: &World, link: &str) -> Result<(), &'static str> {
        self.verifier.verify_link(link, world.clock.now()).map(drop).map_err(|error| error.code())
    }

    async fn comes_to_say(&self, world: &World, link: &str, expected: Result<(), &'static str>, within: Duration) {
        let start = Instant::now();
        while self.says(world, link) != expected {
            assert!(start.elapsed() < within, "{:?} and not {expected:?}", self.says(world, link));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The suite: whoever carries, the same has to come out.
async fn behaves(world: &World, carrier: Arc<dyn Carrier>) -> Edge {
    let edge = Edge::new(world, carrier);
    let (token, link) = world.issue().await;
    edge.comes_to_say(world, token.text(), Ok(()), Duration::from_secs(5)).await;
    for _ in 0..3 {
        let (next, row) = world.issue().await;
        let stamp = world.store.revoke(tenant(), Target::Link(row.id)).await.unwrap();
        edge.comes_to_say(world, next.text(), Err("link_revoked"), Duration::from_secs(1)).await;
        assert!(edge.following.cell().load().is_at_least(stamp));
    }
    world.store.pause(tenant(), link.id).await.unwrap();
    edge.comes_to_say(world, token.text(), Err("link_suspended"), Duration::from_secs(1)).await;
    world.store.restore(tenant(), link.id).await.unwrap();
    edge.comes_to_say(world, token.text(), Ok(()), Duration::from_secs(1)).await;
    edge
}

/// Calls the store, as long as it is let.
struct Direct {
    store: Store,
    cut: Mutex<bool>,
    kept: Mutex<Option<Vec<u8>>>,
}

impl Carrier for Direct {
    fn ask<'a>(&'a self, request: &'a [u8]) -> Carried<'a, Result<Vec<u8>, CarrierError>> {
        Box::pin(async move {
            if *self.cut.lock().unwrap() {
                // Whoever stands between says again what it has heard.
                let kept = self.kept.lock().unwrap().clone();
                return kept.ok_or_else(|| CarrierError::new(std::io::Error::other("cut")));
            }
            let answer = self.store.answer_request(request).await.map_err(CarrierError::new)?;
            *self.kept.lock().unwrap() = Some(answer.clone());
            Ok(answer)
        })
    }
}

conformance! {
    over_a_call,
    over_redis,
}

async fn over_a_call(world: World) {
    let direct = Arc::new(Direct { store: world.another().await, cut: Mutex::new(false), kept: Mutex::new(None) });
    let edge = behaves(&world, direct.clone()).await;
    let (token, link) = world.issue().await;
    edge.comes_to_say(&world, token.text(), Ok(()), Duration::from_secs(1)).await;
    *direct.cut.lock().unwrap() = true;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    edge.comes_to_say(&world, token.text(), Err("view_stale"), Duration::from_secs(3)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(edge.says(&world, token.text()), Err("view_stale"), "what is said again makes nothing fresh");
    *direct.cut.lock().unwrap() = false;
    edge.comes_to_say(&world, token.text(), Err("link_revoked"), Duration::from_secs(2)).await;
    let malformed = world.store.answer_request(b"pwq").await.unwrap_err();
    assert_eq!(malformed.code(), "malformed_request");
}

async fn served(world: &World, redis: &Redis, name: &str) -> (RedisServing, Following) {
    let store = world.another().await;
    let following = store.follow(Duration::from_millis(100));
    (serve_redis(store, &redis.url(), name).unwrap(), following)
}

async fn over_redis(world: World) {
    let Some(redis) = Redis::start().unwrap() else { return };
    let first = served(&world, &redis, "first").await;
    let _second = served(&world, &redis, "second").await;
    let edge = behaves(&world, Arc::new(RedisCarrier::new(&redis.url()).unwrap())).await;

    let (good, _) = world.issue().await;
    drop(first);
    let (token, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    edge.comes_to_say(&world, token.text(), Err("link_revoked"), Duration::from_secs(5)).await;

    redis.kill().unwrap();
    edge.comes_to_say(&world, good.text(), Err("view_stale"), Duration::from_secs(4)).await;
    assert_eq!(edge.says(&world, token.text()), Err("link_revoked"));
    world.store.revoke(tenant(), Target::Client(client())).await.unwrap();
    redis.restart_empty().unwrap();
    edge.comes_to_say(&world, good.text(), Err("client_revoked"), Duration::from_secs(15)).await;
}
