//! The key store in a file.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "test code")]

mod cache;
mod erase;
mod events;
mod file;
mod index;
#[path = "../common/kept.rs"]
mod kept;
mod life;
mod place;
#[cfg(target_os = "linux")]
mod random;
mod state;
mod tamper;
mod world;
