//! Servers that die, do not answer, or fall back.

use std::time::Duration;

use portward_store::keys::Feed;
use portward_test_servers::Durability;

use crate::place::{at, server, start};
use crate::world::{ALONE, DAY, Follow, World, code};

#[tokio::test]
async fn a_store_goes_on_when_its_server_is_back() {
    let (server, world) = (start(Durability::Synced), World::new());
    let location = at(&server.url(&server.create_database().unwrap()));
    let store = world.open(&location, ALONE, world.options()).await.unwrap();
    store.new_tenant(world.tenant).await.unwrap();
    let held = store.scope(world.tenant, &world.scope).await.unwrap();
    let object = held.seal_record(&world.context(), b"x").unwrap();
    for _ in 0..3 {
        server.kill().unwrap();
        assert!(store.scope(world.tenant, &world.scope).await.is_ok(), "what is held goes on");
        server.restart().unwrap();
        store.forget(world.tenant);
        let keys = store.scope(world.tenant, &world.scope).await.unwrap();
        assert_eq!(keys.open_record(&world.context(), &object).unwrap(), b"x");
    }
    server.kill().unwrap();
    store.forget(world.tenant);
    assert!(["store_timed_out", "store_unavailable"].contains(&code(store.scope(world.tenant, &world.scope).await)));
    server.restart().unwrap();
    assert_eq!(code(store.destroy_scope(world.tenant, &world.scope, DAY).await), "ok");
}

/// The server falls back to a copy from before a destruction; the view has not forgotten it.
#[tokio::test]
async fn a_copy_that_fell_behind_brings_nothing_back() {
    let (server, world) = (start(Durability::Fast), World::new());
    let location = at(&server.url(&server.create_database().unwrap()));
    let mut feed = Follow::new(&world);
    let store = world.open(&location, Feed::View(feed.cell()), world.options()).await.unwrap();
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    let behind = server.copy_data().unwrap();
    let erasure = store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    feed.publish(erasure.changes());
    server.restart_on(&behind).unwrap();
    let unaware = world.open(&location, ALONE, world.options()).await.unwrap();
    assert_eq!(code(unaware.scope(world.tenant, &world.scope).await), "ok", "why the view is needed");
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "key_destroyed");
    assert_eq!(store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap().keys, erasure.keys, "done again");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for() {
    let (server, world) = (start(Durability::Fast), World::new());
    let location = at(&server.url(&server.create_database().unwrap()));
    let store = world.open(&location, ALONE, world.options()).await.unwrap();
    store.new_tenant(world.tenant).await.unwrap();
    server.pause().unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(45), store.scope(world.tenant, &world.scope)).await;
    assert_eq!(code(asked.unwrap()), "store_timed_out");
    server.resume().unwrap();
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "ok");
}

/// A lock that does not come, and one that is given up, leave no connection behind that keeps it or is of no use.
#[tokio::test]
async fn who_waits_in_vain_leaves_nothing_behind() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let bob = "subject:bob".parse().unwrap();
    let hold = |seconds: u32| {
        let database = world.place.database.clone();
        let sql = format!(
            "BEGIN; LOCK TABLE portward_keys.tenant_kek IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT"
        );
        tokio::task::spawn_blocking(move || server().sql(&database, &sql).unwrap())
    };
    let held = async || {
        let count = "SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while world.place.sql(count).await == "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let holder = hold(20);
    held().await;
    assert_eq!(code(store.scope(world.tenant, &bob).await), "store_timed_out");
    holder.await.unwrap();
    for _ in 0..12 {
        assert_eq!(code(store.scope_for(world.tenant, &bob, 1).await), "ok", "every connection is of use");
    }

    let holder = hold(6);
    held().await;
    let given_up = tokio::time::timeout(Duration::from_millis(300), store.scope_for(world.tenant, &bob, 1)).await;
    assert!(given_up.is_err());
    holder.await.unwrap();
    let other = world.store().await;
    let asked = tokio::time::timeout(Duration::from_secs(20), other.scope_for(world.tenant, &bob, 1)).await;
    assert_eq!(code(asked.unwrap()), "ok", "nobody keeps the lock");
}
