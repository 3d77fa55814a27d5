//! A blind index goes over to a new version, under a new key, while the table is used.

use portward::envelope::{BlindIndex, IndexName, IndexRotation, Normaliser};
use sqlx::SqlitePool;

use crate::world::{DAY, World, code};

const fn name(version: u8) -> IndexName<'static> {
    let normaliser = Normaliser::AsciiLowercase;
    IndexName { table: "clients", column: "email", name: "login", normaliser, bits: 12, version }
}

async fn write(table: &SqlitePool, id: i64, email: &[u8], index: Vec<u8>) {
    let query = sqlx::query("INSERT OR REPLACE INTO clients VALUES (?, ?, ?)").bind(id).bind(email).bind(index);
    query.execute(table).await.unwrap();
}

async fn rows(table: &SqlitePool, indexes: &[Vec<u8>]) -> Vec<(i64, Vec<u8>)> {
    let query = sqlx::query_as("SELECT id, email FROM clients WHERE email_index IN (?, ?)");
    query.bind(indexes.first()).bind(indexes.last()).fetch_all(table).await.unwrap()
}

#[tokio::test]
async fn an_index_is_rotated_while_it_is_used() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let url = format!("sqlite://{}?mode=rwc", world.place.folder().join("clients.db").display());
    let table = SqlitePool::connect(&url).await.unwrap();
    let create = "CREATE TABLE clients (id INTEGER PRIMARY KEY, email BLOB NOT NULL, email_index BLOB NOT NULL)";
    sqlx::query(create).execute(&table).await.unwrap();
    let keys = store.scope(world.tenant, &"record:clients".parse().unwrap()).await.unwrap();
    let context = |id: i64| portward::envelope::Context::new(&world.tenant, "clients.email", &id.to_string()).unwrap();
    let email = |id: i64| format!("client-{id}@example.com");
    let index = async |version: u8| -> BlindIndex {
        let scope = format!("index:clients-email-{version}").parse().unwrap();
        store.scope(world.tenant, &scope).await.unwrap().blind_index(&name(version)).unwrap()
    };
    let sealed = |id: i64| keys.seal_record(&context(id), email(id).as_bytes()).unwrap();
    let old = index(1).await;
    for id in 0..300 {
        write(&table, id, &sealed(id), old.of(&email(id)).unwrap()).await;
    }

    let rotation = IndexRotation::new(old, index(2).await).unwrap();
    let find = async |id: i64, indexes: Vec<Vec<u8>>| {
        // Several rows may have one index: opening tells.
        let opened = rows(&table, &indexes)
            .await
            .into_iter()
            .filter(|(found, sealed)| keys.open_record(&context(*found), sealed).unwrap() == email(id).as_bytes());
        opened.map(|(found, _)| found).collect::<Vec<_>>()
    };
    for id in 300..400 {
        write(&table, id, &sealed(id), rotation.of(&email(id)).unwrap()).await;
    }
    // The fill, in steps; in between everybody is found by what a look-up asks for.
    for step in 0..4 {
        for id in [0, 99, 150, 299, 300, 399] {
            assert_eq!(find(id, rotation.look_up(&email(id).to_uppercase()).unwrap()).await, [id], "step {step}");
        }
        let todo: Vec<(i64, Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT id, email, email_index FROM clients ORDER BY id").fetch_all(&table).await.unwrap();
        for (id, sealed, stored) in todo.into_iter().filter(|(_, _, stored)| !rotation.is_new(stored)).take(100) {
            let opened = String::from_utf8(keys.open_record(&context(id), &sealed).unwrap()).unwrap();
            assert!(!rotation.is_new(&stored));
            write(&table, id, &sealed, rotation.of(&opened).unwrap()).await;
        }
    }
    let new = rotation.finish();
    let scope = "index:clients-email-1".parse().unwrap();
    store.destroy_scope(world.tenant, &scope, DAY).await.unwrap();
    for id in [0, 150, 299, 399] {
        assert_eq!(find(id, vec![new.of(&email(id)).unwrap()]).await, [id], "the old version is not needed any more");
    }
    let rotate = async |scope: &str| code(store.rotate_scope(world.tenant, &scope.parse().unwrap()).await);
    assert_eq!((rotate("index:clients-email-2").await, rotate("record:clients").await), ("index_key", "ok"));
}

/// A scope that was destroyed begins anew by name, but not that of an index: its rows would be looked for under another key.
#[tokio::test]
async fn the_scope_of_an_index_does_not_begin_anew() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    for (scope, expected) in [("index:clients-email-1", "index_key"), ("record:clients", "ok")] {
        let scope = scope.parse().unwrap();
        store.scope(world.tenant, &scope).await.unwrap();
        store.destroy_scope(world.tenant, &scope, DAY).await.unwrap();
        assert_eq!(code(store.new_scope(world.tenant, &scope).await), expected, "{scope}");
    }
    assert_eq!(code(store.new_scope(world.tenant, &"index:unused".parse().unwrap()).await), "index_key");
}
