//! The key store on PostgreSQL: what holds of a file holds here, and more.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "test code")]

#[path = "../keys/cache.rs"]
mod cache;
#[path = "../keys/erase.rs"]
mod erase;
#[path = "../keys/index.rs"]
mod index;
#[path = "../keys/life.rs"]
mod life;
mod outage;
mod place;
mod pooler;
mod rights;
mod schema;
#[path = "../keys/state.rs"]
mod state;
#[path = "../keys/tamper.rs"]
mod tamper;
#[path = "../keys/world.rs"]
mod world;
