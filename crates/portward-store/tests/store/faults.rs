//! The server dies, stands still, and comes back older, in the middle of the work of several processes.
#![cfg(feature = "postgres")]

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use portward_store::database::Location;
use portward_store::events::{Event, EventSink, Recorder, Recording};
use portward_store::store::{Recovery, Store, StoreError, StoreOptions, Target};
use portward_test_servers::{Durability, Postgres};

use crate::awaited::{AT_MOST, comes_to_be};
use crate::process::{Process, STALE};
use crate::world::{World, tenant};

struct Scene {
    server: Option<Postgres>,
    world: World,
    verifiers: Vec<Process>,
}

impl Scene {
    async fn new() -> Option<Self> {
        let server = Postgres::start(Durability::Synced).unwrap()?;
        let location = server.url(&server.create_database().unwrap()).parse().unwrap();
        let world = World::at(location, tempfile::tempdir().unwrap()).await;
        let verifiers = (0..3).map(|_| Process::verifier(&world)).collect();
        Some(Self { server: Some(server), world, verifiers })
    }

    fn server(&self) -> &Postgres {
        self.server.as_ref().unwrap()
    }

    fn all_say(&mut self, link: &str) -> Vec<String> {
        self.verifiers.iter_mut().map(|verifier| verifier.verify(link)).collect()
    }

    /// Waits until all say it.
    #[track_caller]
    fn await_all(&mut self, link: &str, expected: &str) {
        comes_to_be(vec![expected; self.verifiers.len()], || self.all_say(link));
    }

