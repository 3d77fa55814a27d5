//! What is in the schema that the store did not put there.

use portward_test_servers::Durability;

use crate::place::{at, start};
use crate::world::{ALONE, DAY, World, code};

/// Somebody who can write the database makes it pretend a destruction.
#[tokio::test]
async fn what_could_hide_or_undo_is_refused() {
    const UNDO: &str =
        "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.slot := OLD.slot; RETURN NEW; END $$;
        CREATE TRIGGER undo BEFORE UPDATE ON data_key FOR EACH ROW EXECUTE FUNCTION undo()";
    for foreign in [
        UNDO,
        "CREATE RULE keep AS ON UPDATE TO data_key WHERE NEW.state = 'destroyed' DO INSTEAD NOTHING",
        "CREATE RULE lose AS ON INSERT TO key_tombstone DO INSTEAD NOTHING",
        "CREATE POLICY hide ON data_key USING (state <> 'active'); ALTER TABLE data_key ENABLE ROW LEVEL SECURITY",
        "CREATE VIEW harmless AS SELECT 1",
        "CREATE MATERIALIZED VIEW harmless AS SELECT 1",
        "CREATE TABLE public.heir () INHERITS (data_key)",
    ] {
        let world = World::new();
        let store = world.store_of_tenant().await;
        store.scope(world.tenant, &world.scope).await.unwrap();
        let open = async || code(world.open(&world.location(), ALONE, world.options()).await);
        assert_eq!(open().await, "ok", "the control");
        world.tamper(foreign).await;
        let destroyed = code(store.destroy_scope(world.tenant, &world.scope, DAY).await);
        let refusals = ["store_schema", "key_store_malformed", "store_unavailable"];
        assert!(refusals.contains(&destroyed), "{foreign}: {destroyed}");
        assert!(store.known_scope(world.tenant, &world.scope).await.is_ok(), "nothing is half done");
        assert_eq!(open().await, "store_schema", "{foreign}");
    }
}

#[tokio::test]
async fn a_rule_that_was_taken_away_is_forgotten() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    store.scope(world.tenant, &world.scope).await.unwrap();
    world.tamper("CREATE RULE lose AS ON INSERT TO key_tombstone DO INSTEAD NOTHING").await;
    assert_ne!(code(store.destroy_scope(world.tenant, &world.scope, DAY).await), "ok", "the control");
    world.place.sql("DROP RULE lose ON portward_keys.key_tombstone").await;
    assert_eq!(code(store.destroy_scope(world.tenant, &world.scope, DAY).await), "ok");
}

/// Only who asks for it makes tables; what is made by a newer program is left alone.
#[tokio::test]
async fn tables_are_made_when_that_is_asked_for() {
    let world = World::new();
    let open = async |initialise| {
        let options = portward_store::keys::KeyStoreOptions { initialise, ..world.options() };
        code(world.open(&world.location(), ALONE, options).await)
    };
    assert_eq!(open(false).await, "store_uninitialised");
    let count = "SELECT count(*) FROM pg_namespace WHERE nspname = 'portward_keys'";
    assert_eq!(world.place.sql(count).await, "0", "nothing was made");
    assert_eq!((open(true).await, open(false).await), ("ok", "ok"));
    assert_eq!(world.place.sql(count).await, "1");
    assert_eq!(world.place.sql(LOCKS).await, "0", "no lock is left");

    world.tamper("UPDATE _sqlx_migrations SET version = 99").await;
    assert_eq!((open(true).await, open(false).await), ("store_newer", "store_newer"));
    world.tamper("UPDATE _sqlx_migrations SET version = 1").await;
    world.tamper("INSERT INTO _sqlx_migrations SELECT 2, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations").await;
    assert_eq!((open(true).await, open(false).await), ("store_newer", "store_newer"));
}

/// What a database says by default does not weaken a transaction of the store.
#[tokio::test]
async fn defaults_of_the_database_do_not_count() {
    let server = start(Durability::Synced);
    let database = server.create_database().unwrap();
    let defaults = "ALTER DATABASE test_0 SET default_transaction_isolation = 'repeatable read';
        ALTER DATABASE test_0 SET synchronous_commit = off";
    server.sql(&database, defaults).unwrap();
    let world = World::new();
    let store = world.open(&at(&server.url(&database)), ALONE, world.options()).await.unwrap();
    store.new_tenant(world.tenant).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let other = world.open(&at(&server.url(&database)), ALONE, world.options()).await.unwrap();
        let (tenant, scope) = (world.tenant, world.scope.clone());
        tasks.push(tokio::spawn(async move {
            for _ in 0..10 {
                other.scope_for(tenant, &scope, 1).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(server.sql(&database, "SELECT revision FROM portward_keys.data_key").unwrap(), "41", "none was lost");
    // Synced: at once after an answer, all is there.
    server.kill().unwrap();
    server.restart().unwrap();
    assert_eq!(server.sql(&database, "SELECT revision FROM portward_keys.data_key").unwrap(), "41");
}

/// In this database: the server is everybody's.
const LOCKS: &str = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND l.mode = 'ShareRowExclusiveLock'";
