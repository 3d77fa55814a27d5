use std::collections::BTreeSet;

use portward::{Keyring, RootId, RowError, RowMac, Stamp, Timestamp};

use crate::backup::bytes::{Take, put_optional, put_text};
use crate::backup::manifest::{put_stamp, take_stamp};
use crate::backup::{BackupError, Kind, Series};

/// Which backups there are: what a directory says, if it is believed. Source: `spec/backup.md` section 3.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Catalogue {
    /// Its name.
    pub id: [u8; 16],
    /// It rises with every change.
    pub revision: u64,
    /// The highest number that was ever given.
    pub highest: u64,
    /// Backups, by their numbers.
    pub entries: Vec<Entry>,
}

/// A backup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// What it holds.
    pub kind: Kind,
    /// Of which database or stream; of a database it may be empty.
    pub name: String,
    /// When it was begun.
    pub created: Timestamp,
    /// Of the sealed file, in bytes.
    pub length: u64,
    /// Of the sealed file.
    pub sha256: [u8; 32],
    /// Where the feed stood, if it has one.
    pub stamp: Option<Stamp>,
}

/// What a directory and its catalogue do not agree about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Unmatched {
    /// Backups without their file, by their numbers.
    pub missing: Vec<u64>,
    /// Sealed files that no entry is of, by their names. One that was renamed is missing, too.
    pub strays: Vec<String>,
}

/// Largest catalogue, in bytes.
pub(super) const CATALOGUE_MAX: usize = 64 << 20;
const MAGIC: &[u8; 4] = b"PWBC";
const VERSION: u8 = 1;
/// Root id and MAC.
const TAIL: usize = 36;

type Result<T> = core::result::Result<T, BackupError>;

