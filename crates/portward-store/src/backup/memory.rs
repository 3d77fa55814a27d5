//! How far catalogues were seen, apart from them. `spec/backup.md` section 3.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;

use crate::backup::{BackupError, Catalogue};
use crate::files::{FileError, lock, read_believed, replace_secret};

/// What is remembered of catalogues: their highest revisions.
pub(super) struct Seen<'a> {
    path: &'a Path,
    revisions: Vec<([u8; 16], u64)>,
    /// Directories of backups have a lock each, and this one file may be of several. While it is held nobody else remembers.
    lock: core::result::Result<File, FileError>,
}

/// Catalogues that are remembered.
const LINES_MAX: usize = 1024;
const LENGTH_MAX: usize = LINES_MAX * 64;

type Result<T> = core::result::Result<T, BackupError>;

impl<'a> Seen<'a> {
    /// Nothing, where there is no such file yet.
    pub(super) fn read(path: &'a Path) -> Result<Self> {
        let lock = locked(path);
        let revisions = match read_believed(path, LENGTH_MAX) {
            Err(FileError::Missing) => Vec::new(),
            read => core::str::from_utf8(&read?).ok().and_then(parse).ok_or(FileError::Malformed)?,
        };
        Ok(Self { path, revisions, lock })
    }

    /// Refuses a catalogue that stands before what was seen of it, and remembers it otherwise.
    pub(super) fn accept(&mut self, catalogue: &Catalogue) -> Result<()> {
        let is_full = self.revisions.len() >= LINES_MAX;
        match self.revisions.iter_mut().find(|(id, _)| *id == catalogue.id) {
            Some((_, seen)) if catalogue.revision < *seen => return Err(BackupError::CatalogueRolledBack),
            Some((_, seen)) if catalogue.revision == *seen => return Ok(()),
            Some((_, seen)) => *seen = catalogue.revision,
            None if is_full => return Err(FileError::TooLarge.into()),
            None => self.revisions.push((catalogue.id, catalogue.revision)),
        }
        // Who only looks needs none, and may not be able to write.
        self.lock.as_ref().map_err(|error| *error)?;
        let text: String = self.revisions.iter().map(written).collect();
        Ok(replace_secret(self.path, text.as_bytes())?)
    }
}

/// Beside the file, which is replaced.
fn locked(path: &Path) -> core::result::Result<File, FileError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(FileError::Write)?);
    name.push(".lock");
    lock(&path.with_file_name(name))
}

/// Each line as it is written, and no catalogue twice: what is remembered is not guessed.
fn parse(text: &str) -> Option<Vec<([u8; 16], u64)>> {
    let mut revisions: Vec<([u8; 16], u64)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let (id, revision) = line.split_once(' ')?;
        let id = u128::from_str_radix(id, 16).ok()?.to_be_bytes();
        let read = (id, revision.strip_suffix('\n')?.parse().ok()?);
        if read.1 == 0 || written(&read) != line || revisions.iter().any(|(known, _)| *known == id) {
            return None;
        }
        revisions.push(read);
    }
    Some(revisions)
}

fn written((id, revision): &([u8; 16], u64)) -> String {
    format!("{:032x} {revision}\n", u128::from_be_bytes(*id))
}
