use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::objects::Unsynced;
#[cfg(unix)]
use crate::objects::leftover;

/// A file that appears under its name when it is finished, and not before. Others cannot read it. Where the file system can do that
/// (Linux, most of them), it has no name until then, so nothing is left of it however the process ends; but for the moment in which it takes the
/// place of another file, which asks for a name beside that one. What a killed process left so is taken away when the same file is begun again.
pub struct WholeFile {
    path: PathBuf,
    existing: Existing,
    place: Place,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Kept,
    Replaced,
}

enum Place {
    #[cfg(target_os = "linux")]
    Nameless(File),
    Named(NamedTempFile),
}

impl WholeFile {
    /// Begins a file that must not be there yet.
    ///
    /// # Errors
    /// `AlreadyExists`; `InvalidInput` where something else than a file is; those of the operating system.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::begin(path, Existing::Kept)
    }

    /// Begins a file that takes the place of another one, if there is one. A symbolic link, device or pipe stays.
    ///
    /// # Errors
    /// `InvalidInput` where something else than a file is; those of the operating system.
    pub fn replace(path: &Path) -> io::Result<Self> {
        Self::begin(path, Existing::Replaced)
    }

    fn begin(path: &Path, existing: Existing) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => return Err(io::ErrorKind::InvalidInput.into()),
            Ok(_) if existing == Existing::Kept => return Err(io::ErrorKind::AlreadyExists.into()),
            _ => {}
        }
        #[cfg(unix)]
        leftover::clear(&leftover::name_of(path));
        Ok(Self { path: path.to_owned(), existing, place: Place::beside(path)? })
    }

    /// Takes the owner and the permissions of another file.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn be_like(&self, other: &File) -> io::Result<()> {
        let other = other.metadata()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let own = self.file().metadata()?;
            if (own.uid(), own.gid()) != (other.uid(), other.gid()) {
                std::os::unix::fs::fchown(self.file(), Some(other.uid()), Some(other.gid()))?;
            }
        }
        self.file().set_permissions(other.permissions())
    }

    /// Puts everything on the medium, then the file under its name.
    ///
    /// # Errors
    /// `AlreadyExists` if a file that is not to be replaced has come in the meantime, and those of the operating system. One after which the
    /// file is in its place all the same says so: [`ObjectError::is_in_place`](crate::objects::ObjectError::is_in_place) of an `ObjectError::Write` of it.
    pub fn finish(self) -> io::Result<()> {
        self.file().sync_all()?;
        // Opened before, so that only the medium can fail after.
        let names = if cfg!(unix) { Some(File::open(folder(&self.path))?) } else { None };
        match (self.place, self.existing) {
            #[cfg(target_os = "linux")]
            (Place::Nameless(file), Existing::Kept) => link(&file, &self.path)?,
            #[cfg(target_os = "linux")]
            (Place::Nameless(file), Existing::Replaced) => {
                let name = match leftover::link(&file, &leftover::name_of(&self.path), link)? {
                    Some(name) => name,
                    None => temporary().make_in(folder(&self.path), |name| link(&file, name))?.into_temp_path(),
                };
                name.persist(&self.path)?;
            }
            (Place::Named(file), Existing::Kept) => drop(file.persist_noclobber(&self.path)?),
            (Place::Named(file), Existing::Replaced) => drop(file.persist(&self.path)?),
        }
        // The new name lies in the folder.
        names.map_or(Ok(()), |folder| folder.sync_all()).map_err(Unsynced::of)
    }

    fn file(&self) -> &File {
        match &self.place {
            #[cfg(target_os = "linux")]
            Place::Nameless(file) => file,
            Place::Named(file) => file.as_file(),
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Place {
    fn beside(path: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless(folder(path))? {
            return Ok(Self::Nameless(file));
        }
        #[cfg(unix)]
        if let Some(file) = leftover::create(&leftover::name_of(path)) {
            return Ok(Self::Named(file));
        }
        temporary().tempfile_in(folder(path)).map(Self::Named)
    }
}

/// `None` where it cannot be had, or could not be given a name later.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    match rustix::fs::open(folder, flags, Mode::from_raw_mode(0o600)) {
        Ok(file) => Ok(Some(File::from(file)).filter(|file| fs::metadata(descriptor(file)).is_ok())),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives a file without a name this one, unless another file has it.
#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, descriptor(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(target_os = "linux")]
fn descriptor(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd as _;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".portward-");
    builder
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
