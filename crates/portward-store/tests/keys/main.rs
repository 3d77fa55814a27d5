//! The key store on a real database.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "test code")]

mod cache;
mod erase;
mod index;
mod life;
mod state;
mod tamper;
mod world;
