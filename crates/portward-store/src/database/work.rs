use portward::EntryId;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Transaction};

use crate::database::error::DatabaseError;
use crate::database::open::{Backend, Database};

/// A transaction: what is not committed is undone.
pub(crate) type Work = Transaction<'static, Any>;

/// What a transaction keeps others from. SQLite has one writer at a time whatever is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lock {
    /// From nothing: it only reads, or adds rows that nobody else knows of.
    None,
    /// From every other transaction with this lock.
    Store,
    /// From every transaction with a lock of this link.
    Link(EntryId),
    /// From both.
    StoreAndLink(EntryId),
}

type Result<T> = core::result::Result<T, DatabaseError>;

impl Database {
    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self, lock: Lock) -> Result<Work> {
        match self.backend {
            Backend::Sqlite => Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?),
            Backend::Postgres { schema } => {
                // One round trip. The schema and this program's own number are all that is put in.
                let locks = lock.numbers().map(|number| format!("; SELECT pg_advisory_xact_lock({number})"));
                // Who waits for a lock has to see what was done until then; who has none sees one state of all tables.
                let mode = if lock == Lock::None { "ISOLATION LEVEL REPEATABLE READ READ WRITE" } else { "READ WRITE" };
                let begin = postgres_begin(schema, mode) + &locks.collect::<String>();
                Ok(self.pool.begin_with(AssertSqlSafe(begin)).await?)
            }
        }
    }

    /// Begins a transaction that sees one state of all tables and writes nothing.
    pub(crate) async fn begin_reading(&self) -> Result<Work> {
        match self.backend {
            Backend::Sqlite => Ok(self.pool.begin_with("BEGIN").await?),
            Backend::Postgres { schema } => {
                let begin = postgres_begin(schema, "ISOLATION LEVEL REPEATABLE READ READ ONLY");
                Ok(self.pool.begin_with(AssertSqlSafe(begin)).await?)
            }
        }
    }

    /// Tells who listens that the feed has grown, when this transaction ends. It only wakes: who misses it learns by asking.
    pub(crate) async fn wake_followers(&self, work: &mut AnyConnection) -> Result<()> {
        match self.backend {
            Backend::Sqlite => Ok(()),
            Backend::Postgres { .. } => {
                sqlx::query("SELECT pg_notify('portward_feed', '')::text").execute(work).await?;
                Ok(())
            }
        }
    }

    pub(super) async fn begin_to_initialise(&self, initialise: bool) -> Result<Work> {
        let mut work = self.begin(Lock::Store).await?;
        if let (Backend::Postgres { schema }, true) = (self.backend, initialise) {
            sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"))).execute(&mut *work).await?;
        }
        Ok(work)
    }

    /// A trigger, view, rule or policy of somebody who can write the database could undo what was written, or hide it. The store has none.
    pub(crate) async fn refuse_foreign(&self, work: &mut AnyConnection) -> Result<()> {
        let sql = match self.backend {
            Backend::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')",
            Backend::Postgres { .. } => POSTGRES_FOREIGN,
        };
        let (count,): (i64,) = sqlx::query_as(sql).fetch_one(work).await?;
        if count == 0 { Ok(()) } else { Err(DatabaseError::Schema) }
    }
}

impl Lock {
    /// The numbers of advisory locks are the database's, not ours alone: who else takes the same one waits, no more. Always in this order.
    fn numbers(self) -> impl Iterator<Item = i64> {
        let store = matches!(self, Self::Store | Self::StoreAndLink(_)).then_some(i64::from_be_bytes(*b"portward"));
        let link = match self {
            Self::Link([a, b, c, d, e, f, g, h, ..]) | Self::StoreAndLink([a, b, c, d, e, f, g, h, ..]) => {
                Some(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
            }
            Self::None | Self::Store => None,
        };
        [store, link].into_iter().flatten()
    }
}

/// Set for the transaction only, so that a pooler of transactions may stand between.
fn postgres_begin(schema: &str, mode: &str) -> String {
    format!("BEGIN {mode}; SET LOCAL search_path = {schema}, pg_temp; SET LOCAL statement_timeout = '10s'")
}

const POSTGRES_FOREIGN: &str = "SELECT (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal)
    + (SELECT count(*) FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND (c.relkind NOT IN ('r', 'i') OR c.relhasrules OR c.relrowsecurity))";
