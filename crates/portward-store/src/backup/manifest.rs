use std::collections::BTreeSet;

use portward::{DeploymentId, Incarnation, Stamp, Timestamp};

use crate::backup::bytes::{Take, put_optional, put_text};
use crate::backup::kind::{KEYS_SCHEMA, KEYS_TABLE};
use crate::backup::{BackupError, Kind};

/// What a backup says of itself, in front of its dump. Source: `spec/backup.md` section 2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// Whose.
    pub deployment: DeploymentId,
    /// Of which catalogue.
    pub catalogue: [u8; 16],
    /// What it holds.
    pub kind: Kind,
    /// No other backup of the catalogue has this number.
    pub number: u64,
    /// When it was begun.
    pub created: Timestamp,
    /// What the dump came from.
    pub format: Format,
    /// Of which database or stream; of a database it may be empty.
    pub name: String,
    /// Where the feed stood, if the dump has one.
    pub feed: Option<FeedPosition>,
    /// Rows of each table, sorted.
    pub tables: Vec<TableRows>,
}

/// What a dump came from, and so what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// A database file.
    Sqlite,
    /// An archive of `pg_dump`, custom format.
    Postgres,
    /// Whatever there was.
    Stream,
}

/// The row of a feed. Source: `spec/store.md` section 5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeedPosition {
    /// How far it was.
    pub stamp: Stamp,
    /// The history up to there.
    pub history: [u8; 32],
    /// The sequence of the newest snapshot.
    pub snapshot: u64,
}

/// How many rows a table has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TableRows {
    /// The schema; `main` of SQLite.
    pub schema: String,
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
}

/// Longest manifest, in bytes: hundreds of thousands of tables.
pub(super) const MANIFEST_MAX: usize = 16 << 20;
const VERSION: u8 = 1;

impl Manifest {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.tables.iter().fold(0, |sum, table| sum.saturating_add(table.rows))
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, BackupError> {
        self.encoded().filter(|bytes| bytes.len() <= MANIFEST_MAX).ok_or(BackupError::Tables)
    }

    fn encoded(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.deployment.to_bytes());
        bytes.extend_from_slice(&self.catalogue);
        bytes.push(self.kind.byte());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.created.unix().to_be_bytes());
        put_text(&mut bytes, self.format.name())?;
        put_text(&mut bytes, &self.name)?;
        put_optional(&mut bytes, self.feed, |bytes, feed| {
            put_stamp(bytes, feed.stamp);
            bytes.extend_from_slice(&feed.history);
            bytes.extend_from_slice(&feed.snapshot.to_be_bytes());
        });
        bytes.extend_from_slice(&u32::try_from(self.tables.len()).ok()?.to_be_bytes());
        for table in &self.tables {
            put_text(&mut bytes, &table.schema)?;
            put_text(&mut bytes, &table.table)?;
            bytes.extend_from_slice(&table.rows.to_be_bytes());
        }
        Some(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, BackupError> {
        match bytes.first() {
            Some(&VERSION) => Self::decoded(&mut Take::new(bytes)).ok_or(BackupError::Malformed),
            Some(version) if *version > VERSION => Err(BackupError::Newer),
            _ => Err(BackupError::Malformed),
        }
    }

    fn decoded(bytes: &mut Take<'_>) -> Option<Self> {
        bytes.u8()?;
        let mut read = Self {
            deployment: DeploymentId::from_bytes(bytes.array()?),
            catalogue: bytes.array()?,
            kind: Kind::of_byte(bytes.u8()?)?,
            number: bytes.u64()?,
            created: Timestamp::from_unix(bytes.u64()?),
            format: Format::of_name(&bytes.text()?)?,
            name: bytes.text()?,
            feed: bytes.optional(|bytes| {
                Some(FeedPosition { stamp: take_stamp(bytes)?, history: bytes.array()?, snapshot: bytes.u64()? })
            })?,
            tables: Vec::new(),
        };
        for _ in 0..bytes.u32()? {
            let table = TableRows { schema: bytes.text()?, table: bytes.text()?, rows: bytes.u64()? };
            if read.tables.last().is_some_and(|last| last.name() >= table.name()) {
                return None;
            }
            read.tables.push(table);
        }
        (bytes.is_empty() && read.is_of_the_page()).then_some(read)
    }

    pub(super) fn is_of_the_page(&self) -> bool {
        let is_stream = self.kind == Kind::Stream;
        let is_source = is_stream == (self.format == Format::Stream);
        let is_bare = self.feed.is_none() && self.tables.is_empty();
        let are_of_kind = self.tables.iter().all(|table| table.is_of(self.format, self.kind));
        let has_keys = self.tables.iter().any(|table| table.table == KEYS_TABLE);
        self.number > 0
            && self.kind.takes_name(&self.name)
            && is_source
            && (!is_stream || is_bare)
            && are_of_kind
            && (self.kind != Kind::Keys || has_keys)
    }
}

impl Format {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Stream => "stream",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Sqlite, Self::Postgres, Self::Stream].into_iter().find(|format| format.name() == name)
    }
}

impl TableRows {
    /// Whether a backup of this source and kind may have the table: keys are kept for as long as keys are, and no longer.
    fn is_of(&self, format: Format, kind: Kind) -> bool {
        match format {
            Format::Sqlite => self.schema == "main" && (kind == Kind::Keys || self.table != KEYS_TABLE),
            Format::Postgres => (self.schema == KEYS_SCHEMA) == (kind == Kind::Keys),
            Format::Stream => false,
        }
    }

    pub(super) fn name(&self) -> (&str, &str) {
        (&self.schema, &self.table)
    }
}

/// Refuses a dump in which another number of rows is than was stated, in any table. One that is missing on one side has none there.
pub(super) fn refuse_other_rows(stated: &[TableRows], counted: &[TableRows]) -> Result<(), BackupError> {
    let with_rows =
        |tables: &[TableRows]| tables.iter().filter(|table| table.rows > 0).cloned().collect::<BTreeSet<_>>();
    if with_rows(stated) == with_rows(counted) { Ok(()) } else { Err(BackupError::RowsDiffer) }
}

pub(super) fn put_stamp(bytes: &mut Vec<u8>, stamp: Stamp) {
    bytes.extend_from_slice(&stamp.incarnation.to_bytes());
    bytes.extend_from_slice(&stamp.sequence.to_be_bytes());
}

pub(super) fn take_stamp(bytes: &mut Take<'_>) -> Option<Stamp> {
    Some(Stamp { incarnation: Incarnation::from_bytes(bytes.array()?), sequence: bytes.u64()? })
}
