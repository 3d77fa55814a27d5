use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, Connection as _};
use tokio::sync::OnceCell;

use crate::database::error::DatabaseError;

/// A type, a name, and the statement that made it.
type Object = (String, String, String);
type Result<T> = core::result::Result<T, DatabaseError>;

/// Tables and indexes of a file, as its migrations make them, word for word: a table of another statement may be virtual, or leave rows out.
#[derive(Debug)]
pub(super) struct Made {
    migrator: &'static Migrator,
    objects: OnceCell<Vec<Object>>,
}

impl Made {
    pub(super) fn by(migrator: &'static Migrator) -> Self {
        Self { migrator, objects: OnceCell::new() }
    }

    /// Whether these are all there, unchanged.
    pub(super) async fn is_in(&self, connection: &mut AnyConnection) -> Result<bool> {
        let expected = self.objects.get_or_try_init(|| made(self.migrator)).await?;
        let found = objects(connection).await?;
        Ok(expected.iter().all(|object| found.contains(object)))
    }
}

/// In a database that is nowhere.
async fn made(migrator: &Migrator) -> Result<Vec<Object>> {
    let mut connection = AnyConnection::connect("sqlite::memory:").await?;
    let migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
    migrator.run_direct(None, &mut connection, false).await?;
    let objects = objects(&mut connection).await?;
    connection.close().await?;
    Ok(objects)
}

async fn objects(connection: &mut AnyConnection) -> Result<Vec<Object>> {
    // The table of migrations is the driver's, and not written to by who changes something.
    let sql = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'";
    Ok(sqlx::query_as(sql).fetch_all(connection).await?)
}
