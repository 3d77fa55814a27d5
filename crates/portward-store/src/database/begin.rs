use std::sync::Arc;
use std::time::Duration;

use portward::{EntryId, Identifier};
use sqlx::{AnyPool, AssertSqlSafe, ConnectOptions as _, SqlSafeStr};
use tokio::sync::Mutex;

use crate::database::error::DatabaseError;
use crate::database::made::Made;
use crate::database::work::Work;
use crate::hex::hex;

/// A pool of connections to an initialised database.
pub(crate) struct Database {
    pub(super) pool: AnyPool,
    pub(super) backend: Backend,
    /// Whether statements are kept under names.
    pub(super) named: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Backend {
    /// Writers of this process come one after the other, in their order: SQLite lets those who wait ask again and again, and some of many
    /// never get their turn.
    Sqlite {
        turn: Arc<Mutex<()>>,
        /// What is to be in the file; of one that is only copied, nobody asks.
        made: Option<Arc<Made>>,
    },
    Postgres {
        schema: &'static str,
        /// The table that who changes the store locks.
        table: &'static str,
    },
}

/// What a transaction keeps others from. SQLite has one writer at a time whatever is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lock {
    /// From nothing: it only reads, or adds rows that nobody else knows of.
    None,
    /// From every other transaction with this lock.
    Store,
    /// From every transaction with a lock of this link of a tenant.
    #[cfg_attr(not(feature = "links"), expect(dead_code, reason = "the key store has no links"))]
    Link(Identifier, EntryId),
    /// From both.
    #[cfg_attr(not(feature = "links"), expect(dead_code, reason = "as above"))]
    StoreAndLink(Identifier, EntryId),
}

type Result<T> = core::result::Result<T, DatabaseError>;

/// Who waits longer for a connection, or for a turn to write, has none.
pub(super) const ACQUIRE: Duration = Duration::from_secs(5);

/// How long it is looked for why.
const ASK: Duration = Duration::from_secs(1);

impl Database {
    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self, lock: Lock) -> Result<Work> {
        match &self.backend {
            Backend::Sqlite { turn, .. } => {
                let turn = tokio::time::timeout(ACQUIRE, Arc::clone(turn).lock_owned()).await;
                let turn = turn.map_err(|_| DatabaseError::TimedOut)?;
                Ok(Work { turn: Some(turn), ..self.begin_with("BEGIN IMMEDIATE").await? })
            }
            Backend::Postgres { schema, table } => {
                // What is read after a lock was waited for is newer than it only where each statement sees what was committed before itself.
                // Who has no lock sees one state of all tables.
                let level = if lock == Lock::None { "REPEATABLE READ" } else { "READ COMMITTED" };
                // One round trip. The program's own names, and digits, are all that is put in.
                let begin = postgres_begin(schema, &format!("ISOLATION LEVEL {level}"));
                let begin = format!("{begin}; {SYNCED}{}", lock.statements(table));
                self.begin_with(AssertSqlSafe(begin)).await
            }
        }
    }

    /// Begins a transaction that sees one state of all tables and writes nothing.
    pub(crate) async fn begin_reading(&self) -> Result<Work> {
        match &self.backend {
            Backend::Sqlite { .. } => self.begin_with("BEGIN").await,
            Backend::Postgres { schema, .. } => {
                let begin = postgres_begin(schema, "ISOLATION LEVEL REPEATABLE READ READ ONLY");
                self.begin_with(AssertSqlSafe(begin)).await
            }
        }
    }

    /// Tells who listens that the feed has grown, when this transaction ends. It only wakes: who misses it learns by asking.
    #[cfg(feature = "links")]
    pub(crate) async fn wake_followers(&self, work: &mut Work) -> Result<()> {
        match &self.backend {
            Backend::Sqlite { .. } => Ok(()),
            Backend::Postgres { .. } => {
                work.query("SELECT pg_notify('portward_feed', '')::text").execute(&mut **work).await?;
                Ok(())
            }
        }
    }

    async fn begin_with(&self, begin: impl SqlSafeStr) -> Result<Work> {
        match self.pool.begin_with(begin).await {
            Err(sqlx::Error::PoolTimedOut) => Err(self.without_connection().await),
            begun => Ok(Work { transaction: begun?, turn: None, named: self.named }),
        }
    }

    /// Nobody gave a connection back in time, or none is to be had: then the database says why, which the pool has kept to itself.
    async fn without_connection(&self) -> DatabaseError {
        let options = self.pool.connect_options();
        match tokio::time::timeout(ASK, options.connect()).await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(_)) | Err(_) => DatabaseError::TimedOut,
        }
    }

    pub(super) async fn begin_to_initialise(&self) -> Result<Work> {
        match &self.backend {
            Backend::Sqlite { .. } => self.begin(Lock::Store).await,
            Backend::Postgres { schema, .. } => {
                // Where there are no tables yet, there is nothing else to lock.
                let begin = postgres_begin(schema, "ISOLATION LEVEL READ COMMITTED");
                let begin = format!("{begin}; {SYNCED}; SELECT pg_advisory_xact_lock({FIRST})");
                let mut work = self.begin_with(AssertSqlSafe(begin)).await?;
                let create = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
                sqlx::raw_sql(create).execute(&mut *work).await?;
                Ok(work)
            }
        }
    }

    /// A trigger, view, rule, policy, table elsewhere that inherits or refers, or an index, condition or column that is computed, of somebody who
    /// can write the database, could undo what was written, or hide it. The store has none.
    pub(crate) async fn refuse_foreign(&self, work: &mut Work) -> Result<()> {
        self.refuse_code(work).await?;
        match &self.backend {
            Backend::Sqlite { made: Some(made), .. } if !made.is_in(work).await? => Err(DatabaseError::Schema),
            _ => Ok(()),
        }
    }

    /// The same, but for tables of an SQLite file that are made otherwise than ours: what is read of them has its MAC.
    pub(super) async fn refuse_code(&self, work: &mut Work) -> Result<()> {
        let sql = match &self.backend {
            Backend::Sqlite { .. } => "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')",
            Backend::Postgres { .. } => POSTGRES_FOREIGN,
        };
        let (count,): (i64,) = work.query_as(sql).fetch_one(&mut **work).await?;
        if count == 0 { Ok(()) } else { Err(DatabaseError::Schema) }
    }
}

