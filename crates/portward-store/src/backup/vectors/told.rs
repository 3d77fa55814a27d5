//! Manifests, entries and tables as the cases tell them.

use portward::{Incarnation, Stamp, Timestamp};
use portward_test_vectors::bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::kind_of;
use crate::backup::{Entry, Manifest, TableRows};
use crate::store::vectors::hex;

/// Longer lists are told by their length.
const MANY: usize = 100;

pub(super) fn manifest(manifest: &Manifest) -> Value {
    let feed = manifest.feed.map(|feed| {
        json!({
            "incarnation": hex(&feed.stamp.incarnation.to_bytes()),
            "sequence": feed.stamp.sequence,
            "history": hex(&feed.history),
            "snapshot": feed.snapshot,
        })
    });
    json!({
        "deployment": hex(&manifest.deployment.to_bytes()),
        "catalogue": hex(&manifest.catalogue),
        "kind": manifest.kind.name(),
        "number": manifest.number,
        "created": manifest.created.unix(),
        "source": manifest.format.name(),
        "name": manifest.name,
        "feed": feed,
        "tables": many(&tables(&manifest.tables)),
    })
}

pub(super) fn many(list: &[Value]) -> Value {
    if list.len() > MANY { json!({ "count": list.len() }) } else { json!(list) }
}

pub(super) fn tables(tables: &[TableRows]) -> Vec<Value> {
    tables.iter().map(|table| json!([table.schema, table.table, table.rows])).collect()
}

pub(super) fn tables_of(value: &Value) -> Vec<TableRows> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tables = value.as_array().unwrap().iter();
    tables
        .map(|told| TableRows { schema: text(&told[0]), table: text(&told[1]), rows: told[2].as_u64().unwrap() })
        .collect()
}

pub(super) fn digest(dump: &[u8]) -> Value {
    json!({ "length": dump.len(), "sha256": hex(&Sha256::digest(dump)) })
}

pub(super) fn entry(entry: &Entry) -> Value {
    let stamp = entry
        .stamp
        .map(|stamp| json!({ "incarnation": hex(&stamp.incarnation.to_bytes()), "sequence": stamp.sequence }));
    json!({
        "number": entry.number,
        "kind": entry.kind.name(),
        "name": entry.name,
        "created": entry.created.unix(),
        "length": entry.length,
        "sha256": hex(&entry.sha256),
        "stamp": stamp,
    })
}

/// Of a case that tells only a part of it, the rest is nothing.
pub(super) fn entry_of(told: &Value) -> Entry {
    let number = |name: &str| told[name].as_u64().unwrap_or_default();
    let stamp = told["stamp"].as_object().map(|stamp| Stamp {
        incarnation: Incarnation::from_bytes(bytes(&stamp["incarnation"]).try_into().unwrap()),
        sequence: stamp["sequence"].as_u64().unwrap(),
    });
    Entry {
        number: number("number"),
        kind: kind_of(told["kind"].as_str().unwrap()),
        name: told["name"].as_str().unwrap_or_default().to_owned(),
        created: Timestamp::from_unix(number("created")),
        length: number("length"),
        sha256: told["sha256"].as_str().map_or([0; 32], |_| bytes(&told["sha256"]).try_into().unwrap()),
        stamp,
    }
}
