use std::sync::Arc;

use portward::{Authority, Change, Incarnation, Keyring, Now, Stamp, Timestamp};
use portward_test_vectors::{Held, bytes, fields};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _};

use super::message::{Snapshot, root_key};
use super::scratch::{Scratch, insert, stored, write};
use super::{Case, Outcome, code, hex, record_code};
use crate::database::record::{self, Record as _};
use crate::database::{Lock, Work};
use crate::events::Recorder;
use crate::store::feed::Feed;
use crate::store::place::{self, Place};
use crate::store::recover::{Recovery, put_snapshot};
use crate::store::rows::{ChangeRow, FeedRow};

/// The scope of a store: the whole deployment.
const ALL: &[u8] = &[0x00];

pub(super) async fn read(case: &Case<'_>) -> Outcome {
    let (scratch, keyring) = (Scratch::new(), case.keyring());
    write(&scratch.database().await, async |work| write_rows(case, work).await).await;
    let place = || Place::Told(case.text("place").to_owned());
    if case.has("seen") {
        let seen = &case.value["seen"];
        let (stamp, history) =
            standing(&bytes(&seen["incarnation"]), seen["sequence"].as_u64().unwrap(), &bytes(&seen["history"]));
        let authority = authority(&keyring, case.keyring_file(), stamp, history);
        let snapshot = authority.stamp();
        let feed = Feed::at(scratch.database().await, Arc::clone(&keyring), place(), authority, snapshot, None);
        feed.refresh(&Now::default).await.map_err(code)?;
    }
    // Who has seen something reads only what is new. The whole state is what another process finds, which has seen nothing.
    let feed =
        Feed::load(scratch.database().await, Arc::clone(&keyring), place(), Now::default()).await.map_err(code)?;
    feed.with(|authority| {
        let Stamp { incarnation, sequence } = authority.stamp();
        let saved = authority.view().save(&keyring).unwrap();
        Ok(json!({
            "incarnation": hex(&incarnation.to_bytes()),
            "sequence": sequence,
            "history": hex(&authority.history()),
            "records": records(&saved[HEADER..saved.len() - TAG]),
        }))
    })
    .await
}

/// Of a saved message of a whole deployment.
const HEADER: usize = 122;
const TAG: usize = 32;

/// The rows of a case as they are, also where they break what the table asks for: who writes the file can take that away.
async fn write_rows(case: &Case<'_>, work: &mut Work) {
    for table in [FeedRow::TABLE.name, ChangeRow::TABLE.name] {
        let loose = format!(
            "CREATE TABLE loose AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE loose RENAME TO {table}"
        );
        sqlx::raw_sql(AssertSqlSafe(loose)).execute(&mut **work).await.unwrap();
    }
    for row in case.value["feed"].as_array().map_or(std::slice::from_ref(&case.value["feed"]), Vec::as_slice) {
        insert(FeedRow::TABLE.name, &stored(row), work).await;
    }
    for row in case.value["changes"].as_array().unwrap() {
        insert(ChangeRow::TABLE.name, &stored(row), work).await;
    }
    for part in case.value["snapshot"].as_array().unwrap() {
        let (number, held) =
            (|name: &str| Held::Number(part[name].as_u64().unwrap()), |name| Held::Bytes(bytes(&part[name])));
        let row = [
            ("incarnation", held("incarnation")),
            ("sequence", number("sequence")),
            ("part", number("part")),
            ("bytes", held("bytes")),
        ];
        insert("feed_snapshot", &row.map(|(name, value)| (name.to_owned(), value)), work).await;
    }
}

/// A long one by its digest.
fn records(body: &[u8]) -> Value {
    if body.len() <= 4096 {
        json!(hex(body))
    } else {
        json!({ "length": body.len(), "sha256": hex(&Sha256::digest(body)) })
    }
}

/// One that stands there, and knows no more than that.
fn authority(keyring: &Arc<Keyring>, file: &Value, stamp: Stamp, history: [u8; 32]) -> Authority {
    let Stamp { incarnation, sequence } = stamp;
    let incarnation = incarnation.to_bytes();
    let snapshot = Snapshot { scope: ALL, challenge: None, incarnation, sequence, history, body: &[] };
    Authority::resume(Arc::clone(keyring), &snapshot.sealed(file)).unwrap()
}

fn standing(incarnation: &[u8], sequence: u64, history: &[u8]) -> (Stamp, [u8; 32]) {
    let incarnation = Incarnation::from_bytes(incarnation.try_into().unwrap());
    (Stamp { incarnation, sequence }, history.try_into().unwrap())
}

