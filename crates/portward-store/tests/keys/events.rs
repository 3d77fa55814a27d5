use std::sync::Arc;
use std::time::Duration;

use portward::envelope::DataScope;
use portward::{Change, Keyring, TenantChange, Timestamp};
use portward_store::events::Subject;
use portward_store::keys::{Feed, KeyStore, KeyStoreOptions};

use crate::kept::Kept;
use crate::world::{ALONE, DAY, Follow, NOW, World, code};

fn told(world: &World) -> (KeyStoreOptions, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    (KeyStoreOptions { recorder: kept.recorder(), ..world.options() }, kept)
}

#[tokio::test]
async fn the_sink_is_told_of_every_key() {
    let world = World::new();
    let (options, kept) = told(&world);
    let store = world.store_with(options).await.acting_as("ann@example.com");
    let (tenant, scope) = (world.tenant, &world.scope);
    store.new_tenant(tenant).await.unwrap();
    let keys = store.scope(tenant, scope).await.unwrap();
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    let id = object[4..20].try_into().unwrap();
    store.scope(tenant, scope).await.unwrap();
    store.known_scope(tenant, scope).await.unwrap();
    store.rotate_scope(tenant, scope).await.unwrap();
    store.retire_key(tenant, scope, id).await.unwrap();
    store.reinstate_key(tenant, scope, id).await.unwrap();
    store.rotate_tenant(tenant).await.unwrap();
    world.clock.pass(Duration::from_secs(300));
    store.retire_kek(tenant, 1).await.unwrap();
    store.reinstate_kek(tenant, 1).await.unwrap();
    store.raise_minimum(tenant, 2).await.unwrap();
    store.destroy_data_key(tenant, scope, id, DAY).await.unwrap();
    store.destroy_scope(tenant, scope, DAY).await.unwrap();
    store.new_scope(tenant, scope).await.unwrap();
    store.destroy_tenant(tenant, DAY).await.unwrap();
    let events = kept.take();
    let names: Vec<_> = events.iter().map(|event| event.operation.name()).collect();
    let expected = [
        "tenant_kek_made",
        "data_key_made",
        "data_key_rotated",
        "data_key_retired",
        "data_key_reinstated",
        "tenant_kek_rotated",
        "tenant_kek_retired",
        "tenant_kek_reinstated",
        "minimum_raised",
        "data_key_destroyed",
        "scope_destroyed",
        "scope_begun",
        "tenant_destroyed",
    ];
    assert_eq!(names, expected);
    assert!(events.iter().all(|event| event.tenant == Some(tenant)));
    assert!(events.iter().all(|event| event.actor.as_deref() == Some("ann@example.com")));
    let about = |name: &str| events.iter().find(|event| event.operation.name() == name).unwrap();
    let hex: String = object[4..20].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(about("data_key_made").detail.as_deref(), Some(&*hex));
    assert_eq!(about("scope_destroyed").subject, Some(Subject::Scope(scope.clone())));
    assert_eq!(about("data_key_destroyed").subject, Some(Subject::Scope(scope.clone())));
    assert_eq!(about("data_key_destroyed").detail.as_deref(), Some(&*hex), "one key of it");
    assert_eq!(about("scope_begun").subject, Some(Subject::Scope(scope.clone())));
    assert!(about("scope_begun").detail.as_deref().is_some_and(|key| key.len() == 32 && key != hex), "another key");
    assert_eq!(about("tenant_kek_rotated").detail.as_deref(), Some("2"));
}

