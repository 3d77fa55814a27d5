use portward::{Keyring, RootId, RowError, RowMac, Stamp, Timestamp};

use crate::backup::bytes::{Take, put_optional, put_text};
use crate::backup::manifest::{put_stamp, take_stamp};
use crate::backup::{BackupError, Kind};

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
    /// Of a stream: its name. Else empty.
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

/// Largest catalogue, in bytes.
pub(super) const CATALOGUE_MAX: usize = 64 << 20;
const MAGIC: &[u8; 4] = b"PWBC";
const VERSION: u8 = 1;
/// Root id and MAC.
const TAIL: usize = 36;

type Result<T> = core::result::Result<T, BackupError>;

impl Catalogue {
    /// The backup with the highest number of this kind and name.
    pub fn newest(&self, kind: Kind, name: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.kind == kind && entry.name == name)
    }

    /// The backup with this number.
    pub fn numbered(&self, number: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.number == number)
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

    /// Nothing is believed before its MAC is.
    pub(super) fn from_bytes(bytes: &[u8], keyring: &Keyring) -> Result<Self> {
        let malformed = || BackupError::CatalogueMalformed;
        let mut head = Take::new(bytes);
        if head.array::<4>().as_ref() != Some(MAGIC) {
            return Err(malformed());
        }
        match head.u8() {
            Some(VERSION) => {}
            Some(version) if version > VERSION => return Err(BackupError::CatalogueNewer),
            _ => return Err(malformed()),
        }
        let deployment = head.array::<16>().ok_or_else(malformed)?;
        let body = bytes.len().checked_sub(TAIL).and_then(|length| bytes.split_at_checked(length));
        let (body, tail) = body.ok_or_else(malformed)?;
        if deployment != keyring.deployment().to_bytes() {
            return Err(BackupError::CatalogueWrongDeployment);
        }
        let mut tail = Take::new(tail);
        let (root, mac) = (tail.array().ok_or_else(malformed)?, tail.array().ok_or_else(malformed)?);
        keyring.check_catalogue(body, &RowMac { root: RootId::from_bytes(root), mac }).map_err(
            |error| match error {
                RowError::Forged => BackupError::CatalogueForged,
                other => other.into(),
            },
        )?;
        let mut rest = Take::new(body);
        rest.bytes(21).ok_or_else(malformed)?;
        Self::decoded(&mut rest).ok_or_else(malformed)
    }

    fn decoded(bytes: &mut Take<'_>) -> Option<Self> {
        let (id, revision, highest) = (bytes.array()?, bytes.u64()?, bytes.u64()?);
        let mut read = Self { id, revision, highest, entries: Vec::new() };
        for _ in 0..bytes.u32()? {
            let entry = Entry {
                number: bytes.u64()?,
                kind: Kind::of_byte(bytes.u8()?)?,
                name: bytes.text()?,
                created: Timestamp::from_unix(bytes.u64()?),
                length: bytes.u64()?,
                sha256: bytes.array()?,
                stamp: bytes.optional(take_stamp)?,
            };
            let before = read.entries.last().map_or(0, |last| last.number);
            let is_named = (entry.kind == Kind::Stream) != entry.name.is_empty();
            if !(before < entry.number && entry.number <= read.highest && is_named) {
                return None;
            }
            read.entries.push(entry);
        }
        (bytes.is_empty() && read.revision > 0).then_some(read)
    }
}

impl Entry {
    /// The name of its file.
    pub fn file_name(&self) -> String {
        file_name(self.kind, self.number)
    }
}

pub(super) fn file_name(kind: Kind, number: u64) -> String {
    format!("{kind}-{number:012}.pwb")
}