impl Catalogue {
    /// The backup with the highest number of this series.
    pub fn newest(&self, series: &Series) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.is_of(series))
    }

    /// What there are backups of.
    pub fn series(&self) -> BTreeSet<Series> {
        self.entries.iter().map(Entry::series).collect()
    }

    /// The backup with this number.
    pub fn numbered(&self, number: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    /// The backups of keys that were begun after this number: they may know of keys that are destroyed since.
    pub(super) fn keys_after(&self, number: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.kind == Kind::Keys && entry.number > number)
    }

    /// Takes the next number. It is spent, whatever becomes of it.
    pub(super) fn take_number(&mut self) -> Result<u64> {
        self.highest = self.highest.checked_add(1).ok_or(BackupError::CatalogueMalformed)?;
        Ok(self.highest)
    }

    /// Puts a backup where its number says: one that was begun later may be there already.
    pub(super) fn enter(&mut self, entry: Entry) {
        let place = self.entries.partition_point(|other| other.number < entry.number);
        self.entries.insert(place, entry);
    }

    pub(super) fn remove(&mut self, numbers: &[u64]) {
        self.entries.retain(|entry| !numbers.contains(&entry.number));
    }

    /// What it and the sealed files of its directory do not agree about.
    pub(super) fn compare(&self, files: Vec<String>) -> Unmatched {
        let names: BTreeSet<String> = self.entries.iter().map(Entry::file_name).collect();
        let missing = self.entries.iter().filter(|entry| !files.contains(&entry.file_name()));
        let missing = missing.map(|entry| entry.number).collect();
        Unmatched { missing, strays: files.into_iter().filter(|name| !names.contains(name)).collect() }
    }

    pub(super) fn to_bytes(&self, keyring: &Keyring) -> Result<Vec<u8>> {
        let mut bytes = self.encoded(keyring).filter(|bytes| bytes.len() <= CATALOGUE_MAX);
        let bytes = bytes.as_mut().ok_or(BackupError::CatalogueMalformed)?;
        let RowMac { root, mac } = keyring.mac_catalogue(bytes)?;
        Ok([bytes.as_slice(), &root.to_bytes(), &mac].concat())
    }

    fn encoded(&self, keyring: &Keyring) -> Option<Vec<u8>> {
        let mut bytes = [MAGIC.as_slice(), &[VERSION], &keyring.deployment().to_bytes(), &self.id].concat();
        bytes.extend_from_slice(&self.revision.to_be_bytes());
        bytes.extend_from_slice(&self.highest.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(self.entries.len()).ok()?.to_be_bytes());
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.number.to_be_bytes());
            bytes.push(entry.kind.byte());
            put_text(&mut bytes, &entry.name)?;
            bytes.extend_from_slice(&entry.created.unix().to_be_bytes());
            bytes.extend_from_slice(&entry.length.to_be_bytes());
            bytes.extend_from_slice(&entry.sha256);
            put_optional(&mut bytes, entry.stamp, put_stamp);
        }
        Some(bytes)
    }

    /// Nothing is believed before its MAC is. That it can be read is seen before: a file that was cut names no root.
    pub(super) fn from_bytes(bytes: &[u8], keyring: &Keyring) -> Result<Self> {
        let malformed = BackupError::CatalogueMalformed;
        match bytes.strip_prefix(MAGIC).and_then(<[u8]>::first) {
            Some(&VERSION) => {}
            Some(version) if *version > VERSION => return Err(BackupError::CatalogueNewer),
            _ => return Err(malformed),
        }
        let body = bytes.len().checked_sub(TAIL).and_then(|length| bytes.get(..length)).unwrap_or_default();
        let Some((deployment, read, carried)) = Self::decoded(&mut Take::new(bytes)) else { return Err(malformed) };
        if deployment != keyring.deployment().to_bytes() {
            return Err(BackupError::CatalogueWrongDeployment);
        }
        keyring.check_catalogue(body, &carried).map_err(|error| match error {
            RowError::Forged => BackupError::CatalogueForged,
            other => other.into(),
        })?;
        if read.is_of_the_page() { Ok(read) } else { Err(malformed) }
    }

    /// Deployment, catalogue, and what it carries.
    fn decoded(bytes: &mut Take<'_>) -> Option<([u8; 16], Self, RowMac)> {
        bytes.bytes(MAGIC.len().saturating_add(1))?;
        let deployment = bytes.array()?;
        let (id, revision, highest) = (bytes.array()?, bytes.u64()?, bytes.u64()?);
        let mut read = Self { id, revision, highest, entries: Vec::new() };
        for _ in 0..bytes.u32()? {
            read.entries.push(Entry {
                number: bytes.u64()?,
                kind: Kind::of_byte(bytes.u8()?)?,
                name: bytes.text()?,
                created: Timestamp::from_unix(bytes.u64()?),
                length: bytes.u64()?,
                sha256: bytes.array()?,
                stamp: bytes.optional(take_stamp)?,
            });
        }
        let carried = RowMac { root: RootId::from_bytes(bytes.array()?), mac: bytes.array()? };
        bytes.is_empty().then_some((deployment, read, carried))
    }

    fn is_of_the_page(&self) -> bool {
        let numbers = self.entries.iter().map(|entry| entry.number);
        let rise = [0].into_iter().chain(numbers.clone()).zip(numbers).all(|(before, number)| before < number);
        let is_given = self.entries.last().is_none_or(|last| last.number <= self.highest);
        let are_named = self.entries.iter().all(|entry| entry.kind.takes_name(&entry.name));
        self.revision > 0 && rise && is_given && are_named
    }
}

impl Entry {
    /// What it is a backup of.
    pub fn series(&self) -> Series {
        Series { kind: self.kind, name: self.name.clone() }
    }

    pub(super) fn is_of(&self, series: &Series) -> bool {
        (self.kind, &self.name) == (series.kind, &series.name)
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        file_name(self.kind, self.number)
    }
}

pub(super) fn file_name(kind: Kind, number: u64) -> String {
    format!("{kind}-{number:012}.pwb")
}
