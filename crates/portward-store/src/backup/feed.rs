//! The row of a store's feed, in what is backed up and in what was restored. `spec/backup.md` sections 2 and 5.

use portward::Keyring;
use sqlx::AssertSqlSafe;

use crate::backup::BackupError;
use crate::backup::kind::STORE_SCHEMA;
use crate::backup::manifest::{FeedPosition, Format, Manifest, TableRows};
use crate::database::{Work, record};
use crate::store::{self, FeedColumns};

type Result<T> = core::result::Result<T, BackupError>;

/// The tables by which a store is known.
const TABLES: [&str; 3] = ["feed", "feed_change", "feed_snapshot"];

/// Whether a store is among these tables.
pub(super) fn has_store(format: Format, tables: &[TableRows]) -> bool {
    let schema = if format == Format::Sqlite { "main" } else { STORE_SCHEMA };
    TABLES.into_iter().all(|name| tables.iter().any(|table| table.name() == (schema, name)))
}

/// The table of the feed.
pub(super) fn table(format: Format) -> String {
    if format == Format::Sqlite { "feed".to_owned() } else { format!("{STORE_SCHEMA}.feed") }
}

/// Selects the row, and that there is another.
pub(super) fn select(format: Format) -> String {
    format!("SELECT incarnation, sequence, history, snapshot, place, root, mac FROM {} LIMIT 2", table(format))
}

/// Where the feed stands. Several rows, or one that is not believed, say nothing, and hinder no backup.
pub(super) fn position(found: sqlx::Result<Vec<FeedColumns>>, keyring: &Keyring) -> Result<Option<FeedPosition>> {
    let rows = match found {
        // A column is there, and holds something else.
        Err(sqlx::Error::ColumnDecode { .. }) => return Ok(None),
        found => found?,
    };
    let Ok([row]) = <[FeedColumns; 1]>::try_from(rows) else { return Ok(None) };
    let believed = store::believed(row, keyring);
    Ok(believed.map(|(stamp, history, snapshot)| FeedPosition { stamp, history, snapshot }))
}

/// Marks the feed of a database that was restored.
pub(super) async fn mark(manifest: &Manifest, keyring: &Keyring, work: &mut Work) -> Result<()> {
    if let Some(feed) = manifest.feed {
        let row = store::restored(feed.stamp, feed.history, feed.snapshot, manifest.number);
        work.query("DELETE FROM feed").execute(&mut **work).await?;
        record::insert(&row, keyring, work).await?;
    }
    if let Some(mark) = mark_unbelieved(manifest) {
        work.query(AssertSqlSafe(mark)).execute(&mut **work).await?;
    }
    Ok(())
}

/// What marks a row that was not believed as restored, if there may be one. Its MAC stays, which does not fit then: nobody believes it later.
pub(super) fn mark_unbelieved(manifest: &Manifest) -> Option<String> {
    let is_unbelieved = manifest.feed.is_none() && has_store(manifest.format, &manifest.tables);
    let table = table(manifest.format);
    is_unbelieved.then(|| format!("UPDATE {table} SET place = '{}'", store::restored_place(manifest.number)))
}
