use serde_json::Value;

use crate::{of_part, unhex};

/// What a field of a row holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held {
    /// Nothing.
    Absent,
    /// A whole number.
    Number(u64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Held {
    fn of(value: &Value) -> Self {
        match value.as_object().and_then(|members| members.iter().next()) {
            None => Self::Absent,
            Some((kind, value)) if kind == "number" => Self::Number(value.as_str().unwrap().parse().unwrap()),
            Some((kind, value)) if kind == "text" => Self::Text(text(value)),
            Some((_, value)) => Self::Bytes(bytes(value)),
        }
    }
}

/// Name and value of each field.
pub fn fields(value: &Value) -> Vec<(String, Held)> {
    value.as_array().unwrap().iter().map(|field| (text(&field[0]), Held::of(&field[1]))).collect()
}

/// A text, or a long one in parts.
pub fn text(value: &Value) -> String {
    match (value.as_str(), value["parts"].as_array()) {
        (Some(text), None) => text.to_owned(),
        (None, Some(_)) => String::from_utf8(bytes(value)).unwrap(),
        _ => text(&value["text"]),
    }
}

/// Bytes in hexadecimal, or long ones in parts.
pub fn bytes(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(hex) => unhex(hex),
        None => value["parts"].as_array().unwrap().iter().flat_map(of_part).collect(),
    }
}
