use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use portward::{Change, Clock, TenantChange, Unit};
use portward_store::database::Location;
use portward_store::events::{Event, EventSink as _, JsonLines, Operation, Recorder, Subject};
use portward_store::store::{self, LinkEdit, LinkTerms, Recovery, Store, StoreOptions, Target};

use crate::kept::Kept;
use crate::world::{World, tenant};

conformance! {
    json_lines_are_whole_and_a_full_disk_refuses,
    a_store_begins_and_is_recovered_only_where_that_was_told,
    a_sink_that_does_not_answer_refuses,
    an_older_row_that_grants_again_is_told,
    a_second_answer_for_one_use_is_told,
    what_is_committed_says_what,
    lines_of_several_writers_stay_apart,
}

async fn with_sink(world: &World) -> (Store, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let clock: Arc<dyn Clock + Send + Sync> = world.clock.clone();
    let options = StoreOptions { clock, recorder: kept.recorder(), ..StoreOptions::default() };
    let store = Store::open(&world.location, world.deployment.clone(), world.keyring.clone(), options).await.unwrap();
    (store.acting_as("ann@example.com"), kept)
}

async fn json_lines_are_whole_and_a_full_disk_refuses(world: World) {
    let path = world.directory().join("events.jsonl");
    // Of a process that was killed.
    std::fs::write(&path, "{\"at\":17").unwrap();
    let clock: Arc<dyn Clock + Send + Sync> = world.clock.clone();
    let open = async |path: &std::path::Path| {
        let recorder = Recorder::new(Arc::new(JsonLines::append_to(path).unwrap()));
        let options = StoreOptions { clock: clock.clone(), recorder, ..StoreOptions::default() };
        Store::open(&world.location, world.deployment.clone(), world.keyring.clone(), options).await.unwrap()
    };
    let store = open(&path).await;
    let (_, link) = store.acting_as("a \"name\"\n").issue(&world.request(), LinkTerms::default()).await.unwrap();
    store.revoke(tenant(), Target::Client(crate::world::client())).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!((lines.len(), text.lines().count()), (2, 3), "{text}");
    open(&path).await.revoke_everything().await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4, "no line is torn");
    assert_eq!((&lines[0]["operation"], &lines[0]["actor"]), (&"issued".into(), &"a \"name\"\n".into()));
    assert_eq!(lines[1]["subject"]["client"], "42");

    let full = open(std::path::Path::new("/dev/full")).await;
    assert_eq!(full.pause(tenant(), link.id).await.unwrap_err().code(), "sink_failed");
    assert_eq!(world.store.history(tenant(), link.id, None, 10).await.unwrap().len(), 1);
}

async fn a_store_begins_and_is_recovered_only_where_that_was_told(world: World) {
    let kept = Arc::new(Kept::default());
    let recorder = kept.recorder().acting_as("ops");
    let (token, _) = world.issue().await;
    let before = world.store.stamp().unwrap();
    kept.fail(true);
    let recover = async |newer: Option<&[u8]>| {
        let recovered = Recovery::run(&world.location, &world.keyring, newer, &recorder, world.now()).await;
        recovered.map(|recovered| recovered.merged).map_err(|error| error.code())
    };
    assert_eq!(recover(None).await, Err("sink_failed"));
    let verified = async || {
        let store = world.reopened().await.unwrap();
        (store.stamp().unwrap(), store.verifier().verify_link(token.text(), world.clock.now()).is_ok())
    };
    assert_eq!(verified().await, (before, true), "as if nothing had been asked");
    kept.fail(false);
    let saved = world.store.cell().load().save(&world.keyring).unwrap();
    assert_eq!(recover(Some(&saved)).await, Ok(true));
    assert!(verified().await.1);
    assert_eq!(recover(None).await, Ok(false));
    assert!(!verified().await.1);
    let told = kept.take();
    let told: Vec<_> = told.iter().map(|event| (event.operation.name(), event.actor.as_deref())).collect();
    assert_eq!(told, [("recovered", Some("ops")), ("recovered", Some("ops"))]);

    let fresh = Location::Sqlite(world.directory().join("fresh.db"));
    let begin = async || store::initialise(&fresh, &world.keyring, None, &recorder, world.now()).await;
    kept.fail(true);
    assert_eq!(begin().await.unwrap_err().code(), "sink_failed");
    kept.fail(false);
    assert!(begin().await.unwrap(), "nothing had begun");
    assert!(!begin().await.unwrap());
    let told: Vec<_> = kept.take().iter().map(|event| event.operation.name()).collect();
    assert_eq!(told, ["begun"]);
}

