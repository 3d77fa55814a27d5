//! From the bridge's error to one that JavaScript gets. napi would keep a message alone, so that carries all of it; `src/errors.ts` reads it.

use portward_bridge::{Error, Kind};

/// The bridge's error in one text: a mark, then kind, code, public answer, token id and message, a line each.
pub(crate) fn told(error: &Error) -> String {
    let kind = match error.kind {
        Kind::Refused => "refused",
        Kind::Unreadable => "unreadable",
        Kind::InvalidValue => "invalid",
        Kind::Unavailable => "unavailable",
    };
    let token_id = error.token_id.as_deref().unwrap_or_default();
    format!("!{kind}\n{}\n{}\n{token_id}\n{}", error.code, error.public, error.message)
}

pub(crate) fn raised(error: Error) -> napi::Error {
    napi::Error::from_reason(told(&error))
}

/// A value that the bridge would not see.
pub(crate) fn invalid(code: &'static str, message: &str) -> Error {
    Error { code, kind: Kind::InvalidValue, message: message.to_owned(), public: "refused", token_id: None }
}

/// What every function calls the bridge by.
pub(crate) fn call<T>(work: impl FnOnce() -> Result<T, Error>) -> napi::Result<T> {
    work().map_err(raised)
}
