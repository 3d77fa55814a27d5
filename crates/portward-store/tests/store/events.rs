use std::sync::{Arc, Mutex};

use portward::Clock;
use portward_store::store::{
    Event, EventSink, JsonLines, LinkState, LinkTerms, Recording, SinkError, Store, StoreOptions, Target,
};

use crate::world::{World, tenant};

conformance! {
    the_sink_is_told_of_everything_before_it_happens,
    a_failing_sink_refuses_the_operation,
    json_lines_are_whole_and_a_full_disk_refuses,
}

/// Keeps what it is told, and fails when it is told to.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<Event>>,
    fails: Mutex<bool>,
}

impl EventSink for Kept {
    fn record<'a>(&'a self, event: &'a Event) -> Recording<'a> {
        Box::pin(async move {
            if *self.fails.lock().unwrap() {
                return Err(SinkError::new(std::io::Error::other("full")));
            }
            self.events.lock().unwrap().push(event.clone());
            Ok(())
        })
    }
}

async fn with_sink(world: &World) -> (Store, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let clock: Arc<dyn Clock + Send + Sync> = world.clock.clone();
    let sink: Arc<dyn EventSink> = kept.clone();
    let options = StoreOptions { clock, sink, ..StoreOptions::default() };
    let store = Store::open(&world.location, world.deployment.clone(), world.keyring.clone(), options).await.unwrap();
    (store.acting_as("ann@example.com"), kept)
}

async fn the_sink_is_told_of_everything_before_it_happens(world: World) {
    let (store, kept) = with_sink(&world).await;
    let (token, link) = store.issue(&world.request(), LinkTerms::default()).await.unwrap();
    let peeked = store.peek(token.text(), None).unwrap();
    let session = store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap().session;
    store.renew(session.text()).await.unwrap();
    store.show(tenant(), link.id).await.unwrap();
    store.pause(tenant(), link.id).await.unwrap();
    store.restore(tenant(), link.id).await.unwrap();
    store.revoke(tenant(), Target::Session { link: link.id, session: session.id() }).await.unwrap();
    store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    store.revoke(tenant(), Target::Tenant).await.unwrap();
    store.revoke_everything().await.unwrap();
    let events = kept.events.lock().unwrap();
    let names: Vec<_> = events.iter().map(|event| event.operation.name()).collect();
    let expected = [
        "issued",
        "redeemed",
        "renewed",
        "shown",
        "paused",
        "restored",
        "session_revoked",
        "revoked",
        "tenant_revoked",
        "everything_revoked",
    ];
    assert_eq!(names, expected);
    assert!(events.iter().all(|event| event.actor.as_deref() == Some("ann@example.com")));
}

async fn a_failing_sink_refuses_the_operation(world: World) {
    let (store, kept) = with_sink(&world).await;
    let (token, link) = store.issue(&world.request(), LinkTerms::default()).await.unwrap();
    let peeked = store.peek(token.text(), None).unwrap();
    *kept.fails.lock().unwrap() = true;
    let code = |error: portward_store::store::StoreError| assert_eq!(error.code(), "sink_failed");
    code(store.issue(&world.request(), LinkTerms::default()).await.unwrap_err());
    code(store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap_err());
    code(store.show(tenant(), link.id).await.unwrap_err());
    code(store.pause(tenant(), link.id).await.unwrap_err());
    code(store.revoke(tenant(), Target::Link(link.id)).await.unwrap_err());
    code(store.revoke_everything().await.unwrap_err());
    let after = world.store.link(tenant(), link.id).await.unwrap();
    assert_eq!((after.state, after.uses), (LinkState::Active, 0));
    world.store.refresh().await.unwrap();
    assert_eq!(world.store.stamp().unwrap().sequence, 0);
    *kept.fails.lock().unwrap() = false;
    assert!(store.revoke(tenant(), Target::Link(link.id)).await.is_ok());
}

async fn json_lines_are_whole_and_a_full_disk_refuses(world: World) {
    let path = world.directory().join("events.jsonl");
    // Of a process that was killed.
    std::fs::write(&path, "{\"at\":17").unwrap();
    let clock: Arc<dyn Clock + Send + Sync> = world.clock.clone();
    let open = async |path: &std::path::Path| {
        let sink: Arc<dyn EventSink> = Arc::new(JsonLines::append_to(path).unwrap());
        let options = StoreOptions { clock: clock.clone(), sink, ..StoreOptions::default() };
        Store::open(&world.location, world.deployment.clone(), world.keyring.clone(), options).await.unwrap()
    };
    let store = open(&path).await;
    let (_, link) = store.acting_as("a \"name\"\n").issue(&world.request(), LinkTerms::default()).await.unwrap();
    store.revoke(tenant(), Target::Client(crate::world::client())).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!((&lines[0]["operation"], &lines[0]["actor"]), (&"issued".into(), &"a \"name\"\n".into()));
    assert_eq!(lines[1]["subject"]["client"], "42");

    let full = open(std::path::Path::new("/dev/full")).await;
    assert_eq!(full.pause(tenant(), link.id).await.unwrap_err().code(), "sink_failed");
    assert_eq!(world.store.history(tenant(), link.id, None, 10).await.unwrap().len(), 1);
}
