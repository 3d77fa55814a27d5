use std::path::PathBuf;

use crate::database::{DatabaseError, Location, Work};
use crate::store::error::StoreError;

/// How it is found out where the database lies: it is not where it was when it is a copy. `spec/store.md` section 5.
pub(super) enum Place {
    /// Device and inode, and when the file was born, where that is known.
    File(#[cfg_attr(not(unix), expect(dead_code, reason = "files are refused there"))] PathBuf),
    /// The cluster's system identifier, its timeline and the number of the database.
    Server,
    /// For the vectors of the testkit: this.
    #[cfg(test)]
    Told(String),
}

impl Place {
    pub(super) fn of(location: &Location) -> Self {
        match location {
            Location::Sqlite(path) => Self::File(path.clone()),
            Location::Postgres(_) => Self::Server,
        }
    }

    /// What a query has to select for it.
    pub(super) fn sql(&self) -> String {
        match self {
            Self::Server => joined([SYSTEM, TIMELINE, DATABASE]),
            _ => "''".to_owned(),
        }
    }

    /// What it says now.
    pub(super) fn told_by(&self, selected: String) -> Result<String, StoreError> {
        match self {
            #[cfg(unix)]
            Self::File(path) => {
                use std::os::unix::fs::MetadataExt as _;
                let found = std::fs::metadata(path).map_err(|error| DatabaseError::from(sqlx::Error::Io(error)))?;
                // The number of a file that was taken away is given to the next one, so to the copy that is put in its place.
                let born = found.created().ok().and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
                Ok(of_file(found.dev(), found.ino(), born.map(|born| born.as_nanos())))
            }
            // Nothing tells there which file it is: it was refused before.
            #[cfg(not(unix))]
            Self::File(_) => Err(DatabaseError::Permissions.into()),
            Self::Server => Ok(selected),
            #[cfg(test)]
            Self::Told(place) => Ok(place.clone()),
        }
    }

    /// Asks the database.
    pub(super) async fn read(&self, work: &mut Work) -> Result<String, StoreError> {
        let sql = format!("SELECT {} AS place_now", self.sql());
        let (selected,): (String,) = work.query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&mut **work).await?;
        self.told_by(selected)
    }
}

#[cfg(any(unix, test))]
pub(super) fn of_file(device: u64, inode: u64, born: Option<u128>) -> String {
    let born = born.map(|nanoseconds| format!("/{nanoseconds}"));
    format!("{device}/{inode}{}", born.unwrap_or_default())
}

/// What selects these texts with `/` between. Texts, as of other types somebody could have made an operator that fits better than the server's.
pub(super) fn joined(parts: [&str; 3]) -> String {
    parts.join(" || '/' || ")
}

const SYSTEM: &str = "(SELECT system_identifier FROM pg_control_system())::text";
/// A standby cannot say where it writes: it is no store.
const TIMELINE: &str = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint::text";
const DATABASE: &str = "(SELECT oid FROM pg_database WHERE datname = current_database())::text";
