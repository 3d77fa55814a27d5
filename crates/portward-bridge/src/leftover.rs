//! Names of files that are being written, and what is left of them where the application was killed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use portward::random_id;

use crate::text;

/// The name of a file until it is finished; taken away when dropped. The file is locked as long as it is open.
pub(crate) struct Named(PathBuf);

impl Named {
    /// A new file in a folder.
    pub(crate) fn create(folder: &Path) -> io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        for _ in 0..ATTEMPTS {
            let mut made = None;
            let named = Self::by(folder, |name| {
                made = Some(options.open(name)?);
                Ok(())
            })?;
            // Who clears the folder may have been quicker with the lock, and takes this one away.
            if let Some(file) = made.filter(|file| take(file) && named.0.exists()) {
                return Ok((named, file));
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// A name in a folder that `make` has given to something.
    pub(crate) fn by(folder: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<Self> {
        let id = random_id().map_err(io::Error::other)?;
        let name = folder.join(format!("{PREFIX}{}", text::id(&id)));
        make(&name)?;
        Ok(Self(name))
    }

    pub(crate) fn rename(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)
    }
}

impl Drop for Named {
    /// Once renamed there is nothing of that name.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Takes away what writers that are no more have left in a folder, and says how many files those were. What is being written, by another
/// process too, stays.
pub(crate) fn clear(folder: &Path) -> io::Result<u64> {
    let (mut cleared, mut failed) = (0_u64, None);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours =
            entry.file_name().to_str().is_some_and(is_name) && entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_ours {
            continue;
        }
        // Held until it is gone: who has just made it then takes another.
        let Some(_held) = abandoned(&entry.path()) else { continue };
        match fs::remove_file(entry.path()) {
            Ok(()) => cleared = cleared.saturating_add(1),
            // Its writer has just finished it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // The others hold plaintext, too.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(cleared), Err)
}

pub(crate) fn is_name(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Locks a file for as long as it is open; false if another has done so. Where a file system has no locks, nothing is cleared either.
#[cfg(unix)]
pub(crate) fn take(file: &File) -> bool {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive) != Err(rustix::io::Errno::WOULDBLOCK)
}

/// A file that nobody writes any more, locked.
#[cfg(unix)]
fn abandoned(path: &Path) -> Option<File> {
    use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty()).ok()?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok().map(|()| File::from(file))
}

#[cfg(not(unix))]
pub(crate) const fn take(_: &File) -> bool {
    true
}

#[cfg(not(unix))]
const fn abandoned(_: &Path) -> Option<File> {
    None
}

const PREFIX: &str = ".portward-";
const ATTEMPTS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: &str = ".portward-0123456789abcdef0123456789abcdef";

    #[test]
    fn what_a_killed_writer_left_is_cleared_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path();
        let others = ["plain", ".portward-", ".portward-0123", "portward-0123456789abcdef0123456789abcdef"];
        let names = others.map(str::to_owned).into_iter().chain([
            LEFT.to_uppercase(),
            format!("{LEFT}0"),
            LEFT.replace('f', "g"),
        ]);
        let others: Vec<_> = names.map(|name| folder.join(name)).collect();
        others.iter().for_each(|other| fs::write(other, "kept").unwrap());
        fs::write(folder.join(LEFT), "plaintext").unwrap();
        let (folders, link) = (folder.join(LEFT.replace('0', "1")), folder.join(LEFT.replace('0', "2")));
        fs::create_dir(&folders).unwrap();
        std::os::unix::fs::symlink(folder.join("plain"), &link).unwrap();

        assert_eq!(clear(folder).unwrap(), 1);
        assert!(!folder.join(LEFT).exists());
        assert!(others.iter().all(|other| other.exists()) && folders.is_dir() && link.is_symlink());
        assert_eq!(clear(folder).unwrap(), 0);
        assert!(clear(&folder.join("none")).is_err());
    }

    #[test]
    fn what_is_being_written_is_not_cleared() {
        let directory = tempfile::tempdir().unwrap();
        let (named, file) = Named::create(directory.path()).unwrap();
        assert_eq!(clear(directory.path()).unwrap(), 0);
        let path = named.0.clone();
        assert!(path.exists());
        // As if the process were killed: nobody is left to take the name away.
        std::mem::forget(named);
        drop(file);
        assert_eq!(clear(directory.path()).unwrap(), 1);
        assert!(!path.exists());
    }

    #[test]
    fn clearing_disturbs_no_writer() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path();
        let clearing = std::sync::atomic::AtomicBool::new(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while clearing.load(std::sync::atomic::Ordering::Relaxed) {
                    clear(folder).unwrap();
                }
            });
            let written = (0..500).all(|number| {
                let made =
                    Named::create(folder).and_then(|(named, _file)| named.rename(&folder.join(number.to_string())));
                made.is_ok()
            });
            clearing.store(false, std::sync::atomic::Ordering::Relaxed);
            assert!(written);
        });
        assert_eq!(fs::read_dir(folder).unwrap().count(), 500);
    }
}
