use std::fs::{self, File};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portward::{Identifier, RevocationView, Timestamp};

use crate::backup::create::{blocking, refuse_empty};
use crate::backup::kind::{KEYS_SCHEMA, KEYS_TABLE};
use crate::backup::manifest::{Format, Manifest, refuse_other_rows};
use crate::backup::sealed::Opened;
use crate::backup::sqlite::{self, Passing, Private};
use crate::backup::verify::{refuse_nothing, write_all};
use crate::backup::{BackupError, Backups, Catalogue, Entry, Kind, Series, feed};
use crate::database::{Database, Location, Lock};
use crate::events::Operation;
use crate::files::{FileError, sync_parent};
use crate::keys::graves::Graves;
use crate::objects::ObjectError;

/// What is to be restored, and over what.
#[derive(Clone, Default)]
pub struct RestoreOptions {
    /// The number of the backup: the newest. An older one is restored on purpose only.
    pub number: Option<u64>,
    /// What becomes of a database that is there.
    pub existing: Existing,
    /// Views that know what was destroyed: of a machine, of a store. For keys only.
    pub views: Vec<Arc<RevocationView>>,
}

/// What becomes of a database that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Existing {
    /// It stays, and nothing is restored.
    #[default]
    Kept,
    /// It goes. Stop who works with it first.
    Replaced,
}

/// What was restored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// What the catalogue says.
    pub entry: Entry,
    /// What the backup says.
    pub manifest: Manifest,
    /// Bytes of the dump.
    pub dump: u64,
    /// Keys that the backup had, and that are destroyed again.
    pub buried: u64,
}

type Result<T> = core::result::Result<T, BackupError>;

impl Backups {
    /// Restores a database: all of it, or nothing. A store has to be recovered then ([`crate::store::Recovery`]), before it opens.
    ///
    /// # Errors
    /// Those of verifying; [`BackupError::Kind`], [`BackupError::TargetExists`], [`BackupError::TargetInUse`].
    pub async fn restore(
        &self,
        series: impl Into<Series>,
        into: &Location,
        options: RestoreOptions,
        now: Timestamp,
    ) -> Result<Restored> {
        let catalogue = self.catalogue()?;
        let entry = Self::chosen(&catalogue, &series.into(), options.number)?.clone();
        self.tell(Operation::BackupRestored, entry.file_name()).await?;
        match into {
            _ if entry.kind == Kind::Stream => Err(BackupError::Kind),
            Location::Sqlite(path) => self.restore_file(&catalogue, entry, path, options, now).await,
            #[cfg(feature = "postgres")]
            Location::Postgres(url) => self.restore_server(&catalogue, entry, url, options, now).await,
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => Err(BackupError::ToolMissing("psql")),
        }
    }