    /// Asks for a second, again and again: none may accept the revoked one.
    fn none_accepts(&mut self, revoked: &str) {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            assert!(self.all_say(revoked).iter().all(|said| said != "ok"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn revoked(&mut self) -> String {
        let (token, link) = self.world.issue().await;
        self.world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
        self.await_all(token.text(), "link_revoked");
        token.text().to_owned()
    }
}

/// Links whose revocation was acknowledged, and when.
type Acknowledged = Arc<Mutex<Vec<(String, Instant)>>>;

/// Links that are issued and revoked one after the other, whatever becomes of the server.
struct Load {
    stop: tokio::sync::watch::Sender<bool>,
    acknowledged: Acknowledged,
    work: tokio::task::JoinHandle<()>,
    watch: Watch,
}

impl Load {
    fn begin(world: &World) -> Self {
        let (store, request) = (world.store.clone(), world.request());
        let (stop, mut stopped) = tokio::sync::watch::channel(false);
        let acknowledged = Acknowledged::default();
        let done = Arc::clone(&acknowledged);
        let work = tokio::spawn(async move {
            while !*stopped.borrow_and_update() {
                let Ok((token, link)) = store.issue(&request, Default::default()).await else { continue };
                if store.revoke(tenant(), Target::Link(link.id)).await.is_ok() {
                    done.lock().unwrap().push((token.text().to_owned(), Instant::now()));
                }
            }
        });
        let watch = Watch::begin(world, Arc::clone(&acknowledged));
        Self { stop, acknowledged, work, watch }
    }

    async fn is_under_way(&self) {
        while self.acknowledged.lock().unwrap().len() < 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Those whose revocation was acknowledged. None of them was ever accepted who must not have been.
    async fn end(self) -> Vec<String> {
        self.stop.send(true).unwrap();
        self.work.await.unwrap();
        let asked = tokio::task::spawn_blocking(|| self.watch.end()).await.unwrap();
        assert!(asked > 100, "only {asked} questions");
        self.acknowledged.lock().unwrap().drain(..).map(|(token, _)| token).collect()
    }
}

/// Two processes that are asked about what was revoked, all the time: from `max_staleness` after that was acknowledged, and from when they knew
/// it, they accept it no more.
struct Watch {
    stop: Arc<AtomicBool>,
    work: std::thread::JoinHandle<usize>,
}

impl Watch {
    fn begin(world: &World, acknowledged: Acknowledged) -> Self {
        let mut verifiers = [Process::verifier(world), Process::verifier(world)];
        let stop = Arc::<AtomicBool>::default();
        let stopped = Arc::clone(&stop);
        let work = std::thread::spawn(move || {
            let (mut asked, mut known) = (0, HashSet::new());
            while !stopped.load(Ordering::SeqCst) {
                let tokens: Vec<_> = acknowledged.lock().unwrap().iter().rev().take(200).cloned().collect();
                for (token, at) in tokens {
                    for (number, verifier) in verifiers.iter_mut().enumerate() {
                        let begun = Instant::now();
                        let said = verifier.verify(&token);
                        asked += 1;
                        let late = begun.saturating_duration_since(at) > STALE;
                        let knew = known.contains(&(number, token.clone()));
                        assert!(said != "ok" || !late && !knew, "accepted: late {late}, knew it {knew}");
                        if said == "link_revoked" {
                            known.insert((number, token.clone()));
                        }
                    }
                }
            }
            asked
        });
        Self { stop, work }
    }

    /// How often it asked.
    fn end(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        self.work.join().unwrap()
    }
}

/// What is not reached is tried again, as a person would.
async fn until_done<T>(store: &Store, work: impl AsyncFn(&Store) -> Result<T, StoreError>) -> T {
    let start = Instant::now();
    loop {
        match work(store).await {
            Ok(done) => return done,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(45), "{}", error.code()),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_nothing_is_lost() {
    let Some(mut scene) = Scene::new().await else { return };
    let (good, link) = scene.world.issue().await;
    let revoked = scene.revoked().await;
    let gone = Instant::now();
    scene.server().kill().unwrap();
    assert!(scene.world.store.revoke(tenant(), Target::Link(link.id)).await.is_err());
    scene.await_all(good.text(), "view_stale");
    assert!(gone.elapsed() + Duration::from_secs(1) > STALE, "what is known is believed for as long as was said");
    scene.none_accepts(&revoked);
    scene.server().restart().unwrap();
    scene.await_all(good.text(), "ok");
    scene.none_accepts(&revoked);
    until_done(&scene.world.store, async |store| store.revoke(tenant(), Target::Link(link.id)).await).await;
    scene.await_all(good.text(), "link_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_nobody_believes_longer_than_was_said() {
    let Some(mut scene) = Scene::new().await else { return };
    let (good, link) = scene.world.issue().await;
    let revoked = scene.revoked().await;
    let load = Load::begin(&scene.world);
    load.is_under_way().await;
    scene.server().pause().unwrap();
    let store = scene.world.store.clone();
    let revoking = tokio::spawn(async move { store.revoke(tenant(), Target::Link(link.id)).await.map(drop) });
    std::thread::sleep(STALE + Duration::from_millis(50));
    assert_eq!(scene.all_say(good.text()), ["view_stale"; 3]);
    scene.none_accepts(&revoked);
    let timed_out = revoking.await.unwrap().unwrap_err();
    assert!(matches!(timed_out.code(), "store_timed_out" | "store_unavailable"), "{}", timed_out.code());
    scene.server().resume().unwrap();
    until_done(&scene.world.store, async |store| store.revoke(tenant(), Target::Link(link.id)).await).await;
    scene.await_all(good.text(), "link_revoked");
    scene.none_accepts(&revoked);
    let acknowledged = load.end().await;
    scene.await_all(acknowledged.last().unwrap(), "link_revoked");
    assert!(acknowledged.iter().all(|link| scene.all_say(link).iter().all(|said| said == "link_revoked")));
    let (next, _) =
        until_done(&scene.world.store, async |store| store.issue(&scene.world.request(), Default::default()).await)
            .await;
    scene.await_all(next.text(), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_over_to_an_older_copy_nothing_revoked_is_accepted() {
    let Some(mut scene) = Scene::new().await else { return };
    let (good, _) = scene.world.issue().await;
    let copy = scene.server().copy_data().unwrap();
    let revoked = scene.revoked().await;
    let load = Load::begin(&scene.world);
    load.is_under_way().await;
    scene.server().restart_on(&copy).unwrap();
    let acknowledged = load.end().await;
    let newest = scene.world.store.cell().load().save(&scene.world.keyring).unwrap();
    scene.await_all(good.text(), "view_stale");
    scene.none_accepts(&revoked);
    let refused = scene.world.store.refresh().await.unwrap_err();
    assert!(matches!(refused.code(), "store_rolled_back" | "store_unavailable"), "{}", refused.code());
    let world = &scene.world;
    Recovery::run(&world.location, &world.keyring, Some(&newest), &Recorder::none(), world.now()).await.unwrap();
    scene.await_all(good.text(), "ok");
    scene.none_accepts(&revoked);
    assert!(acknowledged.iter().all(|link| scene.all_say(link).iter().all(|said| said == "link_revoked")));
    scene.revoked().await;
}

/// As a person would put a backup back, while the processes still have open what lay there.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_file_put_in_its_place_under_load_nothing_revoked_is_accepted() {
    let world = World::sqlite().await;
    let verifiers = (0..3).map(|_| Process::verifier(&world)).collect();
    let mut scene = Scene { server: None, world, verifiers };
    let (good, _) = scene.world.issue().await;
    let copy = scene.world.directory().join("older.db");
    scene.world.sql(&format!("VACUUM INTO '{}'", copy.display())).await;
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o600)).unwrap();
    let revoked = scene.revoked().await;
    let load = Load::begin(&scene.world);
    load.is_under_way().await;
    let Location::Sqlite(path) = scene.world.location.clone() else { unreachable!() };
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{beside}", path.display()));
    }
    std::fs::rename(&copy, &path).unwrap();
    scene.await_all(good.text(), "view_stale");
    scene.none_accepts(&revoked);
    let acknowledged = load.end().await;
    let refused = scene.world.store.refresh().await.unwrap_err();
    assert_eq!(refused.code(), "store_restored");

    let newest = scene.world.store.cell().load().save(&scene.world.keyring).unwrap();
    let world = &scene.world;
    Recovery::run(&world.location, &world.keyring, Some(&newest), &Recorder::none(), world.now()).await.unwrap();
    scene.none_accepts(&revoked);
    scene.verifiers = (0..3).map(|_| Process::verifier(&scene.world)).collect();
    scene.await_all(good.text(), "ok");
    scene.none_accepts(&revoked);
    assert!(acknowledged.iter().all(|link| scene.all_say(link).iter().all(|said| said == "link_revoked")));
}

/// A standby cannot say where it writes, so its view is not believed; and it takes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn failed_over_to_a_standby_it_says_so_and_views_turn_stale() {
    let Some(mut scene) = Scene::new().await else { return };
    let (good, link) = scene.world.issue().await;
    let revoked = scene.revoked().await;
    let peeked = scene.world.store.peek(good.text(), None).unwrap();
    let copy = scene.server().copy_data().unwrap();
    scene.server().restart_as_standby(&copy).unwrap();
    let store = &scene.world.store;
    let start = Instant::now();
    while store.refresh().await.unwrap_err().code() != "store_read_only" {
        assert!(start.elapsed() < AT_MOST, "connections from before");
    }
    let refused = [
        store.issue(&scene.world.request(), Default::default()).await.map(drop),
        store.redeem(good.text(), &peeked.cookie, &peeked.nonce).await.map(drop),
        store.revoke(tenant(), Target::Link(link.id)).await.map(drop),
    ];
    assert_eq!(refused.map(|done| done.unwrap_err().code()), ["store_read_only"; 3]);
    scene.await_all(good.text(), "view_stale");
    scene.none_accepts(&revoked);
    // The control: promoted it is a store again, once somebody has said so.
    scene.server().sql("postgres", "SELECT pg_promote()").unwrap();
    let world = &scene.world;
    assert_eq!(world.store.refresh().await.unwrap_err().code(), "store_restored");
    let newest = world.store.cell().load().save(&world.keyring).unwrap();
    Recovery::run(&world.location, &world.keyring, Some(&newest), &Recorder::none(), world.now()).await.unwrap();
    scene.await_all(good.text(), "ok");
    scene.none_accepts(&revoked);
    scene.revoked().await;
}

/// What is acknowledged while the server dies and comes back is there.
#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_what_was_acknowledged_holds() {
    let Some(mut scene) = Scene::new().await else { return };
    let revoked = scene.revoked().await;
    let load = Load::begin(&scene.world);
    load.is_under_way().await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        scene.server().kill().unwrap();
        scene.none_accepts(&revoked);
        scene.server().restart().unwrap();
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    let acknowledged = load.end().await;
    let fresh = scene.world.another().await;
    for link in &acknowledged {
        let verified = fresh.verifier().verify_link(link, portward::Clock::now(&*scene.world.clock));
        assert_eq!(verified.unwrap_err().code(), "link_revoked");
    }
    let last = acknowledged.last().unwrap();
    scene.await_all(last, "link_revoked");
}

/// Stands still in the middle of a change, with all of its process.
struct Gone(mpsc::Sender<()>);

impl EventSink for Gone {
    fn record<'a>(&'a self, _: &'a Event) -> Recording<'a> {
        self.0.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(60));
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Its machine lost its power, or the way to the server: nobody ends what it had begun.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_in_the_middle_of_a_change_is_not_waited_for() {
    let Some(world) = World::postgres().await else { return };
    let (_, link) = world.issue().await;
    let (gone, has_gone) = mpsc::channel();
    let options = StoreOptions { recorder: Recorder::new(Arc::new(Gone(gone))), ..StoreOptions::default() };
    let (location, deployment, keyring) =
        (world.location.clone(), Arc::clone(&world.deployment), Arc::clone(&world.keyring));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&location, deployment, keyring, options).await.unwrap();
            store.pause(tenant(), link.id).await
        })
    });
    tokio::task::spawn_blocking(move || has_gone.recv().unwrap()).await.unwrap();
    let start = Instant::now();
    until_done(&world.store, async |store| store.revoke(tenant(), Target::Link(link.id)).await).await;
    assert!(start.elapsed() < Duration::from_secs(45), "{:?}", start.elapsed());
}
