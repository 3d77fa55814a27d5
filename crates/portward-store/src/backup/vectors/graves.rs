//! Key stores of a case's own: the one that is restored, the one that it replaces, those in later backups.

use std::collections::BTreeSet;
use std::sync::Arc;

use portward::{Authority, Change, Incarnation, RevocationView, TenantChange, Timestamp};
use portward_test_vectors::bytes;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _};
use tempfile::TempDir;

use super::catalogue::catalogue;
use super::{code, told};
use crate::database::{Database, Location, Lock, Work};
use crate::keys::SCHEMA;
use crate::keys::graves::Graves;
use crate::store::vectors::scratch::{insert, stored, write};
use crate::store::vectors::{Case, Outcome, hex};

pub(super) async fn tombstones(case: &Case<'_>) -> Outcome {
    let keyring = case.keyring();
    let list = |name: &str| case.value[name].as_array().unwrap();
    let mut graves = Graves::of(vec![view(case)]);
    let mut known = vec![list("target")];
    let others = list("backups").iter().map(|other| json!({ "kind": "keys", "number": other["number"] }));
    let later = catalogue(others.map(|other| told::entry_of(&other)).collect::<Vec<_>>());
    for entry in later.keys_after(case.number("number")) {
        let other = list("backups").iter().find(|other| other["number"] == entry.number).unwrap();
        known.push(other["tombstones"].as_array().unwrap());
    }
    for stones in known {
        let (_folder, database) = key_store(stones.iter().map(|row| ("key_tombstone", row)), TWICE).await;
        let mut work = database.begin_reading().await.map_err(code)?;
        graves.add_from(&mut work, &keyring, None).await.map_err(code)?;
        work.rollback().await.map_err(code)?;
    }
    let rows = list("rows").iter().map(|told| (told["table"].as_str().unwrap(), &told["row"]));
    let (_folder, database) = key_store(rows, ALL_ACTIVE).await;
    let mut work = database.begin(Lock::Store).await.map_err(code)?;
    let before = slots(&mut work).await;
    graves.bury(&mut work, &keyring, (None, Timestamp::default())).await.map_err(code)?;
    let after = slots(&mut work).await;
    let destroyed: BTreeSet<String> = before.difference(&after).cloned().collect();
    // In any order: so in that of the case, if they are the same.
    let expected = case.value["expect"]["ok"]["destroyed"].clone();
    let is_same = destroyed == expected.as_array().unwrap().iter().map(Value::to_string).collect();
    Ok(json!({ "destroyed": if is_same { expected } else { json!(destroyed) } }))
}

fn view(case: &Case<'_>) -> Arc<RevocationView> {
    let mut authority = Authority::new(case.keyring(), Incarnation::from_bytes([1; 16])).unwrap();
    for told in case.value["view"].as_array().unwrap() {
        let (tenant, key) = (told[0].as_str().unwrap().parse().unwrap(), bytes(&told[1]).try_into().unwrap());
        authority.commit(vec![Change::Tenant(tenant, TenantChange::Tombstone(key))]).unwrap();
    }
    Arc::new(authority.view().clone())
}

/// Lets tombstones of one key lie beside each other: who writes the file can.
const TWICE: &str = "CREATE TABLE loose AS SELECT * FROM key_tombstone; DROP TABLE key_tombstone; ALTER TABLE loose RENAME TO key_tombstone";
/// Lets several keys of a scope be active.
const ALL_ACTIVE: &str = "DROP INDEX tenant_kek_active; DROP INDEX data_key_active";

/// One with these rows.
async fn key_store<'a>(
    rows: impl Iterator<Item = (&'a str, &'a Value)>,
    loosened: &'static str,
) -> (TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&Location::Sqlite(folder.path().join("keys.db")), &SCHEMA, true).await.unwrap();
    write(&database, async |work| {
        sqlx::raw_sql(loosened).execute(&mut **work).await.unwrap();
        for (table, row) in rows {
            insert(table, &stored(row), work).await;
        }
    })
    .await;
    (folder, database)
}

/// What has a slot: table, tenant, id and version.
async fn slots(work: &mut Work) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (table, version) in [("tenant_kek", "version"), ("data_key", "NULL")] {
        let sql =
            format!("SELECT tenant, id, CAST({version} AS BIGINT) AS version FROM {table} WHERE slot IS NOT NULL");
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut **work).await.unwrap() {
            let (tenant, id): (String, Vec<u8>) = (row.get("tenant"), row.get("id"));
            let version: Option<i64> = row.get("version");
            found.insert(json!([table, tenant, hex(&id), version]).to_string());
        }
    }
    found
}
