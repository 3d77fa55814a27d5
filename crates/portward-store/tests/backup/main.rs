//! Backups of real databases: made, damaged, swapped, rolled back, restored.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

mod catalogue;
mod damage;
mod drill;
mod events;
#[path = "../common/kept.rs"]
mod kept;
mod keys;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
mod world;
