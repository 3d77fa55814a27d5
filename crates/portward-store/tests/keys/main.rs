//! The key store on a real database.
#![expect(clippy::unwrap_used, reason = "test code")]

mod cache;
mod erase;
mod life;
mod state;
mod tamper;
mod world;
