//! Restoring in one transaction. `spec/backup.md` section 5.

use core::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::Stdio;
use std::thread;

use portward::{Keyring, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::backup::create::{blocking, refuse_empty};
use crate::backup::kind::{KEYS_SCHEMA, KEYS_TABLE, STORE_SCHEMA};
use crate::backup::manifest::{Format, Manifest};
use crate::backup::postgres::archive::give;
use crate::backup::postgres::environment::environment;
use crate::backup::postgres::snapshot::qualified;
use crate::backup::postgres::tool::Tool;
use crate::backup::sealed::Opened;
use crate::backup::{BackupError, Backups, Catalogue, Entry, Existing, Kind, RestoreOptions, Restored, feed};
use crate::database::{Database, Location, Lock, PostgresUrl, record};
use crate::keys::graves::Graves;
use crate::objects::ObjectError;
use crate::store;

type Result<T> = core::result::Result<T, BackupError>;

/// What is to be done on a server.
struct Work {
    environment: Vec<(&'static str, String)>,
    existing: Existing,
    before: String,
    after: String,
}

impl Backups {
    pub(crate) async fn restore_server(
        &self,
        catalogue: &Catalogue,
        entry: Entry,
        into: &PostgresUrl,
        options: RestoreOptions,
        now: Timestamp,
    ) -> Result<Restored> {
        let url = into.expose();
        let mut opened = self.opened(catalogue, &entry).await?;
        let manifest = opened.manifest.clone();
        if manifest.format != Format::Postgres {
            return Err(BackupError::Kind);
        }
        refuse_empty(&manifest)?;
        let (keyring, mut graves) = (&self.owner.keyring, Graves::of(options.views));
        let mut known = None;
        if entry.kind == Kind::Keys {
            self.add_later(&mut graves, catalogue, entry.number).await?;
            known = self.add_of_server(&mut graves, into).await?;
        }
        let work = Work {
            environment: environment(url)?,
            existing: options.existing,
            before: before(&manifest, options.existing) + &held(entry.kind, known),
            after: after(&manifest, &graves, keyring)?,
        };
        let (backups, expected) = (self.clone(), entry.sha256);
        let dump = blocking(move || work.run(&mut opened, expected, &*backups.options.progress)).await?;
        let mut buried = 0;
        if entry.kind == Kind::Keys {
            // Their tombstones are there already; now their slots go, too, and what the server keeps of rows that were changed.
            let database = Database::bare(&Location::Postgres(into.clone()), (KEYS_SCHEMA, KEYS_TABLE)).await?;
            let mut work = database.begin(Lock::Store).await?;
            buried = graves.bury(&mut work, keyring, (None, now)).await?;
            work.commit().await?;
            database.close().await;
            vacuum(url).await?;
        }
        Ok(Restored { entry, manifest, dump, buried })
    }

    /// Adds what a key store that is there knows to be destroyed: of how many tombstones it was.
    async fn add_of_server(&self, graves: &mut Graves, url: &PostgresUrl) -> Result<Option<i64>> {
        if !has_key_store(url.expose()).await? {
            return Ok(None);
        }
        let database = Database::bare(&Location::Postgres(url.clone()), (KEYS_SCHEMA, KEYS_TABLE)).await?;
        let mut work = database.begin_reading().await?;
        let (stones,) = work.query_as("SELECT count(*) FROM key_tombstone").fetch_one(&mut *work).await?;
        graves.add_from(&mut work, &self.owner.keyring, None).await?;
        work.rollback().await?;
        database.close().await;
        Ok(Some(stones))
    }
}

impl Work {
    /// Archive → `pg_restore` → SQL → `psql`. Only `COMMIT`, the last word, makes anything of it.
    fn run(self, opened: &mut Opened, expected: [u8; 32], told: &dyn Fn(u64)) -> Result<u64> {
        let clean: &[&str] = match self.existing {
            Existing::Replaced => &["--clean", "--if-exists"],
            Existing::Kept => &[],
        };
        let arguments = [&["--file=-"], clean].concat();
        let mut maker = Tool::start("pg_restore", &arguments, &self.environment, Stdio::piped(), Stdio::piped())?;
        let arguments = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-f", "-"];
        let mut taker = Tool::start("psql", &arguments, &self.environment, Stdio::piped(), Stdio::null())?;
        let (archive, mut script, mut sql) = (maker.stdin()?, maker.stdout()?, taker.stdin()?);
        let before = self.before;
        let (given, sql) = thread::scope(|scope| {
            let carried = scope.spawn(move || {
                // Where it is not taken, the program says why.
                let _ = sql.write_all(before.as_bytes()).and_then(|()| io::copy(&mut script, &mut sql).map(drop));
                // Who is not listened to any more may still have to be heard out.
                let _ = io::copy(&mut script, &mut io::sink());
                sql
            });
            let given = give(opened, expected, told, archive);
            if given.is_err() {
                maker.kill();
                taker.kill();
            }
            (given, carried.join())
        });
        let (dump, mut sql) = (given?, sql.map_err(|_| BackupError::Stopped)?);
        let made = maker.finish();
        // If it has failed, what it has not taken says nothing.
        let told = match &made {
            Ok(()) => sql.write_all(self.after.as_bytes()).and_then(|()| sql.flush()),
            Err(_) => {
                taker.kill();
                Ok(())
            }
        };
        drop(sql);
        let taken = taker.finish();
        made?;
        taken?;
        told.map_err(ObjectError::Write)?;
        Ok(dump)
    }
}

fn before(manifest: &Manifest, existing: Existing) -> String {
    let mut sql = "BEGIN;\n".to_owned();
    if existing == Existing::Kept {
        for table in &manifest.tables {
            let there = format!("to_regclass({}) IS NOT NULL", literal(&qualified(&table.schema, &table.table)));
            let _ = writeln!(sql, "{}", refusal(&there, "portward_target_exists"));
        }
    }
    sql
}

/// Nobody changes the key store that is replaced any more. What was destroyed since its tombstones were read, so many, would come back; and so
/// would what one knows that was not there then.
fn held(kind: Kind, stones: Option<i64>) -> String {
    const IN_USE: &str = "portward_target_in_use";
    let table = format!("{KEYS_SCHEMA}.key_tombstone");
    match (kind, stones) {
        (Kind::Keys, None) => refusal(&format!("to_regclass('{table}') IS NOT NULL"), IN_USE) + "\n",
        (Kind::Keys, Some(stones)) => {
            let other = format!("(SELECT count(*) FROM {table}) <> {stones}");
            let lock = format!("LOCK TABLE {KEYS_SCHEMA}.{KEYS_TABLE}, {table} IN ACCESS EXCLUSIVE MODE;\n");
            lock + &refusal(&other, IN_USE) + "\n"
        }
        _ => String::new(),
    }
}

/// The rows counted again, what marks the result, and the end.
fn after(manifest: &Manifest, graves: &Graves, keyring: &Keyring) -> Result<String> {
    let mut sql = "\nSET LOCAL row_security = off;\n".to_owned();
    for table in &manifest.tables {
        let other = format!("(SELECT count(*) FROM ONLY {}) <> {}", qualified(&table.schema, &table.table), table.rows);
        let _ = writeln!(sql, "{}", refusal(&other, "portward_rows_differ"));
    }
    if let Some(feed) = manifest.feed {
        let row = store::restored(feed.stamp, feed.history, feed.snapshot, manifest.number);
        let insert = record::statement(&row, keyring, STORE_SCHEMA)?;
        let _ = writeln!(sql, "DELETE FROM {STORE_SCHEMA}.feed;\n{insert}");
    }
    if let Some(mark) = feed::mark_unbelieved(manifest) {
        let _ = writeln!(sql, "{mark};");
    }
    if manifest.kind == Kind::Keys {
        for stone in graves.stones() {
            let _ = writeln!(sql, "{}", record::statement(&stone, keyring, KEYS_SCHEMA)?);
        }
    }
    sql.push_str("COMMIT;\n");
    Ok(sql)
}

/// Ends the transaction if this is so.
fn refusal(condition: &str, message: &str) -> String {
    let block = format!("BEGIN IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; END");
    format!("DO {};", literal(&block))
}

fn literal(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "''");
    if text.contains('\\') { format!("E'{text}'") } else { format!("'{text}'") }
}

async fn has_key_store(url: &str) -> Result<bool> {
    let mut connection = PgConnection::connect(url).await?;
    let sql = format!("SELECT to_regclass('{KEYS_SCHEMA}.key_tombstone') IS NOT NULL");
    let (is_there,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(is_there)
}

async fn vacuum(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    let sql = format!("VACUUM {KEYS_SCHEMA}.tenant_kek, {KEYS_SCHEMA}.data_key");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}
