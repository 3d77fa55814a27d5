//! Files of a vault, which are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use portward::random_id;

use crate::text;

/// A file that appears under its name, in the place of an older one, when all of it is written. It has another name until then, which is taken
/// away if it is not finished.
pub(crate) struct FreshFile {
    path: PathBuf,
    written: PathBuf,
    file: File,
}

impl FreshFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let (folder, name) =
            (path.parent().unwrap_or(Path::new("")), path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        let id = random_id().map_err(io::Error::other)?;
        let mut temporary = std::ffi::OsString::from(format!(".portward-{}-", text::id(&id)));
        temporary.push(name);
        let written = folder.join(temporary);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&written)?;
        Ok(Self { path: path.to_owned(), written, file })
    }

    /// Puts everything on the medium, then the file under its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.written, &self.path)
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

impl Drop for FreshFile {
    /// After [`FreshFile::finish`] there is nothing of that name.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.written);
    }
}
