use std::sync::Arc;

use sqlx::Row as _;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, Connection as _};

use crate::database::begin::{ACQUIRE, Backend, Database};
use crate::database::error::DatabaseError;
use crate::database::file::{check_private, create_private, is_read_only, sqlite_url};
use crate::database::location::Location;
use crate::database::made::Made;
use crate::database::work::Work;

/// The tables of one kind of store.
pub(crate) struct Schema {
    /// How a file is kept: what is set for each connection.
    pub(crate) pragmas: &'static [&'static str],
    /// What makes the tables.
    pub(crate) sqlite: Migrator,
    /// The schema they are in, and what makes them there.
    pub(crate) postgres: (&'static str, Migrator),
    /// The table that who changes the store locks, on a server.
    pub(crate) locked: &'static str,
}

type Result<T> = core::result::Result<T, DatabaseError>;

/// How many tables of migrations a file has.
const TABLES: &str = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";

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
                let made = Some(Arc::new(Made::by(&schema.sqlite)));
                (Backend::Sqlite { turn: Arc::default(), made }, sqlite_url(path)?, 4)
            }
            Location::Postgres(url) => {
                let backend = Backend::Postgres { schema: schema.postgres.0, table: schema.locked };
                (backend, url.expose().to_owned(), 10)
            }
        };
        let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
        let options = match &backend {
            Backend::Sqlite { .. } => {
                // What is wrong with a file is told at once: the pool would try again until its time is over, and say only that.
                if let Err(error) = try_once(&url, schema).await {
                    let is_read_only = matches!(location, Location::Sqlite(path) if is_read_only(path));
                    return Err(if is_read_only { DatabaseError::ReadOnly } else { error });
                }
                let options = options.after_connect(|connection, _| Box::pin(set(connection, schema.pragmas)));
                options.after_release(|connection, _| {
                    Box::pin(async move { connection.ping().await.map(|()| !connection.is_in_transaction()) })
                })
            }
            Backend::Postgres { .. } => options.after_release(|connection, _| Box::pin(is_idle(connection))),
        };
        // Without a connection yet: a server that is not there now may be there later.
        let pool = options.connect_lazy(&url)?;
        let named = !url.split(['?', '&']).any(|option| option == "statement-cache-capacity=0");
        let database = Self { pool, backend, named };
        let brought = database.bring_up_to_date(schema, initialise).await;
        if brought.is_err() && matches!(database.backend, Backend::Sqlite { .. }) {
            // Whoever is told may end at once: in the file nothing is left half undone. A server sees to that by itself.
            database.close().await;
        }
        brought.map(|()| database)
    }

    /// How many connections there are at most.
    #[cfg(feature = "links")]
    pub(crate) fn connections(&self) -> u32 {
        self.pool.options().get_max_connections()
    }

    /// Ends every connection, once those in use are given back. What begins after that fails.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    async fn bring_up_to_date(&self, schema: &'static Schema, initialise: bool) -> Result<()> {
        match &self.backend {
            Backend::Sqlite { .. } if initialise || self.has_tables().await? => self.migrate(&schema.sqlite).await,
            Backend::Sqlite { .. } => Err(DatabaseError::Uninitialised),
            Backend::Postgres { .. } => {
                // First it only looks: where all is made, nobody needs the right to make anything.
                let mut reading = self.begin_reading().await?;
                match check_versions(&mut reading, &schema.postgres.1).await {
                    Err(DatabaseError::Uninitialised) if initialise => {
                        reading.rollback().await?;
                        self.migrate(&schema.postgres.1).await
                    }
                    checked => {
                        checked?;
                        self.refuse_foreign(&mut reading).await
                    }
                }
            }
        }
    }

    /// Whether a file was initialised.
    async fn has_tables(&self) -> Result<bool> {
        let mut reading = self.begin_reading().await?;
        let (count,): (i64,) = reading.query_as(TABLES).fetch_one(&mut *reading).await?;
        Ok(count > 0)
    }

    /// In one transaction, so that of several processes that are the first one is.
    async fn migrate(&self, migrator: &Migrator) -> Result<()> {
        let mut work = self.begin_to_initialise().await?;
        // The transaction has its own lock; the migrator's would outlive it, on the server's side of a pooler.
        let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
        migrator.set_locking(false).run_direct(None, &mut *work, false).await?;
        self.refuse_code(&mut work).await?;
        work.commit().await?;
        Ok(())
    }
}

async fn try_once(url: &str, schema: &Schema) -> Result<()> {
    let mut connection = AnyConnection::connect(url).await?;
    refuse_other(&mut connection, &schema.sqlite).await?;
    set(&mut connection, schema.pragmas).await?;
    Ok(connection.close().await?)
}

/// A file that was made for something else is told before anything of it is set, which would wait for whoever has it open.
async fn refuse_other(connection: &mut AnyConnection, migrator: &Migrator) -> Result<()> {
    let (tables,): (i64,) = sqlx::query_as(TABLES).fetch_one(&mut *connection).await?;
    if tables == 0 {
        return Ok(());
    }
    let sql = "SELECT version, checksum FROM _sqlx_migrations";
    let made: Vec<(i64, Vec<u8>)> = sqlx::query_as(sql).fetch_all(connection).await?;
    let is_ours = |(version, checksum): &(i64, Vec<u8>)| {
        migrator.iter().any(|ours| ours.version == *version && *ours.checksum == **checksum)
    };
    if made.iter().all(is_ours) { Ok(()) } else { Err(DatabaseError::Newer) }
}

async fn set(connection: &mut AnyConnection, pragmas: &[&'static str]) -> sqlx::Result<()> {
    for pragma in pragmas {
        sqlx::query(*pragma).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Whether a connection that is given back is outside of a transaction. The pool does not see one whose beginning was given up or failed half
/// way: it would keep its lock, or refuse all that follows.
async fn is_idle(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    // Sent as one message: the parts of a prepared statement have a time each.
    let row = sqlx::raw_sql("SELECT now() = statement_timestamp()").fetch_one(connection).await?;
    row.try_get(0)
}

/// The tables are those that this program knows, no more and no fewer.
async fn check_versions(work: &mut Work, migrator: &Migrator) -> Result<()> {
    let sql = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let (is_there,): (bool,) = work.query_as(sql).fetch_one(&mut **work).await?;
    if !is_there {
        return Err(DatabaseError::Uninitialised);
    }
    let sql = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
    let found: Vec<(i64,)> = work.query_as(sql).fetch_all(&mut **work).await?;
    let wanted = migrator.iter().filter(|migration| !migration.migration_type.is_down_migration());
    let wanted: Vec<i64> = wanted.map(|migration| migration.version).collect();
    let found: Vec<i64> = found.into_iter().map(|(version,)| version).collect();
    match found.len().cmp(&wanted.len()) {
        core::cmp::Ordering::Less => Err(DatabaseError::Uninitialised),
        core::cmp::Ordering::Equal if found == wanted => Ok(()),
        _ => Err(DatabaseError::Newer),
    }
}