impl Lock {
    /// Only who may change what is locked can lock it: an advisory lock could be held by anybody who may connect, and nothing would be revoked.
    /// Always in this order. A link without a row is not locked: nobody redeems it.
    fn statements(self, table: &str) -> String {
        let store = match self {
            Self::Store | Self::StoreAndLink(..) => format!("; LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"),
            Self::None | Self::Link(..) => String::new(),
        };
        let link = match self {
            Self::Link(tenant, link) | Self::StoreAndLink(tenant, link) => {
                let (tenant, link) = (hex(tenant.to_string().as_bytes()), hex(&link));
                format!(
                    "; SELECT 1 FROM link WHERE tenant = convert_from(decode('{tenant}', 'hex'), 'UTF8') AND id = decode('{link}', 'hex') FOR UPDATE"
                )
            }
            Self::None | Self::Store => String::new(),
        };
        store + &link
    }
}

/// Whoever else takes it waits, no more.
const FIRST: i64 = i64::from_be_bytes(*b"portward");

/// Set for the transaction only, so that a pooler of transactions may stand between. Who is gone without closing its connection, as a machine
/// without power, must not keep its locks until the server's system notices, after hours.
fn postgres_begin(schema: &str, mode: &str) -> String {
    format!(
        "BEGIN {mode}; SET LOCAL search_path = {schema}, pg_temp; SET LOCAL statement_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '10s'"
    )
}

/// Whatever runs code of others when a row is written or deleted, shows another row than was written, or fewer. Of the types of columns only
/// our own, as a domain has code too; of conditions of indexes that of the key store. The table of migrations is the driver's, and not written to by who changes something.
/// An operator or function of the schema that fits the types of its arguments exactly goes before the server's that takes them converted: so both
/// sides of every comparison here are of one type, and there may be none.
const POSTGRES_FOREIGN: &str =
    "WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = current_schema()::regnamespace::oid)
    SELECT (SELECT count(*) FROM pg_operator WHERE oprnamespace = current_schema()::regnamespace::oid)
    + (SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace::oid)
    + (SELECT count(*) FROM pg_trigger t JOIN ours c ON c.oid = t.tgrelid)
    + (SELECT count(*) FROM ours WHERE relkind NOT IN ('r', 'i') OR relrowsecurity)
    + (SELECT count(*) FROM pg_rewrite r JOIN ours c ON c.oid = r.ev_class WHERE c.relkind = 'r')
    + (SELECT count(*) FROM pg_inherits i JOIN ours c ON c.oid = i.inhparent)
    + (SELECT count(*) FROM pg_index i JOIN ours c ON c.oid = i.indrelid WHERE i.indexprs IS NOT NULL
        OR pg_get_expr(i.indpred, i.indrelid) <> '(state = ''active''::text)')
    + (SELECT count(*) FROM pg_constraint k JOIN ours c ON c.oid = k.conrelid WHERE k.contype NOT IN ('p', 'n'))
    + (SELECT count(*) FROM pg_attribute a JOIN ours c ON c.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped
        AND c.relkind = 'r' AND c.relname <> '_sqlx_migrations'
        AND (a.atthasdef OR a.atttypid NOT IN ('text'::regtype::oid, 'bytea'::regtype::oid, 'bigint'::regtype::oid)))";

/// What was promised has to outlive a loss of power, whatever the server does with others' transactions. What is more than that stays.
const SYNCED: &str =
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";
