use std::process::{ChildStdout, Stdio};

use portward::Keyring;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::backup::kind::KEYS_SCHEMA;
use crate::backup::manifest::{FeedPosition, Format, TableRows};
use crate::backup::parts::PartWriter;
use crate::backup::postgres::environment::environment;
use crate::backup::postgres::tool::Tool;
use crate::backup::{BackupError, Kind, feed};

type Result<T> = core::result::Result<T, BackupError>;

/// One state of a database, held for `pg_dump`, and what is in it.
pub(crate) struct Snapshot {
    connection: PgConnection,
    id: String,
    url: String,
    pub(crate) tables: Vec<TableRows>,
    pub(crate) feed: Option<FeedPosition>,
}

/// A dump that is being made.
pub(crate) struct Dump {
    tool: Tool,
    archive: ChildStdout,
}

/// For as long as it takes; and who may not see every row is told so, and is not shown fewer.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

const TABLES: &str = "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND left(n.nspname::text, 3) <> 'pg_' AND (n.nspname = $1) = $2
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

impl Snapshot {
    pub(crate) async fn take(url: &str, kind: Kind, keyring: &Keyring) -> Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(BEGIN).execute(&mut connection).await?;
        let (id,): (String,) = sqlx::query_as("SELECT pg_export_snapshot()").fetch_one(&mut connection).await?;
        let query = sqlx::query_as(TABLES).bind(KEYS_SCHEMA).bind(kind == Kind::Keys);
        let names: Vec<(String, String)> = query.fetch_all(&mut connection).await?;
        let mut tables = Vec::new();
        for (schema, table) in names {
            let sql = format!("SELECT count(*) FROM ONLY {}", qualified(&schema, &table));
            let (rows,): (i64,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
            tables.push(TableRows { schema, table, rows: u64::try_from(rows).map_err(|_| BackupError::Malformed)? });
        }
        tables.sort();
        let feed = if feed::has_store(Format::Postgres, &tables) {
            let sql = AssertSqlSafe(feed::select(Format::Postgres));
            feed::position(sqlx::query_as(sql).fetch_all(&mut connection).await, keyring)?
        } else {
            None
        };
        Ok(Self { connection, id, url: url.to_owned(), tables, feed })
    }

    /// Begins the dump of this state.
    pub(crate) fn dump(&self, kind: Kind) -> Result<Dump> {
        let snapshot = format!("--snapshot={}", self.id);
        let schema = match kind {
            Kind::Keys => format!("--schema={KEYS_SCHEMA}"),
            Kind::Data | Kind::Stream => format!("--exclude-schema={KEYS_SCHEMA}"),
        };
        let arguments = ["--format=custom", "--no-password", &snapshot, &schema];
        let environment = environment(&self.url)?;
        let mut tool = Tool::start("pg_dump", &arguments, &environment, Stdio::null(), Stdio::piped())?;
        Ok(Dump { archive: tool.stdout()?, tool })
    }

    pub(crate) async fn end(self) {
        // Whatever becomes of it: nothing was written.
        let _ = self.connection.close().await;
    }
}

impl Dump {
    pub(crate) fn copy_to(mut self, parts: &mut PartWriter<&mut dyn std::io::Write>, told: &dyn Fn(u64)) -> Result<()> {
        parts.copy(&mut self.archive, told)?;
        self.tool.finish()
    }
}

/// As a statement names it.
pub(super) fn qualified(schema: &str, table: &str) -> String {
    format!("\"{}\".\"{}\"", schema.replace('"', "\"\""), table.replace('"', "\"\""))
}
