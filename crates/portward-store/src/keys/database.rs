use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};

use crate::keys::error::KeyStoreError;

/// Opens the database, makes it if it is not there, and brings its tables up to date.
pub(super) async fn open(path: &Path) -> Result<SqlitePool, KeyStoreError> {
    create_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // A write-ahead log would keep the slots of keys that were destroyed.
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON")
        .busy_timeout(Duration::from_secs(5));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    // In one transaction, so that of several processes that are the first one is.
    let mut work = pool.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::migrate!("migrations/keys").run_direct(None, &mut *work, false).await.map_err(sqlx::Error::from)?;
    refuse_triggers(&mut work).await?;
    work.commit().await?;
    Ok(pool)
}

/// A trigger of somebody who can write the database could undo what was written, a view pretend it. The store has neither.
pub(super) async fn refuse_triggers(work: &mut SqliteConnection) -> Result<(), KeyStoreError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')";
    let (count,): (i64,) = sqlx::query_as(sql).fetch_one(work).await?;
    if count == 0 { Ok(()) } else { Err(KeyStoreError::Schema) }
}

/// Others may neither read it nor what the database puts beside it.
fn create_private(path: &Path) -> Result<(), KeyStoreError> {
    // Before anything is made where a link points.
    if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(KeyStoreError::Permissions);
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(sqlx::Error::Io)?;
    let found = std::fs::symlink_metadata(path).map_err(sqlx::Error::Io)?;
    #[cfg(unix)]
    let others = std::os::unix::fs::MetadataExt::mode(&found) & 0o077 != 0;
    #[cfg(not(unix))]
    let others = false;
    if found.is_file() && !others { Ok(()) } else { Err(KeyStoreError::Permissions) }
}
