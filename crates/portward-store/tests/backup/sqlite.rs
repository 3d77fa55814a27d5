use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use portward_store::backup::{Existing, Kind, RestoreOptions};
use portward_store::events::Recorder;
use portward_store::store::Recovery;

use crate::world::{ALL, World, code, now, path_of, tenant, verify};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_comes_back_and_is_refused_until_it_is_recovered() {
    let world = World::new();
    let store = world.store().await;
    let (token, _) = world.issue(&store).await;
    let backups = world.backups();
    let entry = backups.back_up(Kind::Data, &world.sqlite("store.db"), now()).await.unwrap();
    verify(&backups, entry.number).await.unwrap();
    assert_eq!(entry.stamp, store.stamp());
    let sealed = std::fs::read(path_of(&backups, &entry)).unwrap();
    assert!(!sealed.windows(8).any(|window| window == b"studio-7" || window == b"link_eve"), "nothing is in the clear");
    let saved = store.cell().load().save(&world.keyring).unwrap();
    drop(store);

    let into = world.sqlite("restored.db");
    let restored = backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await.unwrap();
    assert!(restored.manifest.rows() > 4);
    assert_eq!(world.open_store(&into).await.err().unwrap().code(), "store_restored");
    // Once more: it is there now.
    let again = backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await;
    assert_eq!(code(again), "backup_target_exists");
    Recovery::run(&into, &world.keyring, Some(&saved), &Recorder::none(), now()).await.unwrap();
    let fresh = world.open_store(&into).await.unwrap();
    assert!(fresh.verifier().verify_link(token.text(), portward::Clock::now(&portward::SystemClock)).is_ok());
    fresh.check().await.unwrap();
    world.has_no_leftovers();
}

