use std::io::{Read, Seek as _, SeekFrom};

use portward::{Identifier, Timestamp};

use crate::backup::manifest::{Format, Manifest, TableRows};
use crate::backup::parts::PartWriter;
use crate::backup::{BackupError, Backups, Catalogue, Entry, Kind, Series, sqlite};
use crate::database::Location;
use crate::events::Operation;
use crate::objects::ObjectError;

type Result<T> = core::result::Result<T, BackupError>;

impl Backups {
    /// Backs a database up: what of it is [`Kind::Data`], or what is [`Kind::Keys`]. Others go on writing meanwhile. A directory with backups of
    /// several databases gives each a name ([`Series::named`]).
    ///
    /// When it returns, the backup is on the medium; if it fails, there is none.
    ///
    /// # Errors
    /// [`BackupError::Kind`], [`BackupError::Empty`]; [`BackupError::ToolMissing`], [`BackupError::ToolFailed`]; those of the database, of
    /// the directory, and of writing.
    pub async fn back_up(&self, series: impl Into<Series>, database: &Location, now: Timestamp) -> Result<Entry> {
        let series = series.into();
        let kind = series.kind;
        match database {
            _ if kind == Kind::Stream => Err(BackupError::Kind),
            Location::Sqlite(path) => {
                // A mistyped path makes nothing.
                std::fs::metadata(path).map_err(ObjectError::Read)?;
                let (catalogue, number) = self.take_number()?;
                let (private, mut copied) = sqlite::copy(path, kind).await?;
                let found = sqlite::contents(&private.path(), &self.owner.keyring).await?;
                found.refuse_other_kind(kind)?;
                drop(private);
                let manifest = self.manifest((&catalogue, number), series, Format::Sqlite, now);
                let manifest = Manifest { feed: found.feed, tables: found.tables, ..manifest };
                copied.file.seek(SeekFrom::Start(0)).map_err(ObjectError::Read)?;
                self.seal(manifest, move |parts, told| parts.copy(&mut copied.file, told)).await
            }
            #[cfg(feature = "postgres")]
            Location::Postgres(url) => {
                let (catalogue, number) = self.take_number()?;
                let snapshot = crate::backup::postgres::Snapshot::take(url.expose(), kind, &self.owner.keyring).await?;
                let manifest = self.manifest((&catalogue, number), series, Format::Postgres, now);
                let manifest = Manifest { feed: snapshot.feed, tables: snapshot.tables.clone(), ..manifest };
                let dump = snapshot.dump(kind)?;
                let sealed = self.seal(manifest, move |parts, told| dump.copy_to(parts, told)).await;
                snapshot.end().await;
                sealed
            }
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => Err(BackupError::ToolMissing("pg_dump")),
        }
    }

    /// Backs up what is read, to its end, under a name.
    ///
    /// # Errors
    /// [`BackupError::Empty`]; those of the directory, of reading and of writing.
    pub async fn back_up_stream(
        &self,
        name: Identifier,
        mut source: Box<dyn Read + Send>,
        now: Timestamp,
    ) -> Result<Entry> {
        let (catalogue, number) = self.take_number()?;
        let manifest = self.manifest((&catalogue, number), Series::named(Kind::Stream, name), Format::Stream, now);
        self.seal(manifest, move |parts, told| parts.copy(&mut source, told)).await
    }

    fn manifest(
        &self,
        (catalogue, number): (&Catalogue, u64),
        Series { kind, name }: Series,
        format: Format,
        created: Timestamp,
    ) -> Manifest {
        let (deployment, catalogue) = (self.owner.deployment.id, catalogue.id);
        Manifest { deployment, catalogue, kind, number, created, format, name, feed: None, tables: Vec::new() }
    }

    /// Seals on a thread that may wait, then names the file.
    async fn seal(
        &self,
        manifest: Manifest,
        dump: impl FnOnce(&mut PartWriter<&mut dyn std::io::Write>, &dyn Fn(u64)) -> Result<()> + Send + 'static,
    ) -> Result<Entry> {
        self.tell(Operation::BackedUp, entry_of(&manifest).file_name()).await?;
        let backups = self.clone();
        blocking(move || {
            if manifest.kind != Kind::Stream {
                refuse_empty(&manifest)?;
            }
            if !manifest.is_of_the_page() {
                return Err(BackupError::Kind);
            }
            let target = backups.begin_file(manifest.kind, manifest.number)?;
            let told = |bytes| (backups.options.progress)(bytes);
            let sealed = backups.owner.seal(&manifest, target, |parts| {
                dump(parts, &told)?;
                if parts.is_empty() { Err(BackupError::Empty) } else { Ok(()) }
            })?;
            backups.finish_file(sealed, entry_of(&manifest))
        })
        .await
    }
}

/// Of a sealed file that is not there yet.
fn entry_of(manifest: &Manifest) -> Entry {
    Entry {
        number: manifest.number,
        kind: manifest.kind,
        name: manifest.name.clone(),
        created: manifest.created,
        length: 0,
        sha256: [0; 32],
        stamp: manifest.feed.map(|feed| feed.stamp),
    }
}

/// A dump without rows is what a backup looks like that nobody should rely on.
pub(super) fn refuse_empty(manifest: &Manifest) -> Result<()> {
    let counts = |table: &&TableRows| table.rows > 0 && table.table != MIGRATIONS;
    if manifest.tables.iter().any(|table| counts(&table)) { Ok(()) } else { Err(BackupError::Empty) }
}

/// What every initialised database of ours has.
const MIGRATIONS: &str = "_sqlx_migrations";

/// Runs what waits for files and programs where it may.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(BackupError::Stopped),
        },
    }
}