#[tokio::test]
async fn rewrapping_is_told_where_there_is_something_to_do() {
    let world = World::new();
    world.store_of_tenant().await.scope(world.tenant, &world.scope).await.unwrap();
    let (options, kept) = told(&world);
    world.store_with(options.clone()).await.rewrap().await.unwrap();
    assert!(kept.take().is_empty(), "all is under the present root");
    let mut keyring = Keyring::from_json(&world.keyring.to_json(), &world.deployment).unwrap();
    let root = keyring.add(NOW).unwrap();
    keyring.activate(root, Timestamp::from_unix(NOW.unix() + 1)).unwrap();
    let deployment = Arc::clone(&world.deployment);
    let store = KeyStore::open(&world.location(), deployment, Arc::new(keyring), ALONE, options).await.unwrap();
    kept.fail(true);
    assert_eq!(code(store.rewrap().await), "sink_failed");
    kept.fail(false);
    let done = store.rewrap().await.unwrap();
    assert_eq!((done.keks, done.rows > 0, done.failed), (1, true, vec![]));
    let told = kept.take();
    let told: Vec<_> = told.iter().map(|event| (event.operation.name(), event.detail.as_deref())).collect();
    assert_eq!(told[0], ("rewrapped", Some("1 KEKs")));
    assert_eq!((told[1].0, told.len()), ("rewrapped", 2));
}

#[tokio::test]
async fn burying_again_is_told() {
    let world = World::new();
    let mut feed = Follow::new(&world);
    let (options, kept) = told(&world);
    let store = world.open(&world.location(), Feed::View(feed.cell()), options).await.unwrap();
    store.new_tenant(world.tenant).await.unwrap();
    let object = store.scope(world.tenant, &world.scope).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let id = object[4..20].try_into().unwrap();
    feed.publish(vec![Change::Tenant(world.tenant, TenantChange::Tombstone(id))]);
    kept.take();
    kept.fail(true);
    assert_eq!(code(store.rewrap().await), "sink_failed");
    kept.fail(false);
    assert_eq!(store.rewrap().await.unwrap().buried, 1, "it was not done before");
    let told = kept.take();
    let told: Vec<_> = told.iter().map(|event| (event.operation.name(), event.detail.as_deref())).collect();
    assert_eq!(told, [("buried", Some("1 keys"))]);
}

/// What was refused is then asked for again, and done: so nothing of it had been.
#[tokio::test]
async fn a_failing_sink_refuses_what_is_done_with_keys() {
    let world = World::new();
    let (options, kept) = told(&world);
    let store = world.store_with(options).await;
    let (tenant, scope) = (world.tenant, &world.scope);
    macro_rules! refused_then_done {
        ($call:expr) => {{
            kept.fail(true);
            assert_eq!(code($call.await), "sink_failed");
            kept.fail(false);
            $call.await.unwrap()
        }};
    }
    refused_then_done!(store.new_tenant(tenant));
    let keys = refused_then_done!(store.scope(tenant, scope));
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    let id = object[4..20].try_into().unwrap();
    refused_then_done!(store.rotate_scope(tenant, scope));
    refused_then_done!(store.retire_key(tenant, scope, id));
    refused_then_done!(store.reinstate_key(tenant, scope, id));
    assert_eq!(refused_then_done!(store.rotate_tenant(tenant)), 2);
    world.clock.pass(Duration::from_secs(300));
    refused_then_done!(store.retire_kek(tenant, 1));
    refused_then_done!(store.reinstate_kek(tenant, 1));
    refused_then_done!(store.raise_minimum(tenant, 2));
    let bob = "subject:bob".parse().unwrap();
    refused_then_done!(store.new_scope(tenant, &bob));
    kept.fail(true);
    assert_eq!(code(store.destroy_tenant(tenant, DAY).await), "sink_failed");
    let opens = async || {
        let keys = store.known_scope(tenant, scope).await.unwrap();
        keys.open_record(&world.context(), &object).is_ok()
    };
    assert!(opens().await, "what is not told is not destroyed");
    kept.fail(false);
    let other: DataScope = "subject:bea".parse().unwrap();
    store.scope(tenant, &other).await.unwrap();
    refused_then_done!(store.destroy_scope(tenant, &other, DAY));
    store.destroy_tenant(tenant, DAY).await.unwrap();
    assert!(!opens().await);
}
