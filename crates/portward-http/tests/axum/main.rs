//! The rules through a real axum application, with a store in memory.
#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

mod client;
mod cross_site;
#[path = "../common/fetchers.rs"]
mod fetchers;
mod form;
mod memory;
mod open;
mod property;
mod redeem;
mod refusal;
mod renew;
mod scanner;
mod session;
mod socket;
mod world;
