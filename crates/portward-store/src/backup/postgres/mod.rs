//! PostgreSQL, with its own programs. `spec/backup.md` sections 2, 4 and 5.

mod archive;
mod environment;
mod restore;
mod script;
mod snapshot;
mod tool;

#[cfg(test)]
pub(super) use archive::Counted;
pub(super) use archive::verify_rows;
#[cfg(test)]
pub(super) use script::Script;
pub(super) use snapshot::Snapshot;
