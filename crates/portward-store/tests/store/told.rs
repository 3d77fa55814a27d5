//! Every operation is told before it takes effect, and refused where it cannot be told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use portward::{Change, Clock, Narrowing, Resources, Stamp, TenantChange, Timestamp, UntrustedLink};
use portward_store::events::{Event, EventSink, Recorder, Recording, SinkError};
use portward_store::store::{self, LinkEdit, LinkTerms, Recovery, Store, StoreError, StoreOptions, Target};

use crate::world::{World, client, tenant};

conformance! {
    edits,
    redemptions,
    revocations,
    compaction_recovery_and_beginning,
}

/// What the tables hold, by the MACs of their rows, and how far the view of who acts is.
type Seen = (Vec<(Vec<u8>,)>, Option<Stamp>);

/// Looks at both whenever it is told something.
struct Witness {
    world: World,
    acting: OnceLock<Store>,
    told: Mutex<Vec<(Event, Seen)>>,
    /// How many events it takes in before it fails.
    takes: AtomicUsize,
}

impl Witness {
    async fn sees(&self) -> Seen {
        let macs = ["link", "chain", "redemption", "link_event", "feed", "feed_change"];
        let macs = macs.map(|table| format!("SELECT mac FROM {table} UNION ALL ")).concat();
        let rows = self.world.rows(&format!("{macs} SELECT bytes FROM feed_snapshot ORDER BY 1")).await;
        (rows, self.acting.get().and_then(Store::stamp))
    }
}

impl EventSink for Witness {
    fn record<'a>(&'a self, event: &'a Event) -> Recording<'a> {
        Box::pin(async {
            let seen = self.sees().await;
            let takes = self.takes.load(Ordering::SeqCst);
            self.takes.store(takes.checked_sub(1).ok_or_else(full)?, Ordering::SeqCst);
            self.told.lock().unwrap().push((event.clone(), seen));
            Ok(())
        })
    }
}

fn full() -> SinkError {
    SinkError::new(std::io::Error::other("full"))
}

struct Scene {
    witness: Arc<Witness>,
    recorder: Recorder,
}

impl Scene {
    async fn new(world: World) -> Self {
        let (acting, told, takes) = (OnceLock::new(), Mutex::default(), AtomicUsize::new(usize::MAX));
        let witness = Arc::new(Witness { world, acting, told, takes });
        let sink: Arc<dyn EventSink> = witness.clone();
        let recorder = Recorder::new(sink).acting_as("ann@example.com");
        let world = &witness.world;
        let clock: Arc<dyn Clock + Send + Sync> = world.clock.clone();
        let options = StoreOptions { clock, recorder: recorder.clone(), ..StoreOptions::default() };
        let store = Store::open(&world.location, world.deployment.clone(), world.keyring.clone(), options);
        assert!(witness.acting.set(store.await.unwrap()).is_ok());
        Self { witness, recorder }
    }

    fn world(&self) -> &World {
        &self.witness.world
    }

    fn store(&self) -> &Store {
        self.witness.acting.get().unwrap()
    }

    fn told(&self) -> Vec<(Event, Seen)> {
        std::mem::take(&mut *self.witness.told.lock().unwrap())
    }

    /// Fails at each of the events, then at none: only then something happens, and after all of them. What makes nothing but another session
    /// changes nothing at all.
    async fn tells(&self, expected: &[&str], act: impl AsyncFn(&Store) -> Result<(), StoreError>) {
        let before = self.witness.sees().await;
        for taken in 0..expected.len() {
            self.witness.takes.store(taken, Ordering::SeqCst);
            assert_eq!(act(self.store()).await.unwrap_err().code(), "sink_failed", "{expected:?}");
            assert!(self.witness.sees().await == before, "{expected:?} was refused, and something of it done");
        }
        self.told();
        self.witness.takes.store(usize::MAX, Ordering::SeqCst);
        act(self.store()).await.unwrap();
        let told = self.told();
        let names: Vec<_> = told.iter().map(|(event, _)| event.operation.name()).collect();
        assert_eq!(names, expected);
        assert!(told.iter().all(|(_, seen)| *seen == before), "{expected:?} was done before it was told");
        assert!(told.iter().all(|(event, _)| event.actor.as_deref() == Some("ann@example.com")));
        let is_changed = self.witness.sees().await != before;
        assert_eq!(is_changed, expected != ["renewed"], "{expected:?}: the control");
    }
}

async fn edits(world: World) {
    let scene = Scene::new(world).await;
    let request = scene.world().request();
    scene.tells(&["issued"], async |store| store.issue(&request, LinkTerms::default()).await.map(drop)).await;
    let (_, link) = scene.world().issue().await;
    let tells = async |expected: &[&str], edit: LinkEdit| {
        scene.tells(expected, async |store| store.edit(tenant(), link.id, edit.clone()).await.map(drop)).await;
    };
    let at = |seconds: u64| Some(Timestamp::from_unix(link.ceiling.unix() - seconds));
    let permits = |names: &[&str]| Some(scene.world().permissions(names));
    let plain = LinkEdit::default;
    tells(&["labelled"], LinkEdit { label: Some(Some("Ms Gray".to_owned())), ..plain() }).await;
    tells(&["labelled"], LinkEdit { label: Some(None), ..plain() }).await;
    tells(&["shortened"], LinkEdit { expires_at: at(500), ..plain() }).await;
    tells(&["extended"], LinkEdit { expires_at: at(0), ..plain() }).await;
    tells(&["narrowed"], LinkEdit { permissions: permits(&["files:read"]), ..plain() }).await;
    tells(&["widened", "narrowed"], LinkEdit { permissions: permits(&["invoices:read"]), ..plain() }).await;
    tells(&["widened"], LinkEdit { permissions: permits(&["files:*", "invoices:read"]), ..plain() }).await;
    let only = Resources::Only(vec!["plan.pdf".parse().unwrap()]);
    tells(&["narrowed"], LinkEdit { resources: Some(only), ..plain() }).await;
    tells(&["widened"], LinkEdit { resources: Some(Resources::All), ..plain() }).await;
    tells(&["capped"], LinkEdit { uses_max: Some(Some(5)), ..plain() }).await;
    tells(&["capped"], LinkEdit { uses_max: Some(None), ..plain() }).await;
    let all = LinkEdit {
        label: Some(Some("Mr Gray".to_owned())),
        expires_at: at(60),
        permissions: permits(&["files:read"]),
        resources: None,
        uses_max: Some(Some(9)),
    };
    tells(&["labelled", "shortened", "narrowed", "capped"], all.clone()).await;
    scene.store().edit(tenant(), link.id, all).await.unwrap();
    assert_eq!(scene.told(), [], "nothing is different");
    scene.tells(&["shown"], async |store| store.show(tenant(), link.id).await.map(drop)).await;
    scene.tells(&["paused"], async |store| store.pause(tenant(), link.id).await.map(drop)).await;
    scene.tells(&["restored"], async |store| store.restore(tenant(), link.id).await.map(drop)).await;
}

