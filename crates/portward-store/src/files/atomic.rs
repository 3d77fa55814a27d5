//! Files read whole and within a bound, and replaced whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, RawMode};
use zeroize::Zeroizing;

use crate::files::FileError;

/// Largest feed message that is read, in bytes: far above 10 million entries.
pub const MESSAGE_MAX: usize = 1 << 30;

/// Whose rights on a file are refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nobody but the owner has any right.
    Secret,
    /// Nobody but the owner can write.
    Believed,
}

/// Reads a secret file of the caller's choice, such as a passphrase or a recovery export: others may have no right on it.
///
/// # Errors
/// [`FileError::Missing`], [`FileError::NotRegular`], [`FileError::KeyringPermissions`], [`FileError::TooLarge`], [`FileError::Denied`],
/// [`FileError::Read`].
pub fn read_secret(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, limit, Some(Guard::Secret))
}

/// Reads a feed message from anywhere: its tag says whether it is believed, so its permissions do not matter.
///
/// # Errors
/// [`FileError::Missing`], [`FileError::NotRegular`], [`FileError::TooLarge`], [`FileError::Denied`], [`FileError::Read`].
pub fn read_message(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, MESSAGE_MAX, None)
}

/// Writes a file that was not there, mode 0600; nothing is left of it if it cannot be written.
///
/// # Errors
/// [`FileError::Exists`]; [`FileError::NoParent`], [`FileError::Denied`], [`FileError::NoSpace`], [`FileError::Write`];
/// [`FileError::Unsynced`]: it is there all the same.
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    Pending::create(path.to_owned(), OWNER_ONLY)?.fill(bytes)?.keep();
    sync_parent(path)
}

/// Writes a feed message, mode 0600, over another feed message or nothing: a mistyped path costs no other file.
///
/// # Errors
/// [`FileError::Exists`] if something else is there; those of [`write_new_secret`].
pub fn replace_message(path: &Path, message: &[u8]) -> Result<(), FileError> {
    match read_message(path) {
        Err(FileError::Missing) => {}
        Ok(existing) if existing.starts_with(b"pwf") => {}
        _ => return Err(FileError::Exists),
    }
    replace(path, &format!("{}.tmp", std::process::id()), message, OWNER_ONLY)
}

/// Reads a file that nobody but its owner can write.
#[cfg(feature = "backup")]
pub(crate) fn read_believed(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, limit, Some(Guard::Believed))
}

/// Reads a file whose content says by itself whether it is believed.
#[cfg(feature = "backup")]
pub(crate) fn read_authentic(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, limit, None)
}

/// Writes a file, mode 0600, in the place of the one that is there, if there is one.
#[cfg(feature = "backup")]
pub(crate) fn replace_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, "tmp", bytes, OWNER_ONLY)
}

pub(super) const OWNER_ONLY: RawMode = 0o600;
pub(super) const OTHERS_READ: RawMode = 0o644;

/// Opens without following a link at the end of the path and without waiting for a pipe's other end.
pub(super) fn read(path: &Path, limit: usize, guard: Option<Guard>) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(FileError::of_read)?);
    let metadata = file.metadata().map_err(|_| FileError::Read)?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular);
    }
    match guard {
        Some(Guard::Secret) if metadata.mode() & 0o077 != 0 => return Err(FileError::KeyringPermissions),
        Some(Guard::Believed) if metadata.mode() & 0o022 != 0 => return Err(FileError::OthersCanWrite),
        _ => {}
    }
    let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if length > limit {
        return Err(FileError::TooLarge);
    }
    read_exactly(&mut file, length)
}

/// Into a buffer that never grows, so that no unwiped copy is left behind.
fn read_exactly(file: &mut File, length: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    file.read_exact(&mut bytes).map_err(|_| FileError::Read)?;
    match file.read(&mut [0]) {
        Ok(0) => Ok(bytes),
        _ => Err(FileError::Read), // somebody writes it in place at this moment
    }
}

/// Temporary file beside it, written and synced, renamed over it, directory synced.
pub(super) fn replace(path: &Path, suffix: &str, bytes: &[u8], mode: RawMode) -> Result<(), FileError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(FileError::Write)?);
    name.push(".");
    name.push(suffix);
    let temporary = path.with_file_name(name);
    remove_if_there(&temporary)?;
    let pending = Pending::create(temporary, mode)?.fill(bytes)?;
    pending.take_owner_of(path)?;
    pending.rename_to(path)?;
    sync_parent(path)
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::writing(&error)),
        _ => Ok(()),
    }
}

/// Puts on the medium that something got its name there, or lost it. Whatever fails, it has.
pub(crate) fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(|_| FileError::Unsynced)
}

/// A file under construction: gone again unless it is kept.
struct Pending {
    path: PathBuf,
    file: File,
    keep: bool,
}

impl Pending {
    fn create(path: PathBuf, mode: RawMode) -> Result<Self, FileError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(&path, flags, Mode::from_raw_mode(mode)).map_err(FileError::of_write)?;
        Ok(Self { path, file: File::from(descriptor), keep: false })
    }

    fn fill(mut self, bytes: &[u8]) -> Result<Self, FileError> {
        self.file.write_all(bytes).and_then(|()| self.file.sync_all()).map_err(|error| FileError::writing(&error))?;
        Ok(self)
    }

    /// An administrator's change of a service's file leaves it the service's.
    fn take_owner_of(&self, path: &Path) -> Result<(), FileError> {
        let (Ok(old), Ok(new)) = (fs::symlink_metadata(path), self.file.metadata()) else { return Ok(()) };
        if (old.uid(), old.gid()) == (new.uid(), new.gid()) {
            return Ok(());
        }
        fchown(&self.file, Some(old.uid()), Some(old.gid())).map_err(|error| FileError::writing(&error))
    }

    fn rename_to(mut self, path: &Path) -> Result<(), FileError> {
        fs::rename(&self.path, path).map_err(|error| FileError::writing(&error))?;
        self.keep = true;
        Ok(())
    }

    fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_written_is_read_within_its_bound() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_new_secret(&path, b"twelve bytes").unwrap();
        assert_eq!(read_secret(&path, 12).unwrap().as_slice(), b"twelve bytes");
        assert_eq!(read_secret(&path, 11).unwrap_err(), FileError::TooLarge);
        assert_eq!(write_new_secret(&path, b"other"), Err(FileError::Exists));
        assert_eq!(read_secret(&path, 12).unwrap().as_slice(), b"twelve bytes");
        assert_eq!(read_secret(directory.path(), 12).unwrap_err(), FileError::NotRegular);
    }

    #[test]
    fn nobody_else_has_a_right_on_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_new_secret(&path, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(read_secret(&path, 1).is_ok(), "the control");
        for mode in [0o601, 0o610, 0o604, 0o640, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_secret(&path, 1).unwrap_err(), FileError::KeyringPermissions, "{mode:o}");
        }
    }

    #[test]
    fn a_replacement_that_fails_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert_eq!(replace(&path, "tmp", b"x", OWNER_ONLY), Err(FileError::Write));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "the temporary file is gone");
        fs::remove_dir(&path).unwrap();
        replace(&path, "tmp", b"x", OWNER_ONLY).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
