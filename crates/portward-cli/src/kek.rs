//! How a KEK is called.

use portward::envelope::{KekName, KekType};
use serde_json::{Value, json};

use crate::report;

pub(crate) fn to_json(kek: &KekName) -> Value {
    json!({ "kek": kind(kek.kind()), "id": id(kek), "version": kek.version() })
}

pub(crate) fn kind(kind: KekType) -> String {
    match kind {
        KekType::Tenant => "tenant".into(),
        KekType::Pkcs11 => "pkcs11".into(),
        KekType::Root => "root".into(),
        KekType::AwsKms => "aws-kms".into(),
        KekType::Device => "device".into(),
        other => format!("type-{:02x}", other.wire()),
    }
}

/// In hexadecimal, where it is not a text; it may come from a file that nobody has authenticated.
pub(crate) fn id(kek: &KekName) -> String {
    match core::str::from_utf8(kek.id()) {
        Ok(text) if kek.kind() == KekType::AwsKms && text.bytes().all(|byte| byte.is_ascii_graphic()) => text.into(),
        _ => report::hex(kek.id()),
    }
}
