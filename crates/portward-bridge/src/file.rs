//! Files of a vault, which are there whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::leftover::{self, Named};

/// A file that appears under its name, in the place of an older one, when all of it is written. Others cannot read it.
///
/// On Linux, where most file systems can do that, it has no name until then, so nothing is left of it however the process ends. Elsewhere, and
/// on Android, which lets no application link a file, it has another name, which `leftover` can take away.
pub(crate) struct FreshFile {
    path: PathBuf,
    /// Its name until it is finished, if it has one.
    named: Option<Named>,
    file: File,
    /// Opened before anything is written: what cannot be opened must not fail behind the renaming.
    folder: Option<File>,
}

impl FreshFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        is_for_a_file(path)?;
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless::open(folder(path))? {
            leftover::take(&file);
            return Ok(Self { path: path.to_owned(), named: None, file, folder: open_folder(path)? });
        }
        Self::create_named(path)
    }

    fn create_named(path: &Path) -> io::Result<Self> {
        is_for_a_file(path)?;
        let folder_of = open_folder(path)?;
        let (named, file) = Named::create(folder(path))?;
        Ok(Self { path: path.to_owned(), named: Some(named), file, folder: folder_of })
    }

    /// Puts everything on the medium.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Puts the file under its name: one step, which is soon done.
    pub(crate) fn place(self) -> io::Result<Placed> {
        match self.named {
            Some(named) => named.rename(&self.path)?,
            #[cfg(target_os = "linux")]
            None => Named::by(folder(&self.path), |name| nameless::link(&self.file, name))?.rename(&self.path)?,
            #[cfg(not(target_os = "linux"))]
            None => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(Placed(self.folder))
    }
}

/// A file under its name, which lies in this folder and so is on the medium when that is.
pub(crate) struct Placed(Option<File>);

impl Placed {
    pub(crate) fn sync(&self) -> io::Result<()> {
        let Some(folder) = &self.0 else { return Ok(()) };
        match folder.sync_all() {
            // Some file systems have that for files only.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            other => other,
        }
    }
}

impl Write for FreshFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A symbolic link, folder, device or pipe stays.
fn is_for_a_file(path: &Path) -> io::Result<()> {
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => refused("it is a folder, a symbolic link or a device, and stays"),
        _ if path.file_name().is_none() => refused("it has no name"),
        _ if path.file_name().and_then(OsStr::to_str).is_some_and(leftover::is_name) => {
            refused("what has such a name may be cleared away")
        }
        _ => Ok(()),
    }
}

fn open_folder(path: &Path) -> io::Result<Option<File>> {
    if cfg!(unix) { File::open(folder(path)).map(Some) } else { Ok(None) }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(target_os = "linux")]
mod nameless {
    use std::fs::{self, File};
    use std::io;
    use std::os::fd::AsRawFd as _;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat};
    use rustix::io::Errno;

    /// `None` where it cannot be had, or could not be given a name later.
    pub(super) fn open(folder: &Path) -> io::Result<Option<File>> {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        match rustix::fs::open(folder, flags, Mode::from_raw_mode(0o600)) {
            Ok(file) => Ok(Some(File::from(file)).filter(|file| fs::metadata(descriptor(file)).is_ok())),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn link(file: &File, name: &Path) -> io::Result<()> {
        Ok(linkat(CWD, descriptor(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    }

    fn descriptor(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leftover::clear;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn it_is_there_whole_or_not_at_all() {
        for create in [FreshFile::create, FreshFile::create_named] {
            let directory = tempfile::tempdir().unwrap();
            let (path, folder) = (directory.path().join("target"), directory.path());
            fs::write(&path, "older").unwrap();
            let mut file = create(&path).unwrap();
            file.write_all(b"half").unwrap();
            drop(file);
            assert_eq!((names(folder), fs::read(&path).unwrap()), (vec!["target".to_owned()], b"older".to_vec()));

            let mut file = create(&path).unwrap();
            file.write_all(b"newer").unwrap();
            file.sync().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"older");
            file.place().unwrap();
            assert_eq!((names(folder), fs::read(&path).unwrap()), (vec!["target".to_owned()], b"newer".to_vec()));
            assert_eq!(clear(folder).unwrap(), 0, "there was nothing left");
        }
    }

    #[test]
    fn what_is_no_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "pointed at").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for create in [FreshFile::create, FreshFile::create_named] {
            assert!(create(&file).is_ok(), "the control");
            for other in [&link, directory.path(), Path::new("/"), Path::new(""), Path::new("/dev/null")] {
                assert_eq!(
                    create(other).err().map(|error| error.kind()),
                    Some(io::ErrorKind::InvalidInput),
                    "{other:?}"
                );
            }
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    /// Nothing that a killed process could leave; a name of the greatest length is one, too.
    #[cfg(target_os = "linux")]
    #[test]
    fn on_linux_it_has_no_name_meanwhile() {
        let directory = tempfile::tempdir().unwrap();
        let mut file = FreshFile::create(&directory.path().join("n".repeat(255))).unwrap();
        file.write_all(b"secret").unwrap();
        assert_eq!(names(directory.path()), Vec::<String>::new());
        file.place().unwrap();
        assert_eq!(names(directory.path()), ["n".repeat(255)]);
    }
}
