use sqlx::{AnyPool, AssertSqlSafe, SqlSafeStr};

use crate::database::error::DatabaseError;
use crate::database::work::Work;

/// A pool of connections to an initialised database.
pub(crate) struct Database {
    pub(super) pool: AnyPool,
    pub(super) backend: Backend,
    /// Whether statements are kept under names.
    pub(super) named: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Backend {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres {
        schema: &'static str,
    },
}

/// What a transaction keeps others from. SQLite has one writer at a time whatever is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lock {
    #[allow(dead_code, reason = "what the key store does not need, others do")]
    /// From nothing: it only reads, or adds rows that nobody else knows of.
    None,
    /// From every other transaction with this lock.
    Store,
    #[allow(dead_code, reason = "as above")]
    /// From transactions with the lock of the same 16 bytes.
    Of([u8; 16]),
}

type Result<T> = core::result::Result<T, DatabaseError>;

impl Database {
    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self, lock: Lock) -> Result<Work> {
        match self.backend {
            Backend::Sqlite => self.begin_with("BEGIN IMMEDIATE").await,
            #[cfg(feature = "postgres")]
            Backend::Postgres { schema } => {
                // One round trip. The schema and this program's own number are all that is put in. What is read after the lock was
                // waited for is newer than it only where each statement sees what was committed before itself.
                let lock = lock.number().map(|number| format!("; SELECT pg_advisory_xact_lock({number})"));
                let begin = postgres_begin(schema, "ISOLATION LEVEL READ COMMITTED");
                let begin = format!("{begin}; {SYNCED}{}", lock.unwrap_or_default());
                self.begin_with(AssertSqlSafe(begin)).await
            }
        }
    }

    /// Begins a transaction that sees one state of all tables and writes nothing.
    pub(crate) async fn begin_reading(&self) -> Result<Work> {
        match self.backend {
            Backend::Sqlite => self.begin_with("BEGIN").await,
            #[cfg(feature = "postgres")]
            Backend::Postgres { schema } => {
                let begin = postgres_begin(schema, "ISOLATION LEVEL REPEATABLE READ READ ONLY");
                self.begin_with(AssertSqlSafe(begin)).await
            }
        }
    }

    async fn begin_with(&self, begin: impl SqlSafeStr) -> Result<Work> {
        Ok(Work { transaction: self.pool.begin_with(begin).await?, named: self.named })
    }

    pub(super) async fn begin_to_initialise(&self) -> Result<Work> {
        match self.backend {
            Backend::Sqlite => self.begin(Lock::Store).await,
            #[cfg(feature = "postgres")]
            Backend::Postgres { schema } => {
                let mut work = self.begin(Lock::Store).await?;
                let create = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
                sqlx::raw_sql(create).execute(&mut *work).await?;
                Ok(work)
            }
        }
    }

    /// A trigger, view, rule, policy, or table elsewhere that inherits, of somebody who can write the database, could undo what was written,
    /// or hide it. The store has none.
    pub(crate) async fn refuse_foreign(&self, work: &mut Work) -> Result<()> {
        let sql = match self.backend {
            Backend::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')",
            #[cfg(feature = "postgres")]
            Backend::Postgres { .. } => POSTGRES_FOREIGN,
        };
        let (count,): (i64,) = work.query_as(sql).fetch_one(&mut **work).await?;
        if count == 0 { Ok(()) } else { Err(DatabaseError::Schema) }
    }
}

#[cfg(feature = "postgres")]
impl Lock {
    /// The numbers of advisory locks are the database's, not ours alone: two stores that share one wait for each other, no more.
    fn number(self) -> Option<i64> {
        match self {
            Self::None => None,
            Self::Store => Some(i64::from_be_bytes(*b"portward")),
            Self::Of([a, b, c, d, e, f, g, h, ..]) => Some(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        }
    }
}

/// Set for the transaction only, so that a pooler of transactions may stand between.
#[cfg(feature = "postgres")]
fn postgres_begin(schema: &str, mode: &str) -> String {
    format!("BEGIN {mode}; SET LOCAL search_path = {schema}, pg_temp; SET LOCAL statement_timeout = '10s'")
}

#[cfg(feature = "postgres")]
const POSTGRES_FOREIGN: &str = "SELECT (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal)
    + (SELECT count(*) FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND (c.relkind NOT IN ('r', 'i') OR c.relrowsecurity))
    + (SELECT count(*) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r')
    + (SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent WHERE c.relnamespace = current_schema()::regnamespace)";

/// What was promised has to outlive a loss of power, whatever the server does with others' transactions. What is more than that stays.
#[cfg(feature = "postgres")]
const SYNCED: &str =
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";
