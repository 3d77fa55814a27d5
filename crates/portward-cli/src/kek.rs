//! How a KEK is called.

use portward::envelope::{KekName, KekType};
use serde_json::{Value, json};

use crate::report;

pub(crate) fn to_json(kek: &KekName) -> Value {
    json!({ "kek": kek.kind().to_string(), "id": id(kek), "version": kek.version() })
}

/// In hexadecimal, where it is not a text; it may come from a file that nobody has authenticated.
pub(crate) fn id(kek: &KekName) -> String {
    match core::str::from_utf8(kek.id()) {
        Ok(text) if kek.kind() == KekType::AwsKms && text.bytes().all(|byte| byte.is_ascii_graphic()) => text.into(),
        _ => report::hex(kek.id()),
    }
}
