//! The row of a feed, out of a database, through a backup, and back.

use portward::Timestamp;
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::code;
use crate::backup::{Format, Kind, Manifest, feed, sqlite};
use crate::database::{Database, Location, Lock};
use crate::store::vectors::scratch::{Scratch, insert, stored, write};
use crate::store::vectors::{Case, Outcome, hex};

pub(super) async fn restored_feed(case: &Case<'_>) -> Outcome {
    let (scratch, keyring) = (Scratch::new(), case.keyring());
    let database = scratch.database().await;
    write(&database, async |work| insert("feed", &stored(&case.value["feed"]), work).await).await;
    let Location::Sqlite(path) = scratch.location.clone() else { panic!("no file") };
    let (private, _passing) = sqlite::copy(&path, Kind::Data).await.map_err(code)?;
    let found = sqlite::contents(&private.path(), &keyring).await.map_err(code)?;
    let manifest = Manifest {
        deployment: keyring.deployment(),
        catalogue: [1; 16],
        kind: Kind::Data,
        number: case.number("number"),
        created: Timestamp::default(),
        format: Format::Sqlite,
        name: String::new(),
        feed: found.feed,
        tables: found.tables,
    };
    let restored = Database::bare(&Location::Sqlite(private.path()), ("", "")).await.map_err(code)?;
    let mut work = restored.begin(Lock::Store).await.map_err(code)?;
    feed::mark(&manifest, &keyring, &mut work).await.map_err(code)?;
    let sql = AssertSqlSafe("SELECT place, root, mac FROM feed");
    let (place, root, mac): (String, Vec<u8>, Vec<u8>) = sqlx::query_as(sql).fetch_one(&mut *work).await.unwrap();
    Ok(json!({ "place": place, "root_id": hex(&root), "mac": hex(&mac) }))
}