async fn a_sink_that_does_not_answer_refuses(world: World) {
    struct Silent;
    impl portward_store::events::EventSink for Silent {
        fn record<'a>(&'a self, _: &'a Event) -> portward_store::events::Recording<'a> {
            Box::pin(core::future::pending())
        }
    }
    let (_, link) = world.issue().await;
    let options = StoreOptions {
        clock: world.clock.clone(),
        recorder: Recorder::new(Arc::new(Silent)),
        ..StoreOptions::default()
    };
    let store = Store::open(&world.location, world.deployment.clone(), world.keyring.clone(), options).await.unwrap();
    assert_eq!(store.pause(tenant(), link.id).await.unwrap_err().code(), "sink_failed");
    world.store.pause(tenant(), link.id).await.unwrap();
}

async fn an_older_row_that_grants_again_is_told(world: World) {
    let (store, kept) = with_sink(&world).await;
    let (_, link) = world.issue().await;
    world.sql("CREATE TABLE old AS SELECT * FROM link").await;
    let narrowed = LinkEdit { permissions: Some(world.permissions(&["files:read"])), ..LinkEdit::default() };
    world.store.edit(tenant(), link.id, narrowed).await.unwrap();
    world.sql("DELETE FROM link; INSERT INTO link SELECT * FROM old").await;
    let (expires_at, permissions) = (Some(link.ceiling), Some(world.permissions(&["files:*", "invoices:read"])));
    let as_it_was =
        LinkEdit { expires_at, permissions, resources: Some(portward::Resources::All), ..LinkEdit::default() };
    kept.fail(true);
    let refused = store.edit(tenant(), link.id, as_it_was.clone()).await.unwrap_err();
    assert_eq!(refused.code(), "sink_failed");
    kept.fail(false);
    store.edit(tenant(), link.id, as_it_was).await.unwrap();
    let told: Vec<_> = kept.take().iter().map(|event| event.operation.name()).collect();
    assert_eq!(told, ["widened"]);
}

async fn a_second_answer_for_one_use_is_told(world: World) {
    let (store, kept) = with_sink(&world).await;
    let (token, link) = world.issue_with(1).await;
    let peeked = store.peek(token.text(), None).unwrap();
    let redeem = async || store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await;
    redeem().await.unwrap();
    kept.fail(true);
    assert_eq!(redeem().await.unwrap_err().code(), "sink_failed");
    kept.fail(false);
    redeem().await.unwrap();
    let told: Vec<_> = kept.take().iter().map(|event| event.operation.name()).collect();
    assert_eq!(told, ["redeemed", "renewed"]);
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, 1);
}

async fn what_is_committed_says_what(world: World) {
    let (store, kept) = with_sink(&world).await;
    let id = [7; 16];
    let gone = Change::Tenant(tenant(), TenantChange::Tombstone(id));
    store.commit(vec![gone, Change::DeploymentGeneration(1)]).await.unwrap();
    let paused = TenantChange::Suspend { unit: Unit::Copy, id, expires_at: world.now() };
    store.commit(vec![Change::Tenant(tenant(), paused)]).await.unwrap();
    let events = kept.take();
    let hex = "07".repeat(16);
    assert_eq!(events[0].tenant, None);
    assert_eq!(events[0].detail.as_deref(), Some(&*format!("key {hex} destroyed, deployment generation 1")));
    assert_eq!((events[1].tenant, events[1].subject.clone()), (Some(tenant()), Some(Subject::Entry(id))));
    assert_eq!(events[1].detail.as_deref(), Some(&*format!("copy {hex} paused")));
}

async fn lines_of_several_writers_stay_apart(world: World) {
    let path = world.directory().join("events.jsonl");
    let lines = JsonLines::append_to(&path).unwrap();
    let record = async || lines.record(&Event::new(world.now(), Operation::Begun)).await;
    let read = || {
        let text = std::fs::read_to_string(&path).unwrap();
        let whole = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count();
        (whole, text.lines().count())
    };
    record().await.unwrap();
    // Another writer is killed while this one is open.
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"at\":17").unwrap();
    record().await.unwrap();
    assert_eq!(read(), (2, 3));
    // Moved away by who rotates logs.
    std::fs::rename(&path, world.directory().join("events.1")).unwrap();
    record().await.unwrap();
    assert_eq!(read(), (1, 1));
    // In place of it, one that others write, and a link to it.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o622)).unwrap();
    assert_eq!(JsonLines::append_to(&path).err().map(|error| error.kind()), Some(ErrorKind::PermissionDenied));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let linked = world.directory().join("linked");
    std::os::unix::fs::symlink(&path, &linked).unwrap();
    assert!(JsonLines::append_to(&linked).is_err());
    assert!(JsonLines::append_to(&path).is_ok());
}
