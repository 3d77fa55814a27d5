use portward_test_vectors::{Held, fields, text};
use serde_json::json;

use super::{Case, Outcome};
use crate::codec::hex;
use crate::key::{DeploymentId, Row, RowError, RowValue, row_check_for_vectors, row_mac_for_vectors};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "row_mac" => with_row(case, |row| row_mac_for_vectors(deployment(case), case.array("root"), row))
            .map(|mac| json!({ "mac": hex(&mac) }))
            .map_err(|error| error.code().into()),
        "row_check" => {
            // The API takes 32 bytes; another length is no MAC.
            let Ok(mac) = case.bytes("mac").try_into() else { return Some(Err("row_forged".into())) };
            with_row(case, |row| row_check_for_vectors(deployment(case), case.array("root"), row, &mac))
                .map(|()| json!({}))
                .map_err(|error| error.code().into())
        }
        _ => return None,
    })
}

fn deployment(case: &Case<'_>) -> DeploymentId {
    DeploymentId::from_bytes(case.array("deployment"))
}

fn with_row<T>(case: &Case<'_>, take: impl FnOnce(&Row<'_>) -> Result<T, RowError>) -> Result<T, RowError> {
    let table = text(&case.value["table"]);
    let held = fields(&case.value["fields"]);
    let fields: Vec<_> = held.iter().map(|(name, value)| (name.as_str(), as_row(value))).collect();
    take(&Row { table: &table, fields: &fields })
}

fn as_row(held: &Held) -> RowValue<'_> {
    match held {
        Held::Absent => RowValue::Absent,
        Held::Number(number) => RowValue::Number(*number),
        Held::Text(text) => RowValue::Text(text),
        Held::Bytes(bytes) => RowValue::Bytes(bytes),
    }
}
