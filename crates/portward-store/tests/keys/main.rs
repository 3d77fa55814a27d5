//! The key store in a file.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "test code")]

mod cache;
mod erase;
mod file;
mod index;
mod life;
mod place;
mod state;
mod tamper;
mod world;
