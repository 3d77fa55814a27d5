//! PostgreSQL, with its own programs. `spec/backup.md` sections 2, 4 and 5.

mod archive;
mod environment;
mod restore;
mod script;
mod snapshot;
mod tool;

pub(super) use archive::verify_rows;
pub(super) use snapshot::Snapshot;
