//! The core through its public API.
#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

mod authority;
mod common;
mod compile_fail;
mod debug;
mod envelope;
mod holder;
mod index;
mod keys;
#[cfg(target_os = "linux")]
mod random;
mod schedule;
mod session;
mod stored;
mod token;
mod vault;
mod view;
