use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use portward::Deployment;
use rustix::fs::RawMode;
use zeroize::Zeroizing;

use crate::events::Recorder;
use crate::files::atomic::{self, Guard, OTHERS_READ};
use crate::files::lock::lock;
use crate::files::{FileError, FilesError};

/// A directory that holds one deployment. Reading needs no lock: each file is replaced whole.
///
/// ```
/// use std::sync::Arc;
/// use portward::{Authority, Deployment, Incarnation, Keyring, Timestamp, Vocabulary};
/// use portward_store::events::Recorder;
/// use portward_store::files::{Directory, FileError, FilesError, Protection};
///
/// # let temporary = tempfile::tempdir()?;
/// # let path = temporary.path().join("portward");
/// let now = Timestamp::from_unix(1_764_000_000);
/// let deployment = Deployment::generate(Vocabulary::portal())?;
/// let keyring = Keyring::generate(&deployment, now)?;
/// let directory = Directory::create(&path)?;
/// let locked = directory.lock(&Recorder::none())?; // in place of none: who is told of what is about to be done
/// locked.create(&deployment, &keyring, &Protection::Clear, None)?;
///
/// let mut open = locked.open_keyring(&directory.deployment()?, |_| Err(FilesError::File(path.clone(), FileError::Missing)))?;
/// let next = open.keyring.add(now)?;
/// open.replace()?;
/// # let again = directory.open_keyring(&deployment, |_| Err(FilesError::File(path.clone(), FileError::Missing)))?;
/// # assert!(again.keyring.roots().any(|root| root.id == next));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

/// The directory, locked for a change by this process. Others wait.
pub struct Locked<'a> {
    directory: &'a Directory,
    pub(super) recorder: Recorder,
    /// The lock goes with the descriptor, also when the process is killed.
    _lock: File,
}

impl Directory {
    /// Makes the directory, mode 0700, unless it is there.
    ///
    /// # Errors
    /// [`FileError::Denied`], [`FileError::NoSpace`], [`FileError::NoParent`], [`FileError::Write`], and those of [`Directory::open`].
    pub fn create(path: &Path) -> Result<Self, FilesError> {
        match DirBuilder::new().mode(0o700).recursive(true).create(path) {
            Ok(()) => Self::open(path),
            Err(error) => Err(FilesError::File(path.to_owned(), FileError::writing(&error))),
        }
    }

    /// A directory that is there.
    ///
    /// # Errors
    /// [`FileError::Missing`], [`FileError::NotRegular`], [`FileError::Denied`], [`FileError::Read`]; [`FileError::OthersCanWrite`] if others could put
    /// a keyring of their own in the place of this one.
    pub fn open(path: &Path) -> Result<Self, FilesError> {
        let fault = |error| FilesError::File(path.to_owned(), error);
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => fault(FileError::Missing),
            io::ErrorKind::PermissionDenied => fault(FileError::Denied),
            _ => fault(FileError::Read),
        })?;
        if !metadata.is_dir() {
            return Err(fault(FileError::NotRegular));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(fault(FileError::OthersCanWrite));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Waits until no other process changes the directory, and keeps others waiting until the answer is dropped. What is then written is told before.
    ///
    /// # Errors
    /// [`FileError::Denied`], [`FileError::NoSpace`], [`FileError::Lock`].
    pub fn lock(&self, recorder: &Recorder) -> Result<Locked<'_>, FilesError> {
        let lock = lock(&self.file(LOCK)).map_err(|error| FilesError::File(self.file(LOCK), error))?;
        Ok(Locked { directory: self, recorder: recorder.clone(), _lock: lock })
    }

    /// Reads the deployment.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Deployment`].
    pub fn deployment(&self) -> Result<Deployment, FilesError> {
        let json = self.read(DEPLOYMENT, Deployment::FILE_MAX, Guard::Believed)?;
        Deployment::from_json(&json).map_err(|error| FilesError::Deployment(self.file(DEPLOYMENT), error))
    }

    /// Whether a deployment is here, readable or not.
    pub fn has_deployment(&self) -> bool {
        self.has(DEPLOYMENT)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.file(name)).is_ok()
    }

    pub(super) fn read(&self, name: &str, limit: usize, guard: Guard) -> Result<Zeroizing<Vec<u8>>, FilesError> {
        let path = self.file(name);
        atomic::read(&path, limit, Some(guard)).map_err(|error| FilesError::File(path, error))
    }
}

impl core::fmt::Debug for Locked<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Locked").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Locked<'_> {
    /// The directory that is locked.
    pub const fn directory(&self) -> &Directory {
        self.directory
    }

    pub(super) fn write_deployment(&self, deployment: &Deployment) -> Result<(), FilesError> {
        self.replace(DEPLOYMENT, &deployment.to_json(), OTHERS_READ)
    }

    pub(super) fn refuse_existing(&self, name: &str) -> Result<(), FilesError> {
        if self.directory.has(name) {
            Err(FilesError::File(self.directory.file(name), FileError::Exists))
        } else {
            Ok(())
        }
    }

    /// The temporary file has one fixed name: under the lock nobody else writes it, and one that a killed process left goes with the next write.
    pub(super) fn replace(&self, name: &str, bytes: &[u8], mode: RawMode) -> Result<(), FilesError> {
        let path = self.directory.file(name);
        atomic::replace(&path, "tmp", bytes, mode).map_err(|error| FilesError::File(path, error))
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), FilesError> {
        let path = self.directory.file(name);
        let removed = atomic::remove_if_there(&path).and_then(|()| atomic::sync_parent(&path));
        removed.map_err(|error| FilesError::File(path, error))
    }
}

pub(super) const DEPLOYMENT: &str = "deployment.json";
const LOCK: &str = ".lock";