async fn redemptions(world: World) {
    let scene = Scene::new(world).await;
    let (token, link) = scene.world().issue_with(2).await;
    let peeked = scene.store().peek(token.text(), None).unwrap();
    let redeem =
        async |store: &Store| store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.map(|done| done.session);
    scene.tells(&["redeemed"], async |store| redeem(store).await.map(drop)).await;
    scene.tells(&["renewed"], async |store| redeem(store).await.map(drop)).await;
    let session = redeem(scene.store()).await.unwrap();
    scene.told();
    scene.tells(&["renewed"], async |store| store.renew(session.text()).await.map(drop)).await;
    assert_eq!(scene.world().store.link(tenant(), link.id).await.unwrap().uses, 1);
}

async fn revocations(world: World) {
    let scene = Scene::new(world).await;
    let (token, link) = scene.world().issue().await;
    let copy = UntrustedLink::parse(token.text()).unwrap().narrow(&Narrowing::new().recipient("bob").unwrap()).unwrap();
    let peeked = scene.store().peek(&copy, None).unwrap();
    let session = scene.store().redeem(&copy, &peeked.cookie, &peeked.nonce).await.unwrap().session;
    scene.told();
    let tells = async |expected: &str, target: Target| {
        scene.tells(&[expected], async |store| store.revoke(tenant(), target).await.map(drop)).await;
    };
    tells("session_revoked", Target::Session { link: link.id, session: session.id() }).await;
    tells("copy_revoked", Target::Copy { link: link.id, copy: peeked.access.copies()[0] }).await;
    tells("revoked", Target::Link(link.id)).await;
    tells("revoked", Target::Link(link.id)).await;
    // Where there is no row that is believed, there is no history, and the feed has it all the same.
    let (_, spoilt) = scene.world().issue().await;
    scene.world().sql("UPDATE link SET uses = 7 WHERE state = 'active'").await;
    tells("committed", Target::Link(spoilt.id)).await;
    let unknown = async |store: &Store| match store.revoke(tenant(), Target::Link([7; 16])).await {
        Err(StoreError::UnknownLink) => Ok(()),
        other => other.map(drop),
    };
    scene.tells(&["committed"], unknown).await;
    tells("client_revoked", Target::Client(client())).await;
    tells("tenant_revoked", Target::Tenant).await;
    scene.tells(&["everything_revoked"], async |store| store.revoke_everything().await.map(drop)).await;
    let gone = Change::Tenant(tenant(), TenantChange::Tombstone([7; 16]));
    scene.tells(&["committed"], async |store| store.commit(vec![gone]).await.map(drop)).await;
}

async fn compaction_recovery_and_beginning(world: World) {
    let scene = Scene::new(world).await;
    let world = scene.world();
    scene.store().revoke(tenant(), Target::Client(client())).await.unwrap();
    scene.told();
    scene.tells(&["compacted"], async |store| store.compact(Duration::ZERO).await.map(drop)).await;
    let saved = scene.store().cell().load().save(&world.keyring).unwrap();
    for newer in [Some(&saved[..]), None] {
        let recover = async |_: &Store| {
            Recovery::run(&world.location, &world.keyring, newer, &scene.recorder, world.now()).await.map(drop)
        };
        scene.tells(&["recovered"], recover).await;
    }
    for table in ["link", "link_event", "chain", "redemption", "feed", "feed_change", "feed_snapshot"] {
        world.sql(&format!("DELETE FROM {table}")).await;
    }
    let begin = async |_: &Store| {
        store::initialise(&world.location, &world.keyring, None, &scene.recorder, world.now()).await.map(drop)
    };
    scene.tells(&["begun"], begin).await;
}

/// As the sources have them, so that none is forgotten.
#[test]
fn no_operation_is_without_a_test() {
    let stores = [include_str!("told.rs"), include_str!("../keys/events.rs"), include_str!("../backup/events.rs")];
    let directories =
        [include_str!("../../src/files/told.rs"), include_str!("../../../portward-cli/tests/cli/events.rs")];
    let tests =
        [stores.concat(), directories.concat(), include_str!("../../../portward-cli/tests/cli/wrapped.rs").to_owned()];
    let names = include_str!("../../src/events/operation.rs").split("=> \"").skip(1);
    let names: Vec<_> = names.map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(names.contains(&"redeemed") && names.contains(&"begun"), "the control");
    let missing: Vec<_> = names.iter().filter(|name| !tests.concat().contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
