//! A consistent copy of an SQLite database, and what is in it. `spec/backup.md` section 2.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use portward::Keyring;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use crate::backup::kind::KEYS_TABLE;
use crate::backup::manifest::{FeedPosition, Format, TableRows};
use crate::backup::{BackupError, Kind, feed};
use crate::objects::ObjectError;

type Result<T> = core::result::Result<T, BackupError>;

/// A folder that others cannot enter, for a database in the clear. What a killed process left of one goes with the next.
pub(super) struct Private {
    folder: TempDir,
    /// While it is held, the folder is in use.
    _lock: File,
}

/// A file in the clear that is gone when it is dropped.
pub(super) struct Passing {
    pub(super) file: File,
    wiped: bool,
}

/// What is in a database.
pub(super) struct Contents {
    pub(super) tables: Vec<TableRows>,
    pub(super) feed: Option<FeedPosition>,
}

const PREFIX: &str = ".portward-backup-";

impl Private {
    pub(super) fn new(within: &Path) -> Result<Self> {
        sweep(within);
        let ours = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix(PREFIX).permissions(ours).tempdir_in(within);
        let folder = folder.map_err(ObjectError::Write)?;
        let lock = File::open(folder.path()).map_err(ObjectError::Write)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| ObjectError::Write(error.into()))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("database")
    }

    /// An empty file in the place of the database.
    pub(super) fn create(&self, kind: Kind) -> Result<Passing> {
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.create_new(true).read(true).write(true).open(self.path());
        Ok(Passing { file: opened.map_err(ObjectError::Write)?, wiped: kind == Kind::Keys })
    }

    /// The file, which outlives its name.
    pub(super) fn file(&self, kind: Kind) -> Result<Passing> {
        let opened = OpenOptions::new().read(true).write(true).open(self.path());
        Ok(Passing { file: opened.map_err(ObjectError::Read)?, wiped: kind == Kind::Keys })
    }
}

impl Drop for Passing {
    /// As `secure_delete` does in the database itself: what a key store forgets is not left on the medium by its copy.
    fn drop(&mut self) {
        if !self.wiped {
            return;
        }
        let Ok(length) = self.file.metadata().map(|found| found.len()) else { return };
        let _ = self.file.seek(SeekFrom::Start(0));
        let mut left = length;
        while left > 0 {
            let step = left.min(65_536);
            if self.file.write_all(vec![0; usize::try_from(step).unwrap_or(0)].as_slice()).is_err() {
                return;
            }
            left = left.saturating_sub(step);
        }
        let _ = self.file.sync_data();
    }
}

impl Passing {
    /// What is there and about to be replaced, if something is. It stays as it is unless it is [replaced](Self::was_replaced).
    pub(super) fn of(path: &Path) -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
        Some(Self { file: File::from(file), wiped: false })
    }

    /// Its name is another file's now. What still has a name, which somebody gave it meanwhile, is not ours to wipe.
    pub(super) fn was_replaced(mut self, kind: Kind) {
        self.wiped =
            kind == Kind::Keys && self.file.metadata().is_ok_and(|found| found.is_file() && found.nlink() == 0);
    }

    /// So that it can be placed.
    pub(super) fn sync(&self) -> Result<()> {
        Ok(self.file.sync_all().map_err(ObjectError::Write)?)
    }

    /// It is to stay.
    pub(super) fn keep(mut self) {
        self.wiped = false;
    }
}

/// Takes away what killed processes left.
fn sweep(within: &Path) {
    let Ok(found) = fs::read_dir(within) else { return };
    for folder in found.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        // A pipe of this name, which somebody put there, would keep who opens it waiting.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(lock) = rustix::fs::open(folder.path(), flags, Mode::empty()) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

/// Copies a database as it is at one moment; who writes goes on.
pub(super) async fn copy(database: &Path, kind: Kind) -> Result<(Private, Passing)> {
    let beside = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let private = Private::new(beside)?;
    let target = private.path();
    let target = target.to_str().ok_or(BackupError::Kind)?.to_owned();
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await?;
    sqlx::query("VACUUM INTO ?").bind(target).execute(&mut connection).await?;
    connection.close().await?;
    let copied = private.file(kind)?;
    Ok((private, copied))
}

/// Counts the rows of each table of a file that nobody else has.
pub(super) async fn contents(database: &Path, keyring: &Keyring) -> Result<Contents> {
    let mut connection =
        SqliteConnectOptions::new().filename(database).immutable(true).read_only(true).connect().await?;
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let names: Vec<(String,)> = sqlx::query_as(names).fetch_all(&mut connection).await?;
    let mut tables = Vec::new();
    for (table,) in names {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
        let (rows,): (i64,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
        let rows = u64::try_from(rows).map_err(|_| BackupError::Malformed)?;
        tables.push(TableRows { schema: "main".to_owned(), table, rows });
    }
    tables.sort();
    let feed = if feed::has_store(Format::Sqlite, &tables) {
        let sql = AssertSqlSafe(feed::select(Format::Sqlite));
        feed::position(sqlx::query_as(sql).fetch_all(&mut connection).await, keyring)?
    } else {
        None
    };
    connection.close().await?;
    Ok(Contents { tables, feed })
}

impl Contents {
    /// Rows of a key store are of kind `keys`, and nothing else is.
    pub(super) fn refuse_other_kind(&self, kind: Kind) -> Result<()> {
        let has_keys = self.tables.iter().any(|table| table.table == KEYS_TABLE);
        if has_keys == (kind == Kind::Keys) { Ok(()) } else { Err(BackupError::Kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_cannot_enter_the_folder() {
        let within = tempfile::tempdir().unwrap();
        let private = Private::new(within.path()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(private.path().parent().unwrap()), 0o700);
    }
}
