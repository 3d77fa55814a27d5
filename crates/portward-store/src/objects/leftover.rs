//! The name that a file has until it is finished, and what a killed process left under it.

use std::ffi::OsStr;
use std::fs::{self, File};
#[cfg(target_os = "linux")]
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use portward::Checksum;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use tempfile::{NamedTempFile, TempPath};

/// Beside a file, of a form that nothing else has, and always the same for the same file: so who writes it the next time finds what was left.
pub(super) fn name_of(path: &Path) -> PathBuf {
    let mut checksum = Checksum::new();
    checksum.update(path.file_name().map_or(b"", OsStr::as_bytes));
    let digest = checksum.finish().first_chunk().map_or(0, |digest| u128::from_be_bytes(*digest));
    path.with_file_name(format!("{PREFIX}{digest:032x}"))
}

/// Takes away what a process left under this name that is no more. Whoever writes a file holds its lock, and whoever holds the lock of what
/// the name stands for is the only one who may take it away; so it never goes to the wrong file. Whatever cannot be taken away stays.
pub(super) fn clear(name: &Path) {
    let open = |access| {
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::open(name, flags, Mode::empty()).map(File::from)
    };
    // NFS locks only what can be written.
    let Ok(file) = open(OFlags::RDWR).or_else(|_| open(OFlags::RDONLY)) else { return };
    if hold(&file) == Lock::Held && stands_for(name, &file) {
        let _ = fs::remove_file(name);
    }
}

/// Gives this name to a file that has none. `None` where it is taken: by who is just finishing, or by what cannot be taken away.
#[cfg(target_os = "linux")]
pub(super) fn link(
    file: &File,
    name: &Path,
    link: impl FnOnce(&File, &Path) -> io::Result<()>,
) -> io::Result<Option<TempPath>> {
    hold(file);
    clear(name);
    match link(file, name) {
        Ok(()) => TempPath::try_from_path(name).map(Some),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// A new file of this name. `None` where it is taken.
pub(super) fn create(name: &Path) -> Option<NamedTempFile> {
    clear(name);
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(name, flags, Mode::from_raw_mode(0o600)).ok()?);
    // Who clears may have been quicker with the lock, and takes it away.
    match hold(&file) {
        Lock::Taken => None,
        Lock::Held if !stands_for(name, &file) => None,
        _ => Some(NamedTempFile::from_parts(file, TempPath::try_from_path(name).ok()?)),
    }
}

#[derive(PartialEq, Eq)]
enum Lock {
    Held,
    Taken,
    /// This file system has no locks, so nobody clears anything.
    None,
}

/// Until the file is closed.
fn hold(file: &File) -> Lock {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Lock::Held,
        Err(Errno::WOULDBLOCK) => Lock::Taken,
        Err(_) => Lock::None,
    }
}

fn stands_for(name: &Path, file: &File) -> bool {
    let (Ok(found), Ok(own)) = (fs::symlink_metadata(name), file.metadata()) else { return false };
    found.is_file() && (found.dev(), found.ino()) == (own.dev(), own.ino())
}

const PREFIX: &str = ".portward-";

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_nobody_writes_any_more_is_taken_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let name = name_of(&folder.path().join("opened"));
        assert_eq!(name, name_of(&folder.path().join("opened")));
        assert_ne!(name, name_of(&folder.path().join("other")));

        let mut living = create(&name).unwrap();
        living.write_all(b"plain").unwrap();
        clear(&name);
        assert!(name.exists(), "it is being written");
        assert!(create(&name).is_none());
        let (file, path) = living.into_parts();
        path.keep().unwrap();
        drop(file);
        assert!(name.exists(), "as if killed");
        assert!(create(&name).is_some_and(|new| new.as_file().metadata().unwrap().len() == 0));
        assert_eq!(names(), 0);

        std::os::unix::fs::symlink("elsewhere", &name).unwrap();
        clear(&name);
        assert!(create(&name).is_none());
        assert_eq!(names(), 1, "a link is not ours");
    }
}
