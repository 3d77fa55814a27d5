use serde_json::{Value, json};

use super::{Case, Outcome, of_part, unhex};
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
    let fields: Vec<(String, Held)> =
        case.value["fields"].as_array().unwrap().iter().map(|field| (text(&field[0]), Held::of(&field[1]))).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_row())).collect();
    take(&Row { table: &table, fields: &fields })
}

/// A text, or a long one in parts.
fn text(value: &Value) -> String {
    match (value.as_str(), value["parts"].as_array()) {
        (Some(text), None) => text.to_owned(),
        (None, Some(parts)) => String::from_utf8(parts.iter().flat_map(of_part).collect()).unwrap(),
        _ => text(&value["text"]),
    }
}

enum Held {
    Absent,
    Number(u64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Held {
    fn of(value: &Value) -> Self {
        match value.as_object().and_then(|members| members.iter().next()) {
            None => Self::Absent,
            Some((kind, value)) if kind == "number" => Self::Number(value.as_str().unwrap().parse().unwrap()),
            Some((kind, value)) if kind == "text" => Self::Text(text(value)),
            Some((_, value)) => Self::Bytes(match value.as_str() {
                Some(hex) => unhex(hex),
                None => value["parts"].as_array().unwrap().iter().flat_map(of_part).collect(),
            }),
        }
    }

    fn as_row(&self) -> RowValue<'_> {
        match self {
            Self::Absent => RowValue::Absent,
            Self::Number(number) => RowValue::Number(*number),
            Self::Text(text) => RowValue::Text(text),
            Self::Bytes(bytes) => RowValue::Bytes(bytes),
        }
    }
}
