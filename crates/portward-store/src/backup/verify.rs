use std::fs::File;
use std::io::Write as _;

use crate::backup::create::{blocking, refuse_empty};
use crate::backup::manifest::{Format, Manifest};
use crate::backup::sealed::Opened;
use crate::backup::{BackupError, Backups, Catalogue, Entry, Kind, Series};
use crate::objects::ObjectError;

/// What was found to be whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// What the catalogue says.
    pub entry: Entry,
    /// What the backup says.
    pub manifest: Manifest,
    /// Bytes of the dump.
    pub dump: u64,
}

/// How far is looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Depth {
    /// Also into the dump: its rows are counted. For PostgreSQL that takes its `pg_restore`.
    #[default]
    Rows,
    /// Only at the seal and what stands in front of the dump.
    Seal,
}

type Result<T> = core::result::Result<T, BackupError>;

impl Backups {
    /// Verifies one backup, by its number. `spec/backup.md` section 4.
    ///
    /// # Errors
    /// The first fault that is found, in the order of that section.
    pub async fn verify(&self, number: u64, depth: Depth) -> Result<Verified> {
        let catalogue = self.catalogue()?;
        let entry = catalogue.numbered(number).ok_or(BackupError::Unknown)?.clone();
        let (backups, opened) = (self.clone(), self.opened(&catalogue, &entry).await?);
        let manifest = opened.manifest.clone();
        let dump = match (depth, manifest.format) {
            (Depth::Rows, Format::Sqlite) => self.verify_sqlite(opened, &entry).await?,
            #[cfg(feature = "postgres")]
            (Depth::Rows, Format::Postgres) => self.verify_postgres(opened, &entry).await?,
            #[cfg(not(feature = "postgres"))]
            (Depth::Rows, Format::Postgres) => return Err(BackupError::ToolMissing("pg_restore")),
            (Depth::Seal, _) | (_, Format::Stream) => {
                let (mut opened, expected) = (opened, entry.sha256);
                blocking(move || opened.give(Some(expected), &*backups.options.progress, |_| Ok(()))).await?
            }
        };
        refuse_nothing(&manifest, dump)?;
        Ok(Verified { entry, manifest, dump })
    }

    async fn verify_sqlite(&self, opened: Opened, entry: &Entry) -> Result<u64> {
        let (_, _, dump) = self.unpack(opened, entry, &self.options.scratch).await?;
        Ok(dump)
    }

    #[cfg(feature = "postgres")]
    async fn verify_postgres(&self, opened: Opened, entry: &Entry) -> Result<u64> {
        let (backups, expected, mut opened) = (self.clone(), entry.sha256, opened);
        blocking(move || {
            let told = &*backups.options.progress;
            crate::backup::postgres::verify_rows(&mut opened, expected, told)
        })
        .await
    }

    /// The entry of a number, if it is of this series, or else the newest of the series.
    pub(super) fn chosen<'c>(catalogue: &'c Catalogue, series: &Series, number: Option<u64>) -> Result<&'c Entry> {
        let found = match number {
            Some(number) => catalogue.numbered(number).filter(|entry| entry.is_of(series)),
            None => catalogue.newest(series),
        };
        found.ok_or(BackupError::Unknown)
    }
}

/// Of a stream its bytes count, of the others their rows.
pub(super) fn refuse_nothing(manifest: &Manifest, dump: u64) -> Result<()> {
    match manifest.kind {
        Kind::Stream if dump == 0 => Err(BackupError::Empty),
        Kind::Stream => Ok(()),
        Kind::Data | Kind::Keys => refuse_empty(manifest),
    }
}

pub(super) fn write_all(file: &mut File, part: &[u8]) -> Result<()> {
    Ok(file.write_all(part).map_err(ObjectError::Write)?)
}
