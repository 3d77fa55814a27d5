//! Verifiers without the database: over a carrier in this process, and over a real Redis.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portward::{Clock as _, Follower, Freshness, Revocation, Scope, Verifier, VerifierOptions};
use portward_store::remote::{
    self, Carried, Carrier, CarrierError, RedisCarrier, RedisServing, RemoteFollowing, RemoteOptions, serve_redis,
};
use portward_store::store::{Following, Store, Target};
use portward_test_servers::Redis;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, AsyncConnectionConfig};
use tokio::task::JoinHandle;

use crate::awaited::{comes_to_be, is_within_a_second};
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

    fn comes_to_say(&self, world: &World, link: &str, expected: Result<(), &'static str>) -> Duration {
        comes_to_be(expected, || self.says(world, link))
    }
}

/// The suite: whoever carries, the same has to come out.
async fn behaves(world: &World, carrier: Arc<dyn Carrier>) -> Edge {
    let edge = Edge::new(world, carrier);
    let (token, link) = world.issue().await;
    edge.comes_to_say(world, token.text(), Ok(()));
    let mut times = Vec::new();
    for _ in 0..3 {
        let (next, row) = world.issue().await;
        let stamp = world.store.revoke(tenant(), Target::Link(row.id)).await.unwrap();
        times.push(edge.comes_to_say(world, next.text(), Err("link_revoked")));
        assert!(edge.following.cell().load().is_at_least(stamp));
    }
    world.store.pause(tenant(), link.id).await.unwrap();
    times.push(edge.comes_to_say(world, token.text(), Err("link_suspended")));
    world.store.restore(tenant(), link.id).await.unwrap();
    times.push(edge.comes_to_say(world, token.text(), Ok(())));
    is_within_a_second(&times);
    edge
}

/// Calls the store, as long as it is let.
struct Direct {
    store: Store,
    /// Held while something is asked: once it is cut, nothing is under way any more.
    cut: tokio::sync::Mutex<bool>,
    kept: Mutex<Option<Vec<u8>>>,
}

