use core::fmt;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portward::envelope::SealError;
use portward::{Clock as _, Deployment, Keyring, SystemClock};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::backup::catalogue::{CATALOGUE_MAX, file_name};
use crate::backup::sealed::{Opened, Owner, Sealed};
use crate::backup::{BackupError, Catalogue, Entry, Kind, Unmatched, memory};
use crate::events::{Event, Operation, Recorder};
use crate::files::{FileError, lock, read_authentic, replace_secret, sync_parent};
use crate::objects::{ObjectError, Unsynced, WholeFile};

/// Backups of a deployment in one directory. For Unix only. Needs a Tokio runtime, with I/O and time.
#[derive(Clone)]
pub struct Backups {
    pub(super) path: PathBuf,
    pub(super) owner: Owner,
    pub(super) options: BackupOptions,
}

/// What may be said otherwise.
#[derive(Clone)]
pub struct BackupOptions {
    /// The file that remembers how far catalogues were seen, apart from them: none. Without one, a directory that was put back to an older
    /// state is believed.
    pub memory: Option<PathBuf>,
    /// Where private copies of SQLite databases lie while their rows are counted: the system's folder for temporary files.
    pub scratch: PathBuf,
    /// Is told of bytes of a dump that went by.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
    /// Who is told before a backup is made, restored or removed: nobody.
    pub recorder: Recorder,
}

impl Default for BackupOptions {
    fn default() -> Self {
        let progress = Arc::new(|_| {});
        Self { memory: None, scratch: std::env::temp_dir(), progress, recorder: Recorder::none() }
    }
}

type Result<T> = core::result::Result<T, BackupError>;

const CATALOGUE: &str = "catalogue.pwc";
const LOCK: &str = ".lock";

impl Backups {
    /// Makes the directory, mode 0700, and its catalogue, unless they are there.
    ///
    /// # Errors
    /// [`BackupError::CatalogueMissing`] for a directory with sealed files and no catalogue; those of [`Backups::open`].
    pub fn create(
        path: &Path,
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        options: BackupOptions,
    ) -> Result<Self> {
        let made = DirBuilder::new().mode(0o700).recursive(true).create(path);
        made.map_err(|error| FileError::writing(&error))?;
        let backups = Self { path: path.to_owned(), owner: Owner { deployment, keyring }, options };
        let _lock = backups.lock()?;
        if backups.read_catalogue().is_err_and(|error| matches!(error, BackupError::CatalogueMissing)) {
            if !backups.sealed_files()?.is_empty() {
                return Err(BackupError::CatalogueMissing);
            }
            let id = portward::random_id().map_err(|_| SealError::Random)?;
            let mut catalogue = Catalogue { id, revision: 0, highest: 0, entries: Vec::new() };
            backups.write_catalogue(&mut catalogue)?;
        }
        backups.catalogue()?;
        Ok(backups)
    }

    /// A directory that is there.
    ///
    /// # Errors
    /// Those of a catalogue, [`BackupError::CatalogueRolledBack`] too; [`BackupError::File`].
    pub fn open(
        path: &Path,
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        options: BackupOptions,
    ) -> Result<Self> {
        let backups = Self { path: path.to_owned(), owner: Owner { deployment, keyring }, options };
        backups.catalogue()?;
        Ok(backups)
    }

    /// Which backups there are.
    ///
    /// # Errors
    /// As [`Backups::open`].
    pub fn catalogue(&self) -> Result<Catalogue> {
        let Some(memory) = &self.options.memory else { return self.read_catalogue() };
        // Remembered before it is read: who writes meanwhile writes the catalogue first.
        let mut seen = memory::Seen::read(memory)?;
        let catalogue = self.read_catalogue()?;
        seen.accept(&catalogue)?;
        Ok(catalogue)
    }

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the directory and its catalogue do not agree about.
    ///
    /// # Errors
    /// As [`Backups::open`].
    pub fn unmatched(&self) -> Result<Unmatched> {
        // Without the lock, which a medium that is only read has none of. One that gets its entry meanwhile is no stray, and not missing.
        let files = self.sealed_files()?;
        let catalogue = self.catalogue()?;
        let Unmatched { mut missing, strays } = catalogue.compare(files);
        let is_there = |entry: &Entry| self.path.join(entry.file_name()).exists();
        missing.retain(|number| !catalogue.numbered(*number).is_some_and(is_there));
        Ok(Unmatched { missing, strays })
    }

    /// Tells who has to be told, before it is done.
    pub(super) async fn tell(&self, operation: Operation, file: impl Into<String>) -> Result<()> {
        let event = Event::new(SystemClock.now().wall, operation).with(file);
        Ok(self.options.recorder.record(event).await?)
    }

