//! One file that is locked while others change.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use crate::files::FileError;
use crate::files::atomic::OWNER_ONLY;

/// Waits until nobody else holds the lock; it is held until the file is dropped. The file is made if need be, and holds nothing.
///
/// # Errors
/// [`FileError::Denied`], [`FileError::NoSpace`], [`FileError::Lock`].
pub(crate) fn lock(path: &Path) -> Result<File, FileError> {
    let fault = |errno| match FileError::of_write(errno) {
        FileError::Write => FileError::Lock,
        told_apart => told_apart,
    };
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let lock = rustix::fs::open(path, flags, Mode::from_raw_mode(OWNER_ONLY)).map_err(fault)?;
    loop {
        match flock(&lock, FlockOperation::LockExclusive) {
            Err(Errno::INTR) => {}
            outcome => break outcome.map_err(fault)?,
        }
    }
    Ok(File::from(lock))
}