async fn sql(world: &World, name: &str, statements: String) {
    use sqlx::Connection as _;
    let url = format!("sqlite://{}?mode=rwc", world.file(name).display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Who can write the database, and has no key, does not get one by a backup of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_feed_is_not_believed_when_it_comes_back() {
    let world = World::new();
    world.store().await.close().await;
    assert!(!world.file("store.db-wal").exists());
    let forgeries = [
        "UPDATE feed SET sequence = sequence - 1",
        "INSERT INTO feed SELECT * FROM feed",
        "CREATE TABLE other AS SELECT incarnation, 'x' AS sequence, history, snapshot, place, root, mac FROM feed; DROP TABLE feed; ALTER TABLE other RENAME TO feed",
    ];
    let backups = world.backups();
    let control = backups.back_up(Kind::Data, &world.sqlite("store.db"), now()).await.unwrap();
    assert!(control.stamp.is_some());
    for (at, forgery) in forgeries.into_iter().enumerate() {
        let (forged, into) = (format!("forged-{at}.db"), format!("restored-{at}.db"));
        std::fs::copy(world.file("store.db"), world.file(&forged)).unwrap();
        sql(&world, &forged, forgery.to_owned()).await;
        let entry = backups.back_up(Kind::Data, &world.sqlite(&forged), now()).await.unwrap();
        assert_eq!(entry.stamp, None, "{forgery}");
        verify(&backups, entry.number).await.unwrap();
        let into = world.sqlite(&into);
        backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await.unwrap();
        let code = world.open_store(&into).await.err().unwrap().code();
        assert!(
            ["row_forged", "store_malformed", "row_malformed", "link_malformed"].contains(&code),
            "{forgery}: {code}"
        );
    }
}

/// Before anything is sealed that nobody could read.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_cannot_be_stated_is_told() {
    let world = World::new();
    let backups = world.backups();
    for (length, expected) in [(255, "ok"), (256, "backup_tables")] {
        let (file, table) = (format!("{length}.db"), "t".repeat(length));
        sql(&world, &file, format!("CREATE TABLE {table} (x); INSERT INTO {table} VALUES (1)")).await;
        assert_eq!(code(backups.back_up(Kind::Data, &world.sqlite(&file), now()).await), expected);
    }
    world.has_no_leftovers();
}

/// In the very inode that the feed began in, as a file system that uses numbers again may have it: only the mark tells.
#[tokio::test(flavor = "multi_thread")]
async fn restored_in_its_own_place_it_is_refused_too() {
    let world = World::new();
    let store = world.store().await;
    let backups = world.backups();
    backups.back_up(Kind::Data, &world.sqlite("store.db"), now()).await.unwrap();
    store.close().await;
    assert!(!world.file("store.db-wal").exists());
    let aside = world.sqlite("aside.db");
    backups.restore(Kind::Data, &aside, RestoreOptions::default(), now()).await.unwrap();
    // The control: put back by hand, in place, it opens as if nothing had been.
    let by_hand = std::fs::read(world.file("store.db")).unwrap();
    std::fs::write(world.file("store.db"), &by_hand).unwrap();
    let into = world.sqlite("store.db");
    world.open_store(&into).await.unwrap().close().await;
    assert!(!world.file("store.db-wal").exists());
    std::fs::write(world.file("store.db"), std::fs::read(world.file("aside.db")).unwrap()).unwrap();
    assert_eq!(world.open_store(&into).await.err().unwrap().code(), "store_restored");
    assert!(!Recovery::run(&into, &world.keyring, None, &Recorder::none(), now()).await.unwrap().merged);
    drop(world.open_store(&into).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_replaced_only_when_it_is_closed() {
    let world = World::new();
    world.store().await.close().await;
    assert!(!world.file("store.db-wal").exists());
    let (backups, into) = (world.backups(), world.sqlite("store.db"));
    backups.back_up(Kind::Data, &into, now()).await.unwrap();
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    std::fs::write(world.file("store.db-wal"), b"x").unwrap();
    assert_eq!(code(backups.restore(Kind::Data, &into, options.clone(), now()).await), "backup_target_in_use");
    std::fs::remove_file(world.file("store.db-wal")).unwrap();
    backups.restore(Kind::Data, &into, options, now()).await.unwrap();
    assert_eq!(world.open_store(&into).await.err().unwrap().code(), "store_restored");
}

/// A mistyped path costs nobody a keyring, or the store of keys; a database that is damaged is what a backup is for.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_file_is_not_replaced() {
    let world = World::new();
    world.store().await.close().await;
    world.keys("keys.db", None).await.unwrap().new_tenant(tenant()).await.unwrap();
    let backups = world.backups();
    backups.back_up(Kind::Data, &world.sqlite("store.db"), now()).await.unwrap();
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    std::fs::write(world.file("keyring.json"), b"{\"a\": 1, and so on\": 2}").unwrap();
    for name in ["keys.db", "keyring.json"] {
        let before = std::fs::read(world.file(name)).unwrap();
        let refused = backups.restore(Kind::Data, &world.sqlite(name), options.clone(), now()).await;
        assert_eq!(code(refused), "backup_kind", "{name}");
        assert_eq!(std::fs::read(world.file(name)).unwrap(), before);
    }
    let mut damaged = std::fs::read(world.file("store.db")).unwrap();
    damaged[100..4000].fill(0xAA);
    std::fs::write(world.file("store.db"), damaged).unwrap();
    std::fs::write(world.file("empty.db"), b"").unwrap();
    for name in ["store.db", "empty.db"] {
        backups.restore(Kind::Data, &world.sqlite(name), options.clone(), now()).await.unwrap();
    }
}

/// What is damaged may have known of keys that were destroyed since: that it is given up is said by moving it away.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_not_restored_over_what_cannot_be_read() {
    let world = World::new();
    world.store().await.close().await;
    world.keys("keys.db", None).await.unwrap().new_tenant(tenant()).await.unwrap();
    let backups = world.backups();
    backups.back_up(Kind::Keys, &world.sqlite("keys.db"), now()).await.unwrap();
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    std::fs::write(world.file("damaged.db"), [&b"SQLite format 3\0"[..], &[0xAA; 5000]].concat()).unwrap();
    for (name, expected) in [("store.db", "backup_kind"), ("damaged.db", "store_unavailable")] {
        let before = std::fs::read(world.file(name)).unwrap();
        assert_eq!(code(backups.restore(Kind::Keys, &world.sqlite(name), options.clone(), now()).await), expected);
        assert_eq!(std::fs::read(world.file(name)).unwrap(), before, "{name} is as it was");
    }
    std::fs::remove_file(world.file("damaged.db")).unwrap();
    backups.restore(Kind::Keys, &world.sqlite("damaged.db"), options, now()).await.unwrap();
}

/// Who has the database open is not told that something was done which nobody finds afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_replaced_keys_open_does_nothing_more() {
    let world = World::new();
    let open = world.keys("keys.db", None).await.unwrap();
    open.new_tenant(tenant()).await.unwrap();
    let (backups, into) = (world.backups(), world.sqlite("keys.db"));
    backups.back_up(Kind::Keys, &into, now()).await.unwrap();
    let before = open.census().await.unwrap().keks;
    open.new_tenant("studio-8".parse().unwrap()).await.unwrap();
    assert_ne!(open.census().await.unwrap().keks, before, "the control");
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    backups.restore(Kind::Keys, &into, options, now()).await.unwrap();
    assert!(open.new_tenant("studio-9".parse().unwrap()).await.is_err());
    let again = world.keys("keys.db", None).await.unwrap();
    assert_eq!(again.census().await.unwrap().keks, before);
    again.new_tenant("studio-9".parse().unwrap()).await.unwrap();
}

