//! What holds of a file alone.

use portward_store::database::Location;

use crate::world::{ALONE, DAY, World, code};

/// No key is in the file, nor is what was destroyed.
#[tokio::test]
async fn what_is_destroyed_is_not_in_the_file() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    let slot = world.bytes("SELECT slot FROM data_key").await;
    let is_in_files = |needle: &[u8]| {
        let files = std::fs::read_dir(world.place.folder()).unwrap();
        files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    };
    assert!(is_in_files(&slot), "the control");
    store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    assert!(!is_in_files(&slot));
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
        let open = async || code(world.open(&world.location(), ALONE, world.options()).await);
        assert_eq!(open().await, "ok", "the control");
        world.tamper(trigger).await;
        let destroyed = code(store.destroy_scope(world.tenant, &world.scope, DAY).await);
        assert!(["store_schema", "key_store_malformed"].contains(&destroyed), "{trigger}: {destroyed}");
        assert!(store.known_scope(world.tenant, &world.scope).await.is_ok(), "nothing is half done");
        assert_eq!(open().await, "store_schema", "it is not opened any more");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.store().await;
    let mode = |mode| std::fs::set_permissions(world.place.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    for others in [0o666, 0o640, 0o604] {
        mode(others);
        assert_eq!(code(world.open(&world.location(), ALONE, world.options()).await), "store_permissions");
    }
    mode(0o600);
    assert_eq!(code(world.open(&world.location(), ALONE, world.options()).await), "ok");
    let link = world.place.folder().join("link.db");
    std::os::unix::fs::symlink(world.place.path(), &link).unwrap();
    assert_eq!(code(world.open(&Location::Sqlite(link), ALONE, world.options()).await), "store_permissions");
    let (dangling, elsewhere) = (world.place.folder().join("dangling.db"), world.place.folder().join("elsewhere"));
    std::os::unix::fs::symlink(&elsewhere, &dangling).unwrap();
    assert_eq!(code(world.open(&Location::Sqlite(dangling), ALONE, world.options()).await), "store_permissions");
    assert!(!elsewhere.exists(), "nothing is made where a link points");
}

/// One that was made when this was all that there was, and what it was made by.
#[tokio::test]
async fn a_database_of_before_opens() {
    const MADE_BY: [(i64, &str, &str, &str); 2] = [
        (
            1,
            "keys",
            "344a71b65e04a0ed73896994fed6fe96541d8d68b1126e8629b1b02b54d9d8f93add585a5ccffbb210f124e13af46901",
            include_str!("../../migrations/keys/sqlite/0001_keys.sql"),
        ),
        (
            2,
            "tenant minimum",
            "5abddfb01f2b8c50e35c1d7ffca9ac0a9e5214e0308a773f469048c60eb11030ac3d81f675d369e60602f91735ea9e7f",
            include_str!("../../migrations/keys/sqlite/0002_tenant_minimum.sql"),
        ),
    ];
    let world = World::new();
    std::fs::write(world.place.path(), b"").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(world.place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    world.tamper("CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)").await;
    let mut connection = world.place.connect().await;
    for (version, name, checksum, sql) in MADE_BY {
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        let done = "INSERT INTO _sqlx_migrations VALUES ($1, $2, CURRENT_TIMESTAMP, TRUE, unhex($3), 1)";
        sqlx::query(done).bind(version).bind(name).bind(checksum).execute(&mut connection).await.unwrap();
    }
    drop(connection);
    let store = world.store_of_tenant().await;
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "ok");

    world.tamper("UPDATE _sqlx_migrations SET version = 99 WHERE version = 2").await;
    assert_eq!(code(world.open(&world.location(), ALONE, world.options()).await), "store_newer");
}

/// What is no database is told at once, and by its own name.
#[tokio::test]
async fn what_is_no_database_is_told() {
    let world = World::new();
    world.store().await;
    std::fs::write(world.place.path(), [7; 4096]).unwrap();
    let mut times = Vec::new();
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let error = world.open(&world.location(), ALONE, world.options()).await.err().unwrap();
        times.push(start.elapsed());
        assert_eq!(error.code(), "store_unavailable");
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("not a database"));
    }
    let quickest = times.iter().min().unwrap();
    assert!(*quickest < std::time::Duration::from_secs(3), "one that is busy is tried for 5 s: {times:?}");
}
