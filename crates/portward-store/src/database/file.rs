use std::fs::OpenOptions;
use std::path::Path;

use crate::database::error::DatabaseError;

type Result<T> = core::result::Result<T, DatabaseError>;

/// What names a file to the driver.
pub(super) fn sqlite_url(path: &Path) -> Result<String> {
    let path = path.to_str().ok_or(DatabaseError::Permissions)?;
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    Ok(format!("sqlite://{}?mode=rw", path.bytes().map(escape).collect::<String>()))
}

/// Before anything is made where a link points.
pub(super) fn create_private(path: &Path) -> Result<()> {
    if cfg!(not(unix)) || std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(DatabaseError::Permissions);
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(sqlx::Error::Io)?;
    Ok(())
}

/// Others may neither read it nor what the database puts beside it. Where files have no modes nobody knows whether they may.
pub(super) fn check_private(path: &Path) -> Result<()> {
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(DatabaseError::Uninitialised),
        found => found.map_err(sqlx::Error::Io)?,
    };
    #[cfg(unix)]
    let others = std::os::unix::fs::MetadataExt::mode(&found) & 0o077 != 0;
    #[cfg(not(unix))]
    let others = true;
    if found.is_file() && !others { Ok(()) } else { Err(DatabaseError::Permissions) }
}

/// Whether nothing can be written to it: of its own, or as nothing can be where it lies. The driver says then only that it does not open.
pub(super) fn is_read_only(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        use rustix::io::Errno;
        matches!(access(path, Access::WRITE_OK), Err(Errno::ROFS | Errno::ACCESS))
    }
    #[cfg(not(unix))]
    {
        std::fs::metadata(path).is_ok_and(|found| found.permissions().readonly())
    }
}
