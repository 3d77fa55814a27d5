#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "test code: a law that does not hold panics"
)]
//! What must hold for any input. Each law is a function of bytes; `fuzz/` feeds it what a fuzzer makes up, `tests/replay.rs` what lies in
//! `fuzz/corpus`. A law says more than that nothing panics: what is read is written the same, nobody makes a token without its key, a copy
//! never allows more, and so on.
//!
//! Laws use the public API, and their own small encoders and signers (`sign`, `wire`, `model`), so that no mistake is made twice.

mod draft;
mod edit;
mod model;
mod pool;
mod sign;
mod wire;
mod world;

mod answer;
mod backup;
mod blocks;
mod context;
mod damage;
mod delta;
mod file;
mod forgery;
mod header;
mod http;
mod name;
mod narrow;
mod nonce;
mod reference;
mod request;
mod restriction;
mod revocation;
mod roots;
mod row;
pub mod seeds;
mod session;
mod snapshot;
mod stored;
mod stream;
mod token;

/// A law and the name of its target, of its corpus and of its dictionary.
pub struct Law {
    /// As the file in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Panics if the law does not hold for these bytes.
    pub holds: fn(&[u8]),
}

/// Every law, by name.
pub const LAWS: &[Law] = &[
    Law { name: "answer", holds: answer::holds },
    Law { name: "blocks", holds: blocks::holds },
    Law { name: "context", holds: context::holds },
    Law { name: "damage", holds: damage::holds },
    Law { name: "delta", holds: delta::holds },
    Law { name: "deployment", holds: file::deployment },
    Law { name: "forgery", holds: forgery::holds },
    Law { name: "header", holds: header::header },
    Law { name: "http", holds: http::holds },
    Law { name: "keyring", holds: file::keyring },
    Law { name: "manifest", holds: backup::manifest },
    Law { name: "name", holds: name::holds },
    Law { name: "narrow", holds: narrow::holds },
    Law { name: "nonce", holds: nonce::holds },
    Law { name: "reference", holds: reference::holds },
    Law { name: "request", holds: request::holds },
    Law { name: "revocation", holds: revocation::holds },
    Law { name: "roots", holds: roots::holds },
    Law { name: "row", holds: row::holds },
    Law { name: "sealed", holds: file::sealed },
    Law { name: "session", holds: session::holds },
    Law { name: "slot", holds: header::slot },
    Law { name: "snapshot", holds: snapshot::holds },
    Law { name: "stored", holds: stored::holds },
    Law { name: "stream", holds: stream::holds },
    Law { name: "token", holds: token::holds },
    Law { name: "vault", holds: file::vault },
    Law { name: "wrapped", holds: file::wrapped },
];

/// What a target does with an input.
///
/// # Panics
/// If its law does not hold, or if there is none of this name.
pub fn check(name: &str, data: &[u8]) {
    let law = LAWS.iter().find(|law| law.name == name).expect("a law of this name");
    (law.holds)(data);
}
