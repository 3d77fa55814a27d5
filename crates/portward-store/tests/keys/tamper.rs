use std::sync::Arc;

use portward::RowError;
use portward_store::keys::{KeyStore, KeyStoreError};

use crate::world::{DAY, Feed, World, code};

#[tokio::test]
async fn a_row_that_was_changed_is_not_believed() {
    let view = Feed::new(&World::new()).cell().load();
    for sql in [
        "UPDATE data_key SET state = 'retired'",
        "UPDATE data_key SET scope = 'subject:mallory'",
        "UPDATE data_key SET tenant = 'bolt'",
        "UPDATE data_key SET slot = NULL",
        "UPDATE data_key SET cost = randomblob(16)",
        "UPDATE data_key SET created = created + 1",
        "UPDATE data_key SET revision = revision + 1",
        "UPDATE data_key SET mac = zeroblob(32)",
        "UPDATE tenant_kek SET state = 'verify_only'",
        "UPDATE tenant_kek SET version = 2",
        "UPDATE tenant_kek SET \"check\" = zeroblob(8)",
        "UPDATE tenant_kek SET changed = changed - 1",
    ] {
        let world = World::new();
        let store = world.store().await;
        store.new_tenant(world.tenant).await.unwrap();
        store.scope(world.tenant, &world.scope).await.unwrap();
        assert_eq!(code(store.check(&view).await), "ok", "the control");
        world.tamper(sql).await;
        assert!(matches!(store.check(&view).await, Err(KeyStoreError::Row(RowError::Forged))), "{sql}");
    }
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    world.tamper("UPDATE tenant_kek SET root = zeroblob(4)").await;
    assert_eq!(code(store.check(&view).await), "unknown_root");
    let elsewhere = World::new();
    let wrong = KeyStore::open(
        &world.path(),
        Arc::clone(&elsewhere.deployment),
        Arc::clone(&elsewhere.keyring),
        elsewhere.options(),
    )
    .await
    .unwrap();
    assert_eq!(code(wrong.check(&view).await), "unknown_root", "another deployment's keyring");
}

/// Somebody who can write the database puts an old row back, whose MAC is good.
#[tokio::test]
async fn a_row_that_is_put_back_stays_destroyed() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    world.tamper("CREATE TABLE old_keys AS SELECT * FROM data_key").await;
    world.tamper("CREATE TABLE old_keks AS SELECT * FROM tenant_kek").await;
    store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    world.tamper("INSERT OR REPLACE INTO data_key SELECT * FROM old_keys").await;
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "key_destroyed");
    assert_eq!(code(store.rotate_scope(world.tenant, &world.scope).await), "key_destroyed");
    assert_eq!(code(store.rotate_tenant(world.tenant).await), "ok", "the control: the tenant lives");

    store.destroy_tenant(world.tenant, DAY).await.unwrap();
    world.tamper("INSERT OR REPLACE INTO tenant_kek SELECT * FROM old_keks").await;
    assert_eq!(code(store.rotate_tenant(world.tenant).await), "unknown_key");
    assert_eq!(code(store.scope(world.tenant, &"subject:bob".parse().unwrap()).await), "unknown_key");
    store.new_tenant(world.tenant).await.unwrap();
    let census = store.census().await.unwrap();
    assert_eq!(census.keks.values().sum::<u64>(), 1, "only the new beginning is wrapped under anything");
    assert!(census.roots.values().sum::<u64>() >= 5, "and destroyed rows are kept");
}

/// Somebody who can write the database makes it pretend a destruction.
#[tokio::test]
async fn a_trigger_makes_no_erasure() {
    for trigger in [
        "CREATE TRIGGER undo AFTER UPDATE ON data_key BEGIN UPDATE data_key SET slot = OLD.slot WHERE id = OLD.id; END",
        "CREATE TRIGGER undo AFTER INSERT ON key_tombstone BEGIN DELETE FROM key_tombstone; END",
        "CREATE VIEW harmless AS SELECT 1",
    ] {
        let world = World::new();
        let store = world.store_of_tenant().await;
        store.scope(world.tenant, &world.scope).await.unwrap();
        world.tamper(trigger).await;
        let destroyed = code(store.destroy_scope(world.tenant, &world.scope, DAY).await);
        assert!(["key_store_schema", "key_store_malformed"].contains(&destroyed), "{trigger}: {destroyed}");
        assert!(store.known_scope(world.tenant, &world.scope).await.is_ok(), "nothing is half done");
        let (deployment, keyring) = (Arc::clone(&world.deployment), Arc::clone(&world.keyring));
        let opened = KeyStore::open(&world.path(), deployment, keyring, world.options()).await;
        assert_eq!(code(opened), "key_store_schema", "it is not opened any more");
    }
}
