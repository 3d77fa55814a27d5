use std::sync::Arc;

use portward::envelope::{Context, DataScope};
use portward_store::backup::{Existing, Kind, RestoreOptions};

use crate::world::{MONTH, World, code, now, tenant, verify};

fn scope(name: &str) -> DataScope {
    format!("subject:{name}").parse().unwrap()
}

fn context() -> Context {
    Context::new(&tenant(), "clients.phone", "7").unwrap()
}

/// Slots in a database: what opens, rules aside, for who has the keyring.
async fn slots(world: &World, name: &str) -> i64 {
    use sqlx::Connection as _;
    let url = format!("sqlite://{}", world.file(name).display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let sql = "SELECT (SELECT count(slot) FROM data_key) + (SELECT count(slot) FROM tenant_kek)";
    let (slots,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    slots
}

/// A key store with two subjects, a record of each, and a backup of it.
async fn studio(world: &World) -> [Vec<u8>; 2] {
    let keys = world.keys("keys.db", None).await.unwrap();
    keys.new_tenant(tenant()).await.unwrap();
    let mut sealed = Vec::new();
    for name in ["anna", "bob"] {
        let keys = keys.scope(tenant(), &scope(name)).await.unwrap();
        sealed.push(keys.seal_record(&context(), b"+49 30 1234").unwrap());
    }
    sealed.try_into().unwrap()
}

async fn opens(world: &World, database: &str, subject: &str, record: &[u8]) -> &'static str {
    let keys = world.keys(database, None).await.unwrap();
    match keys.known_scope(tenant(), &scope(subject)).await {
        Ok(keys) => keys.open_record(&context(), record).err().map_or("ok", |error| error.code()),
        Err(error) => error.code(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_destroyed_here_stays_destroyed() {
    let world = World::new();
    let [anna, bob] = studio(&world).await;
    let backups = world.backups();
    let entry = backups.back_up(Kind::Keys, &world.sqlite("keys.db"), now()).await.unwrap();
    verify(&backups, entry.number).await.unwrap();
    let keys = world.keys("keys.db", None).await.unwrap();
    keys.destroy_scope(tenant(), &scope("anna"), MONTH).await.unwrap();
    drop(keys);
    // The control: elsewhere, where nobody knows of it, it comes back.
    let elsewhere = world.sqlite("elsewhere.db");
    let restored = backups.restore(Kind::Keys, &elsewhere, RestoreOptions::default(), now()).await.unwrap();
    assert_eq!((restored.buried, opens(&world, "elsewhere.db", "anna", &anna).await), (0, "ok"));
    assert_eq!(slots(&world, "elsewhere.db").await, 3);
    // Over the store that knows it.
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &world.sqlite("keys.db"), options, now()).await.unwrap();
    assert_eq!(restored.buried, 1);
    assert_eq!(opens(&world, "keys.db", "anna", &anna).await, "data_key_destroyed");
    assert_eq!(opens(&world, "keys.db", "bob", &bob).await, "ok");
    assert_eq!(slots(&world, "keys.db").await, 2, "its slot is gone");
    let keys = world.keys("keys.db", None).await.unwrap();
    assert_eq!(keys.scope(tenant(), &scope("anna")).await.err().unwrap().code(), "key_destroyed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_backup_knows_stays_destroyed() {
    let world = World::new();
    let [anna, bob] = studio(&world).await;
    let backups = world.backups();
    let old = backups.back_up(Kind::Keys, &world.sqlite("keys.db"), now()).await.unwrap();
    let keys = world.keys("keys.db", None).await.unwrap();
    keys.destroy_scope(tenant(), &scope("anna"), MONTH).await.unwrap();
    let new = backups.back_up(Kind::Keys, &world.sqlite("keys.db"), now()).await.unwrap();
    let options = RestoreOptions { number: Some(old.number), ..RestoreOptions::default() };
    let into = world.sqlite("restored.db");
    let restored = backups.restore(Kind::Keys, &into, options.clone(), now()).await.unwrap();
    assert_eq!(restored.buried, 1);
    assert_eq!(opens(&world, "restored.db", "anna", &anna).await, "data_key_destroyed");
    assert_eq!(opens(&world, "restored.db", "bob", &bob).await, "ok");
    assert_eq!(slots(&world, "restored.db").await, 2);
    // If it cannot be asked, nothing is restored.
    std::fs::remove_file(backups.path().join(new.file_name())).unwrap();
    let another = world.sqlite("another.db");
    assert_eq!(code(backups.restore(Kind::Keys, &another, options, now()).await), "backup_missing");
    assert!(!world.file("another.db").exists());
    world.has_no_leftovers();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_view_knows_stays_destroyed() {
    let world = World::new();
    let [anna, bob] = studio(&world).await;
    let store = world.store().await;
    let backups = world.backups();
    backups.back_up(Kind::Keys, &world.sqlite("keys.db"), now()).await.unwrap();
    let keys = world.keys("keys.db", None).await.unwrap();
    let erasure = keys.destroy_scope(tenant(), &scope("anna"), MONTH).await.unwrap();
    store.commit(erasure.changes()).await.unwrap();
    let options = RestoreOptions { views: vec![store.cell().load()], ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &world.sqlite("restored.db"), options, now()).await.unwrap();
    assert_eq!(restored.buried, 1);
    assert_eq!(opens(&world, "restored.db", "anna", &anna).await, "data_key_destroyed");
    assert_eq!(opens(&world, "restored.db", "bob", &bob).await, "ok");
}

/// A tenant that is destroyed takes what lies under its KEK with it, also a data key that came later.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_tenant_stays_destroyed() {
    let world = World::new();
    let [anna, bob] = studio(&world).await;
    let backups = world.backups();
    backups.back_up(Kind::Keys, &world.sqlite("keys.db"), now()).await.unwrap();
    for (subject, record) in [("anna", &anna), ("bob", &bob)] {
        assert_eq!(opens(&world, "keys.db", subject, record).await, "ok", "the control");
    }
    let keys = world.keys("keys.db", None).await.unwrap();
    keys.destroy_tenant(tenant(), MONTH).await.unwrap();
    drop(keys);
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &world.sqlite("keys.db"), options, now()).await.unwrap();
    assert_eq!((restored.buried, slots(&world, "keys.db").await), (3, 0));
    for (subject, record) in [("anna", anna), ("bob", bob)] {
        assert_ne!(opens(&world, "keys.db", subject, &record).await, "ok");
    }
    let world = Arc::new(world);
    let keys = world.keys("keys.db", None).await.unwrap();
    let store = world.store().await;
    let checked = keys.check(&store.cell().load()).await.unwrap();
    assert!(checked.rows > 0 && checked.bad.is_empty(), "every row has a good MAC");
}
