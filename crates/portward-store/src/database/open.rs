use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool};

use crate::database::error::DatabaseError;
use crate::database::location::Location;

/// The tables of one kind of store.
pub(crate) struct Schema {
    /// How a file is kept: what is set for each connection.
    pub(crate) pragmas: &'static [&'static str],
    /// What makes the tables.
    pub(crate) sqlite: Migrator,
    /// The schema they are in, and what makes them there.
    pub(crate) postgres: (&'static str, Migrator),
}

/// A pool of connections to an initialised database.
pub(crate) struct Database {
    pub(super) pool: AnyPool,
    pub(super) backend: Backend,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Backend {
    Sqlite,
    Postgres { schema: &'static str },
}

type Result<T> = core::result::Result<T, DatabaseError>;

/// Who waits longer for a connection has none.
const ACQUIRE: Duration = Duration::from_secs(5);

impl Database {
    /// Opens a database, and makes it with its tables when asked to. The tables of a file are brought up to date in any case; those of a
    /// server only when asked, since it takes rights that a running application does not need.
    pub(crate) async fn open(location: &Location, schema: &'static Schema, initialise: bool) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let (backend, url, connections) = match location {
            Location::Sqlite(path) => {
                if initialise {
                    create_private(path)?;
                }
                check_private(path)?;
                (Backend::Sqlite, sqlite_url(path)?, 4)
            }
            Location::Postgres(url) => (Backend::Postgres { schema: schema.postgres.0 }, url.clone(), 10),
        };
        let pragmas = if backend == Backend::Sqlite { schema.pragmas } else { &[] };
        let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
        let options = options.after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in pragmas {
                    sqlx::query(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        });
        // Without a connection yet: a server that is not there now may be there later.
        let pool = options.connect_lazy(&url)?;
        let database = Self { pool, backend };
        database.bring_up_to_date(schema, initialise).await?;
        Ok(database)
    }

    async fn bring_up_to_date(&self, schema: &'static Schema, initialise: bool) -> Result<()> {
        let (migrator, initialise) = match self.backend {
            Backend::Sqlite => (&schema.sqlite, true),
            Backend::Postgres { .. } => (&schema.postgres.1, initialise),
        };
        // In one transaction, so that of several processes that are the first one is.
        let mut work = self.begin_to_initialise(initialise).await?;
        if initialise {
            migrator.run_direct(None, &mut *work, false).await?;
        } else {
            check_versions(&mut work, migrator).await?;
        }
        self.refuse_foreign(&mut work).await?;
        work.commit().await?;
        Ok(())
    }
}

/// The tables are those that this program knows, no more and no fewer.
async fn check_versions(work: &mut AnyConnection, migrator: &Migrator) -> Result<()> {
    let sql = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
    let found: Vec<(i64,)> = match sqlx::query_as(sql).fetch_all(&mut *work).await {
        Ok(found) => found,
        // There is no such table.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => {
            return Err(DatabaseError::Uninitialised);
        }
        Err(error) => return Err(error.into()),
    };
    let wanted = migrator.iter().filter(|migration| !migration.migration_type.is_down_migration());
    let wanted: Vec<i64> = wanted.map(|migration| migration.version).collect();
    let found: Vec<i64> = found.into_iter().map(|(version,)| version).collect();
    match found.len().cmp(&wanted.len()) {
        core::cmp::Ordering::Less => Err(DatabaseError::Uninitialised),
        core::cmp::Ordering::Equal if found == wanted => Ok(()),
        _ => Err(DatabaseError::Newer),
    }
}

fn sqlite_url(path: &Path) -> Result<String> {
    let path = path.to_str().ok_or(DatabaseError::Permissions)?;
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    Ok(format!("sqlite://{}?mode=rw", path.bytes().map(escape).collect::<String>()))
}

/// Before anything is made where a link points.
fn create_private(path: &Path) -> Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(DatabaseError::Permissions);
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(sqlx::Error::Io)?;
    Ok(())
}

/// Others may neither read it nor what the database puts beside it.
fn check_private(path: &Path) -> Result<()> {
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(DatabaseError::Uninitialised),
        found => found.map_err(sqlx::Error::Io)?,
    };
    #[cfg(unix)]
    let others = std::os::unix::fs::MetadataExt::mode(&found) & 0o077 != 0;
    #[cfg(not(unix))]
    let others = false;
    if found.is_file() && !others { Ok(()) } else { Err(DatabaseError::Permissions) }
}
