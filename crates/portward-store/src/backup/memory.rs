//! How far catalogues were seen, apart from them. `spec/backup.md` section 3.

use std::path::Path;

use crate::backup::{BackupError, Catalogue};
use crate::files::{FileError, read_believed, replace_secret};

/// What is remembered of catalogues: their highest revisions.
pub(super) struct Seen<'a> {
    path: &'a Path,
    revisions: Vec<([u8; 16], u64)>,
}

/// Catalogues that are remembered.
const LINES_MAX: usize = 1024;
const LENGTH_MAX: usize = LINES_MAX * 64;

type Result<T> = core::result::Result<T, BackupError>;

impl<'a> Seen<'a> {
    /// Nothing, where there is no such file yet.
    pub(super) fn read(path: &'a Path) -> Result<Self> {
        let bytes = match read_believed(path, LENGTH_MAX) {
            Err(FileError::Missing) => return Ok(Self { path, revisions: Vec::new() }),
            other => other?,
        };
        let text = core::str::from_utf8(&bytes).map_err(|_| FileError::Malformed)?;
        let lines = text.lines().map(|line| parse(line).ok_or(FileError::Malformed));
        Ok(Self { path, revisions: lines.collect::<core::result::Result<_, _>>()? })
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
        let line = |(id, revision): &([u8; 16], u64)| format!("{:032x} {revision}\n", u128::from_be_bytes(*id));
        let text: String = self.revisions.iter().map(line).collect();
        Ok(replace_secret(self.path, text.as_bytes())?)
    }
}

fn parse(line: &str) -> Option<([u8; 16], u64)> {
    let (id, revision) = line.split_once(' ')?;
    let is_hex = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let id = u128::from_str_radix(id, 16).ok().filter(|_| is_hex)?;
    Some((id.to_be_bytes(), revision.parse().ok()?))
}