pub(super) async fn commit(case: &Case<'_>) -> Outcome {
    let file = signing(case);
    let (scratch, keyring) = (Scratch::new(), case.fixtures.keyring(&file));
    let held: Vec<_> = fields(&case.value["feed"]).into_iter().map(|(_, value)| value).collect();
    let [
        Held::Bytes(incarnation),
        Held::Number(sequence),
        Held::Bytes(history),
        Held::Number(snapshot),
        Held::Text(place),
    ] = held.as_slice()
    else {
        panic!("no row of a feed in {}", case.value["id"])
    };
    let (stamp, history) = standing(incarnation, *sequence, history);
    let row = FeedRow { stamp, history, snapshot: *snapshot, place: place.clone() };
    let database = scratch.database().await;
    write(&database, async |work| record::insert(&row, &keyring, work).await.map_err(record_code)).await?;
    // A body may say the same in other words than ours, so it is taken as it is. The history that is told is taken only if it comes out.
    let (mut after, body) = (authority(&keyring, &file, stamp, history), bytes(&case.value["body"]));
    let told = bytes(&case.value["expect"]["ok"]["history"]).try_into().unwrap();
    after.replay(sequence + 1, &body, told).map_err(code)?;
    let change = ChangeRow { stamp: after.stamp(), body, history: after.history() };
    let authority = authority(&keyring, &file, stamp, history);
    let feed = Feed::at(database, keyring, Place::Told(row.place), authority, stamp, None);
    let mut turn = feed.begin(Lock::Store, Now::default()).await.map_err(code)?;
    turn.write(change).await.map_err(code)?;
    turn.commit().await.map_err(code)?;
    let sql = "SELECT feed.sequence, feed.history, feed_change.mac, feed.mac FROM feed, feed_change";
    let (sequence, history, change_mac, feed_mac): (i64, Vec<u8>, Vec<u8>, Vec<u8>) =
        write(&feed.database, async |work| sqlx::query_as(sql).fetch_one(&mut **work).await.unwrap()).await;
    Ok(json!({
        "sequence": sequence,
        "history": hex(&history),
        "change_mac": hex(&change_mac),
        "feed_mac": hex(&feed_mac),
    }))
}

/// The file of a keyring of this deployment, under whose active root the case commits.
fn signing(case: &Case<'_>) -> Value {
    let keyrings = case.fixtures.value["keyrings"].as_object().unwrap();
    let mut file = keyrings.values().find(|file| file["deployment"] == case.value["deployment"]).unwrap().clone();
    for root in file["roots"].as_array_mut().unwrap() {
        if root_key(root) == case.array("root") {
            (root["state"], root["last_active"]) = (json!("active"), Value::Null);
        } else if root["state"] == "active" {
            (root["state"], root["last_active"]) = (json!("verify_only"), root["created"].clone());
        }
    }
    file
}

pub(super) async fn place(case: &Case<'_>) -> Outcome {
    if case.has("device") {
        return Ok(
            json!({ "place": place::of_file(case.number("device"), case.number("inode"), case.value["born"].as_str().map(|born| born.parse().unwrap())) }),
        );
    }
    let parts = ["system", "timeline", "database"].map(|name| format!("'{}'", case.number(name)));
    let sql = format!("SELECT {}", place::joined(parts.each_ref().map(String::as_str)));
    let mut connection = sqlx::AnyConnection::connect("sqlite::memory:").await.unwrap();
    let (place,): (String,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
    Ok(json!({ "place": place }))
}

pub(super) async fn recovered_generation(case: &Case<'_>) -> Outcome {
    let (scratch, deployment) = (Scratch::new(), &case.fixtures.deployments["main"]);
    let keyring = &case.fixtures.keyrings["main"];
    let found = u32::try_from(case.number("found")).unwrap();
    let store = scratch.store(deployment, keyring, Now::default()).await;
    // None is stated by absence.
    store.commit((found > 0).then_some(Change::DeploymentGeneration(found)).into_iter().collect()).await.unwrap();
    Recovery::run(&scratch.location, keyring, None, &Recorder::none(), at(case)).await.map_err(code)?;
    let recovered = scratch.store(deployment, keyring, Now::default()).await;
    Ok(json!({ "generation": recovered.cell().load().deployment_generation() }))
}

/// The time of recovering: absent, it is the first one.
fn at(case: &Case<'_>) -> Timestamp {
    Timestamp::from_unix(if case.has("now") { case.number("now") } else { 0 })
}

pub(super) async fn recovered_state(case: &Case<'_>) -> Outcome {
    let scratch = Scratch::new();
    let (keyring, file) = (&case.fixtures.keyrings["main"], &case.fixtures.value["keyrings"]["main"]);
    let (stamp, history) = standing(&[0; 16], 1, &[1; 32]);
    let saved = |sequence, body: &[u8]| {
        let incarnation = stamp.incarnation.to_bytes();
        Snapshot { scope: ALL, challenge: None, incarnation, sequence, history, body }.sealed(file)
    };
    let row = FeedRow { stamp, history, snapshot: stamp.sequence, place: "before".to_owned() };
    write(&scratch.database().await, async |work| {
        put_snapshot(work, stamp, &saved(stamp.sequence, &case.bytes("database"))).await.unwrap();
        record::insert(&row, keyring, work).await.map_err(record_code)
    })
    .await?;
    let newer = case.has("newer").then(|| saved(2, &case.bytes("newer")));
    Recovery::run(&scratch.location, keyring, newer.as_deref(), &Recorder::none(), at(case)).await.map_err(code)?;
    let sql = "SELECT feed_change.body, feed_snapshot.bytes FROM feed_change JOIN feed_snapshot USING (incarnation)";
    let database = scratch.database().await;
    let (body, saved): (Vec<u8>, Vec<u8>) =
        write(&database, async |work| sqlx::query_as(sql).fetch_one(&mut **work).await.unwrap()).await;
    Ok(json!({ "change": hex(&body), "records": records(&saved[HEADER..saved.len() - TAG]) }))
}