    pub(super) fn take_number(&self) -> Result<(Catalogue, u64)> {
        let _lock = self.lock()?;
        let mut catalogue = self.catalogue()?;
        let number = catalogue.take_number()?;
        self.write_catalogue(&mut catalogue).map_err(BackupError::of_a_step)?;
        Ok((catalogue, number))
    }

    /// A file without a name, for the sealed bytes.
    pub(super) fn begin_file(&self, kind: Kind, number: u64) -> Result<WholeFile> {
        let path = self.path.join(file_name(kind, number));
        WholeFile::create(&path).map_err(|error| FileError::writing(&error).into())
    }

    /// Gives a sealed file its name, and puts it into the catalogue: whoever is told that this failed finds neither, or with
    /// [`FileError::Unsynced`] both, and never an entry without its file.
    pub(super) fn finish_file(&self, sealed: Sealed, entry: Entry) -> Result<Entry> {
        let _lock = self.lock()?;
        let mut catalogue = self.catalogue()?;
        let entry = Entry { length: sealed.length, sha256: sealed.digest, ..entry };
        catalogue.enter(entry.clone());
        sealed.file.finish().map_err(|error| {
            let error = error.downcast().map_or_else(
                |other| other,
                |Unsynced(error)| {
                    // Without an entry nobody would look after a copy of keys.
                    let _ = fs::remove_file(self.path.join(entry.file_name()));
                    error
                },
            );
            ObjectError::Write(error)
        })?;
        if let Err(error) = self.replace_catalogue(&mut catalogue) {
            // Where the medium only did not confirm it, the entry is there: what the catalogue names, or may name, stays.
            if self.read_catalogue().is_ok_and(|written| written.numbered(entry.number).is_none()) {
                let _ = fs::remove_file(self.path.join(entry.file_name()));
            }
            return Err(error);
        }
        self.remember(&catalogue)?;
        Ok(entry)
    }

    /// Opens the file of a backup, if it is as long as it was.
    pub(super) fn open_entry(&self, catalogue: &Catalogue, entry: &Entry) -> Result<Opened> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(self.path.join(entry.file_name()), flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Err(BackupError::Missing),
            Err(error) => return Err(FileError::reading(&error.into()).into()),
        };
        let found = file.metadata().map_err(ObjectError::Read)?;
        if !found.is_file() || found.len() != entry.length {
            return Err(BackupError::Differs);
        }
        let opened = self.owner.open(entry.kind, entry.number, file)?;
        let manifest = &opened.manifest;
        let said = (&manifest.name, manifest.created, manifest.feed.map(|feed| feed.stamp), manifest.catalogue);
        if said == (&entry.name, entry.created, entry.stamp, catalogue.id) {
            Ok(opened)
        } else {
            Err(BackupError::Swapped)
        }
    }

    pub(super) fn lock(&self) -> Result<File> {
        Ok(lock(&self.path.join(LOCK))?)
    }

    fn read_catalogue(&self) -> Result<Catalogue> {
        let bytes = match read_authentic(&self.path.join(CATALOGUE), CATALOGUE_MAX) {
            Err(FileError::Missing) => return Err(BackupError::CatalogueMissing),
            Err(FileError::TooLarge) => return Err(BackupError::CatalogueMalformed),
            other => other?,
        };
        Catalogue::from_bytes(&bytes, &self.owner.keyring)
    }

    /// Under the lock.
    pub(super) fn write_catalogue(&self, catalogue: &mut Catalogue) -> Result<()> {
        self.replace_catalogue(catalogue)?;
        self.remember(catalogue)
    }

    fn replace_catalogue(&self, catalogue: &mut Catalogue) -> Result<()> {
        catalogue.revision = catalogue.revision.checked_add(1).ok_or(BackupError::CatalogueMalformed)?;
        Ok(replace_secret(&self.path.join(CATALOGUE), &catalogue.to_bytes(&self.owner.keyring)?)?)
    }

    fn remember(&self, catalogue: &Catalogue) -> Result<()> {
        match &self.options.memory {
            Some(memory) => memory::Seen::read(memory)?.accept(catalogue),
            None => Ok(()),
        }
    }

    /// Takes away the file of a backup, if it is there.
    pub(super) fn remove_file(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::writing(&error).into()),
            _ => sync_parent(&path).map_err(|error| BackupError::from(error).of_a_step()),
        }
    }

    fn sealed_files(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for found in fs::read_dir(&self.path).map_err(|error| FileError::reading(&error))? {
            let name = found.map_err(|error| FileError::reading(&error))?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".pwb") {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

impl fmt::Debug for Backups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backups").field("path", &self.path).finish_non_exhaustive()
    }
}