impl Carrier for Direct {
    fn ask<'a>(&'a self, request: &'a [u8]) -> Carried<'a, Result<Vec<u8>, CarrierError>> {
        Box::pin(async move {
            let cut = self.cut.lock().await;
            if *cut {
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
    over_a_redis_that_says_again_what_it_has_heard,
}

async fn over_a_call(world: World) {
    let direct = Arc::new(Direct { store: world.another().await, cut: Default::default(), kept: Mutex::new(None) });
    let edge = behaves(&world, direct.clone()).await;
    let (token, link) = world.issue().await;
    edge.comes_to_say(&world, token.text(), Ok(()));
    *direct.cut.lock().await = true;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    edge.comes_to_say(&world, token.text(), Err("view_stale"));
    sleep(Duration::from_millis(500));
    assert_eq!(edge.says(&world, token.text()), Err("view_stale"), "what is said again makes nothing fresh");
    *direct.cut.lock().await = false;
    edge.comes_to_say(&world, token.text(), Err("link_revoked"));
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
    edge.comes_to_say(&world, token.text(), Err("link_revoked"));

    redis.kill().unwrap();
    edge.comes_to_say(&world, good.text(), Err("view_stale"));
    assert_eq!(edge.says(&world, token.text()), Err("link_revoked"));
    world.store.revoke(tenant(), Target::Client(client())).await.unwrap();
    redis.restart_empty().unwrap();
    edge.comes_to_say(&world, good.text(), Err("client_revoked"));
}

/// Stands between two databases of a Redis, as a proxy between two servers: carries questions one way and answers the other, or says again,
/// one after the other, what it has heard.
struct Between {
    replays: Arc<AtomicBool>,
    said_again: Arc<AtomicUsize>,
    task: JoinHandle<redis::RedisResult<()>>,
}

impl Between {
    async fn new(front: &str, back: &str) -> Self {
        // As long as it takes: who is gone is noticed by who asks.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connect = async |url: &str| {
            redis::Client::open(url).unwrap().get_multiplexed_async_connection_with_config(&config).await
        };
        let connections = [connect(front).await.unwrap(), connect(back).await.unwrap()];
        let (replays, said_again) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let task = tokio::spawn(Self::carries(connections, Arc::clone(&replays), Arc::clone(&said_again)));
        Self { replays, said_again, task }
    }

    async fn carries(
        [mut front, mut back]: [MultiplexedConnection; 2],
        replays: Arc<AtomicBool>,
        said_again: Arc<AtomicUsize>,
    ) -> redis::RedisResult<()> {
        let entry = |reply: Option<StreamReadReply>| {
            reply.into_iter().flat_map(|reply| reply.keys).flat_map(|stream| stream.ids).next()
        };
        let options = StreamReadOptions::default().block(5000).count(1);
        let (mut last, mut heard) = ("0".to_owned(), Vec::<Vec<u8>>::new());
        loop {
            let Some(asked) = entry(front.xread_options(&["portward:feed:ask"], &[&last], &options).await?) else {
                continue;
            };
            let request: Vec<u8> = asked.get("request").unwrap();
            let challenge: String = request[request.len() - 16..].iter().map(|byte| format!("{byte:02x}")).collect();
            let name = format!("portward:feed:answer:{challenge}");
            last = asked.id;
            let answer: Vec<u8> = if replays.load(Ordering::SeqCst) {
                heard[said_again.fetch_add(1, Ordering::SeqCst) % heard.len()].clone()
            } else {
                let () = back.xadd("portward:feed:ask", "*", &[("request", &request)]).await?;
                let answered = entry(back.xread_options(&[&name], &["0"], &options).await?);
                let Some(answer) = answered.and_then(|answered| answered.get("answer")) else { continue };
                heard.push(answer);
                heard.last().cloned().unwrap_or_default()
            };
            let () = front.xadd(&name, "*", &[("answer", &answer)]).await?;
        }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn over_a_redis_that_says_again_what_it_has_heard(world: World) {
    let Some(redis) = Redis::start().unwrap() else { return };
    let [front, back] = ["0", "1"].map(|database| redis.url() + database);
    let store = world.another().await;
    let _following = store.follow(Duration::from_millis(100));
    let _serving = serve_redis(store, &back, "first").unwrap();
    let between = Between::new(&front, &back).await;
    let carrier = || Arc::new(RedisCarrier::new(&front).unwrap());
    let edge = Edge::new(&world, carrier());
    let ((token, link), (good, _)) = (world.issue().await, world.issue().await);
    let start = Instant::now();
    // The control: carried on, it becomes fresh again and again.
    while start.elapsed() < Duration::from_secs(3) {
        edge.comes_to_say(&world, token.text(), Ok(()));
        sleep(Duration::from_millis(20));
    }

    between.replays.store(true, Ordering::SeqCst);
    // Until then, what was asked before is carried on.
    comes_to_be(true, || between.said_again.load(Ordering::SeqCst) > 0);
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    edge.comes_to_say(&world, good.text(), Err("view_stale"));
    let later = Edge::new(&world, carrier());
    let before = between.said_again.load(Ordering::SeqCst);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) || between.said_again.load(Ordering::SeqCst) <= before + 10 {
        assert!(start.elapsed() < Duration::from_secs(60), "it was answered all the while");
        for edge in [&edge, &later] {
            assert_eq!(edge.says(&world, good.text()), Err("view_stale"), "what is said again makes nothing fresh");
            assert_eq!(edge.says(&world, token.text()), Err("view_stale"));
        }
        sleep(Duration::from_millis(20));
    }

    between.replays.store(false, Ordering::SeqCst);
    for edge in [&edge, &later] {
        edge.comes_to_say(&world, token.text(), Err("link_revoked"));
        edge.comes_to_say(&world, good.text(), Ok(()));
    }
}
