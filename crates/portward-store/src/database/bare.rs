use std::sync::Arc;

use sqlx::AnyConnection;
use sqlx::any::AnyPoolOptions;

use crate::database::begin::{Backend, Database};
use crate::database::error::DatabaseError;
use crate::database::file::sqlite_url;
use crate::database::location::Location;

/// What is overwritten in a file is gone, and no journal keeps it.
const PRAGMAS: [&str; 2] = ["PRAGMA journal_mode = MEMORY", "PRAGMA secure_delete = ON"];

impl Database {
    /// A database as it is: nothing is made, brought up to date or looked at. `schema` and `table`: which one on a server, and what is locked
    /// there. Close it.
    pub(crate) async fn bare(
        location: &Location,
        (schema, table): (&'static str, &'static str),
    ) -> Result<Self, DatabaseError> {
        sqlx::any::install_default_drivers();
        let options = AnyPoolOptions::new().max_connections(1);
        let (backend, pool) = match location {
            Location::Sqlite(path) => {
                let options = options.after_connect(|connection, _| Box::pin(set(connection)));
                (Backend::Sqlite { turn: Arc::default(), made: None }, options.connect(&sqlite_url(path)?).await?)
            }
            Location::Postgres(url) => (Backend::Postgres { schema, table }, options.connect(url.expose()).await?),
        };
        Ok(Self { pool, backend, named: false })
    }
}

async fn set(connection: &mut AnyConnection) -> sqlx::Result<()> {
    for pragma in PRAGMAS {
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    Ok(())
}