/// As `secure_delete` does it. What has another name is somebody's, whom it was not said of.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_replaced_are_wiped() {
    use std::io::Read as _;
    let world = World::new();
    world.keys("keys.db", None).await.unwrap().new_tenant(tenant()).await.unwrap();
    let (backups, into) = (world.backups(), world.sqlite("keys.db"));
    backups.back_up(Kind::Keys, &into, now()).await.unwrap();
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    for named in [false, true] {
        let mut old = std::fs::File::open(world.file("keys.db")).unwrap();
        if named {
            std::fs::hard_link(world.file("keys.db"), world.file("named")).unwrap();
        }
        backups.restore(Kind::Keys, &into, options.clone(), now()).await.unwrap();
        let mut found = Vec::new();
        old.read_to_end(&mut found).unwrap();
        assert!(found.len() > 1000 && found.iter().all(|byte| *byte == 0) != named, "named: {named}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_keys_are_kept_apart() {
    let world = World::new();
    let _store = world.store().await;
    world.keys("keys.db", None).await.unwrap().new_tenant(tenant()).await.unwrap();
    let backups = world.backups();
    assert_eq!(code(backups.back_up(Kind::Data, &world.sqlite("keys.db"), now()).await), "backup_kind");
    assert_eq!(code(backups.back_up(Kind::Keys, &world.sqlite("store.db"), now()).await), "backup_kind");
    assert_eq!(code(backups.back_up(Kind::Stream, &world.sqlite("store.db"), now()).await), "backup_kind");
    assert_eq!(code(backups.back_up(Kind::Data, &world.sqlite("none.db"), now()).await), "source_unreadable");
    assert!(!world.file("none.db").exists());
    assert!(backups.catalogue().unwrap().entries.is_empty());
    for (kind, name) in ALL.into_iter().zip(["store.db", "keys.db"]) {
        backups.back_up(kind, &world.sqlite(name), now()).await.unwrap();
    }
    world.has_no_leftovers();
}

/// Who writes goes on, and the backup is of one moment: two tables that are always changed together agree in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_while_others_write() {
    use sqlx::Connection as _;
    let world = Arc::new(World::new());
    let url = format!("sqlite://{}?mode=rwc", world.file("app.db").display());
    let mut writer = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("PRAGMA journal_mode = WAL; CREATE TABLE a (x INTEGER); CREATE TABLE b (x INTEGER)")
        .execute(&mut writer)
        .await
        .unwrap();
    sqlx::raw_sql("INSERT INTO a VALUES (0); INSERT INTO b VALUES (0)").execute(&mut writer).await.unwrap();
    let (is_over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writing = tokio::spawn({
        let (is_over, written) = (Arc::clone(&is_over), Arc::clone(&written));
        async move {
            while !is_over.load(Ordering::SeqCst) {
                let sql = "BEGIN IMMEDIATE; INSERT INTO a SELECT max(x) + 1 FROM a; INSERT INTO b SELECT max(x) + 1 FROM b; COMMIT";
                sqlx::raw_sql(sql).execute(&mut writer).await.unwrap();
                written.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let backups = world.backups();
    for round in 0..10 {
        let before = written.load(Ordering::SeqCst);
        let entry = backups.back_up(Kind::Data, &world.sqlite("app.db"), now()).await.unwrap();
        let verified = backups.verify(entry.number, Default::default()).await.unwrap();
        let rows: Vec<u64> = verified.manifest.tables.iter().map(|table| table.rows).collect();
        assert_eq!(rows[0], rows[1], "round {round}");
        assert!(rows[0] > before, "round {round}");
    }
    is_over.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    assert!(written.load(Ordering::SeqCst) > 10);
}

/// What a killed process left of a copy in the clear goes with the next backup.
#[tokio::test(flavor = "multi_thread")]
async fn copies_that_were_left_are_swept() {
    let world = World::new();
    let _store = world.store().await;
    let left = world.file(".portward-backup-left");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("database"), b"in the clear").unwrap();
    world.backups().back_up(Kind::Data, &world.sqlite("store.db"), now()).await.unwrap();
    assert!(!left.exists());
    world.has_no_leftovers();
}
