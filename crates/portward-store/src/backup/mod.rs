//! Databases and streams as sealed files, and a catalogue that tells which is which. `spec/backup.md`.
//!
//! A backup opens with the deployment's keyring and nothing else; so a recovery export, its passphrase and the backups bring everything back.
//! Rows of a key store are backed up apart, and kept for a shorter time: what was destroyed is gone when the last backup with its key is.

mod bytes;
mod catalogue;
mod create;
mod directory;
mod error;
mod feed;
mod kind;
mod manifest;
mod memory;
mod parts;
#[cfg(feature = "postgres")]
mod postgres;
mod prune;
mod restore;
mod sealed;
mod sqlite;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod verify;

pub use catalogue::{Catalogue, Entry, Unmatched};
pub use directory::{BackupOptions, Backups};
pub use error::BackupError;
pub use kind::{Kind, Series};
pub use manifest::{FeedPosition, Format, Manifest, TableRows};
pub use prune::{Pruned, Retention};
pub use restore::{Existing, RestoreOptions, Restored};
pub use verify::{Depth, Verified};