    /// Gives a stream out again. Each byte is authentic; they are all there only if this succeeds.
    ///
    /// # Errors
    /// Those of verifying, and of writing.
    pub async fn restore_stream<W: Write + Send + 'static>(
        &self,
        name: Identifier,
        number: Option<u64>,
        mut to: W,
    ) -> Result<(Restored, W)> {
        let catalogue = self.catalogue()?;
        let entry = Self::chosen(&catalogue, &Series::named(Kind::Stream, name), number)?.clone();
        self.tell(Operation::BackupRestored, entry.file_name()).await?;
        let mut opened = self.opened(&catalogue, &entry).await?;
        let (backups, manifest) = (self.clone(), opened.manifest.clone());
        blocking(move || {
            let give = |part: &[u8]| Ok(to.write_all(part).map_err(ObjectError::Write)?);
            let dump = opened.give(Some(entry.sha256), &*backups.options.progress, give)?;
            to.flush().map_err(ObjectError::Write)?;
            refuse_nothing(&manifest, dump)?;
            Ok((Restored { entry, manifest, dump, buried: 0 }, to))
        })
        .await
    }

    async fn restore_file(
        &self,
        catalogue: &Catalogue,
        entry: Entry,
        target: &Path,
        options: RestoreOptions,
        now: Timestamp,
    ) -> Result<Restored> {
        refuse_occupied(target, options.existing)?;
        let opened = self.opened(catalogue, &entry).await?;
        let manifest = opened.manifest.clone();
        if manifest.format != Format::Sqlite {
            return Err(BackupError::Kind);
        }
        self.refuse_other(target, entry.kind).await?;
        let mut graves = Graves::of(options.views);
        let mut held = None;
        if entry.kind == Kind::Keys {
            if target.exists() {
                // Who has it open writes nothing meanwhile, and finds nothing it knows afterwards: what it was told to be done would be lost.
                let database = Database::bare(&Location::Sqlite(target.to_owned()), (KEYS_SCHEMA, KEYS_TABLE)).await?;
                let mut work = database.begin(Lock::Store).await?;
                graves.add_from(&mut work, &self.owner.keyring, None).await?;
                held = Some((work, database));
            }
            self.add_later(&mut graves, catalogue, entry.number).await?;
        }
        let (private, passing, dump) = self.unpack(opened, &entry, folder(target)).await?;
        let buried = self.prepare(&private, &manifest, graves, now).await?;
        passing.sync()?;
        let replaced = Passing::of(target);
        place(&private.path(), target, options.existing)?;
        passing.keep();
        replaced.into_iter().for_each(|file| file.was_replaced(entry.kind));
        if let Some((work, database)) = held {
            // Of a file without a name.
            let _ = work.rollback().await;
            database.close().await;
        }
        sync_parent(target)?;
        Ok(Restored { entry, manifest, dump, buried })
    }

    /// What is about to be replaced is a database, and none of the other kind: a mistyped path costs nobody a keyring, or the store of keys. One
    /// that is damaged is a good reason to restore, but for keys: nobody can tell what it knew to be destroyed.
    async fn refuse_other(&self, target: &Path, kind: Kind) -> Result<()> {
        let mut head = [0; 16];
        match File::open(target).and_then(|mut file| file.read(&mut head)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ObjectError::Read(error).into()),
            Ok(0) => return Ok(()),
            Ok(_) if head != *b"SQLite format 3\0" => return Err(BackupError::Kind),
            Ok(_) => {}
        }
        match sqlite::contents(target, &self.owner.keyring).await {
            Ok(found) if !found.tables.is_empty() => found.refuse_other_kind(kind),
            Err(error) if kind == Kind::Keys => Err(error),
            _ => Ok(()),
        }
    }

    /// Into a private folder, its rows counted.
    pub(super) async fn unpack(
        &self,
        mut opened: Opened,
        entry: &Entry,
        within: &Path,
    ) -> Result<(Private, Passing, u64)> {
        let private = Private::new(within)?;
        let (mut passing, manifest) = (private.create(entry.kind)?, opened.manifest.clone());
        let (backups, expected) = (self.clone(), entry.sha256);
        let unpacked = blocking(move || {
            let give = |part: &[u8]| write_all(&mut passing.file, part);
            let dump = opened.give(Some(expected), &*backups.options.progress, give)?;
            Ok((dump, passing))
        });
        let (dump, passing) = unpacked.await?;
        refuse_empty(&manifest)?;
        let found = sqlite::contents(&private.path(), &self.owner.keyring).await?;
        refuse_other_rows(&manifest.tables, &found.tables)?;
        Ok((private, passing, dump))
    }

    /// Marks a feed, and buries keys, before the database has its name.
    async fn prepare(&self, private: &Private, manifest: &Manifest, mut graves: Graves, now: Timestamp) -> Result<u64> {
        let keyring = &self.owner.keyring;
        let database = Database::bare(&Location::Sqlite(private.path()), ("", "")).await?;
        let mut work = database.begin(Lock::Store).await?;
        feed::mark(manifest, keyring, &mut work).await?;
        let buried = match manifest.kind {
            Kind::Keys => graves.bury(&mut work, keyring, (None, now)).await?,
            Kind::Data | Kind::Stream => 0,
        };
        work.commit().await?;
        database.close().await;
        Ok(buried)
    }

    /// Adds what a key store knows to be destroyed.
    pub(super) async fn add_known(&self, graves: &mut Graves, of: &Location) -> Result<()> {
        let database = Database::bare(of, (KEYS_SCHEMA, KEYS_TABLE)).await?;
        let mut work = database.begin_reading().await?;
        graves.add_from(&mut work, &self.owner.keyring, None).await?;
        work.rollback().await?;
        database.close().await;
        Ok(())
    }

    /// Adds what later backups of keys know to be destroyed.
    pub(super) async fn add_later(&self, graves: &mut Graves, catalogue: &Catalogue, number: u64) -> Result<()> {
        for entry in catalogue.keys_after(number) {
            let opened = self.opened(catalogue, entry).await?;
            match opened.manifest.format {
                Format::Sqlite => {
                    let (private, _passing, _) = self.unpack(opened, entry, &self.options.scratch).await?;
                    self.add_known(graves, &Location::Sqlite(private.path())).await?;
                }
                #[cfg(feature = "postgres")]
                Format::Postgres => self.add_of_archive(graves, opened, entry).await?,
                _ => return Err(BackupError::Kind),
            }
        }
        Ok(())
    }

    pub(super) async fn opened(&self, catalogue: &Catalogue, entry: &Entry) -> Result<Opened> {
        let (backups, catalogue, entry) = (self.clone(), catalogue.clone(), entry.clone());
        blocking(move || backups.open_entry(&catalogue, &entry)).await
    }
}

fn refuse_occupied(target: &Path, existing: Existing) -> Result<()> {
    let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
    let beside = |suffix: &str| {
        let mut name = target.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    if is_there(target) && existing == Existing::Kept {
        return Err(BackupError::TargetExists);
    }
    if ["-wal", "-shm", "-journal"].into_iter().any(|suffix| is_there(&beside(suffix))) {
        return Err(BackupError::TargetInUse);
    }
    match fs::symlink_metadata(target) {
        Ok(found) if !found.is_file() => Err(FileError::NotRegular.into()),
        _ => Ok(()),
    }
}

fn place(private: &Path, target: &Path, existing: Existing) -> Result<()> {
    match existing {
        Existing::Replaced => fs::rename(private, target),
        Existing::Kept => fs::hard_link(private, target),
    }
    .map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::TargetExists,
        _ => ObjectError::Write(error).into(),
    })
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
