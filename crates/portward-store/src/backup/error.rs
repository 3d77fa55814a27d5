use core::fmt;

use portward::envelope::SealError;
use portward::{Audience, RowError};

use crate::database::DatabaseError;
use crate::database::record::RecordError;
use crate::events::SinkError;
use crate::files::FileError;
use crate::objects::ObjectError;

/// Why a backup was not made, not believed or not restored. What stood there before stands there still. Source: `spec/backup.md`.
#[derive(Debug)]
#[non_exhaustive]
pub enum BackupError {
    /// There are sealed files, or is nothing at all, and no catalogue.
    CatalogueMissing,
    /// The catalogue is of a newer program.
    CatalogueNewer,
    /// The catalogue is not what its page says.
    CatalogueMalformed,
    /// The catalogue is another deployment's.
    CatalogueWrongDeployment,
    /// The catalogue is not as it was written.
    CatalogueForged,
    /// The catalogue stands before what was seen of it.
    CatalogueRolledBack,
    /// The catalogue has no such backup.
    Unknown,
    /// The sealed file is not there.
    Missing,
    /// The sealed file is not the one that the catalogue names.
    Differs,
    /// The backup is of a newer program.
    Newer,
    /// What was sealed is not what the page says.
    Malformed,
    /// It is another backup than the one that was asked for.
    Swapped,
    /// There is no row in it, or no byte.
    Empty,
    /// There are other rows in it than were counted.
    RowsDiffer,
    /// The name of a table is too long for a backup to state, or there are too many of them.
    Tables,
    /// A sealed file that the catalogue does not know, by its name.
    Stray(String),
    /// The database holds rows of a key store where it must not, or none where it has to; or the kind does not go with the source or target.
    Kind,
    /// The target is there already.
    TargetExists,
    /// The target is in use, or was not closed.
    TargetInUse,
    /// A program of PostgreSQL is not installed.
    ToolMissing(&'static str),
    /// A program of PostgreSQL failed, and what it said.
    ToolFailed(&'static str, String),
    /// The catalogue, or a row, is under a root that the keyring does not check with, or cannot be made.
    Row(RowError),
    /// A file of the directory.
    File(FileError),
    /// What was to be sealed, or opened.
    Object(ObjectError),
    /// The database.
    Database(DatabaseError),
    /// Who has to be told first could not be.
    Sink(SinkError),
    /// The work was given up by the runtime.
    Stopped,
}

impl BackupError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CatalogueMissing => "catalogue_missing",
            Self::CatalogueNewer => "catalogue_newer_version",
            Self::CatalogueMalformed => "catalogue_malformed",
            Self::CatalogueWrongDeployment => "catalogue_wrong_deployment",
            Self::CatalogueForged => "catalogue_forged",
            Self::CatalogueRolledBack => "catalogue_rolled_back",
            Self::Unknown => "backup_unknown",
            Self::Missing => "backup_missing",
            Self::Differs => "backup_differs",
            Self::Newer => "backup_newer_version",
            Self::Malformed => "backup_malformed",
            Self::Swapped => "backup_swapped",
            Self::Empty => "backup_empty",
            Self::RowsDiffer => "backup_rows_differ",
            Self::Tables => "backup_tables",
            Self::Stray(_) => "backup_stray",
            Self::Kind => "backup_kind",
            Self::TargetExists => "backup_target_exists",
            Self::TargetInUse => "backup_target_in_use",
            Self::ToolMissing(_) => "backup_tool_missing",
            Self::ToolFailed(..) => "backup_tool_failed",
            Self::Row(error) => error.code(),
            Self::File(error) => error.code(),
            Self::Object(error) => error.code(),
            Self::Database(error) => error.code(),
            Self::Sink(_) => "sink_failed",
            Self::Stopped => "backup_stopped",
        }
    }

    /// Of one step of several: what was asked for is not done, though this one is.
    pub(super) fn of_a_step(self) -> Self {
        match self {
            Self::File(FileError::Unsynced) => Self::File(FileError::Write),
            other => other,
        }
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        match self {
            Self::Unknown | Self::Kind | Self::Tables | Self::TargetExists => Audience::Caller,
            Self::Row(error) => error.audience(),
            _ => Audience::Environment,
        }
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CatalogueMissing => "there is no catalogue of backups",
            Self::CatalogueNewer => "the catalogue of backups is of a newer program",
            Self::CatalogueMalformed => "the catalogue of backups is not what its format says",
            Self::CatalogueWrongDeployment => "the catalogue of backups is another deployment's",
            Self::CatalogueForged => "the catalogue of backups is not as it was written",
            Self::CatalogueRolledBack => {
                "the catalogue of backups is older than one that was seen: backups are missing from it"
            }
            Self::Unknown => "the catalogue has no such backup",
            Self::Missing => "the file of the backup is not there",
            Self::Differs => "the file is not the one that the catalogue names",
            Self::Newer => "the backup is of a newer program",
            Self::Malformed => "what was sealed is not what its format says",
            Self::Swapped => "it is another backup than the one that was asked for",
            Self::Empty => "there is nothing in the backup: no row, or no byte",
            Self::RowsDiffer => "there are other rows in the backup than were counted when it was made",
            Self::Tables => "a table's name is longer than 255 bytes, or there are more tables than a backup can state",
            Self::Stray(name) => return write!(f, "{name}: the catalogue does not know this file"),
            Self::Kind => "rows of a key store are backed up apart, as kind keys, and nothing else is of that kind",
            Self::TargetExists => "the target is there already, and it was not said that it is to be replaced",
            Self::TargetInUse => "the target is in use, or was not closed",
            Self::ToolMissing(tool) => return write!(f, "{tool} is neither on PATH nor in /usr/lib/postgresql"),
            Self::ToolFailed(tool, said) => return write!(f, "{tool} failed: {said}"),
            Self::Row(error) => return error.fmt(f),
            Self::File(error) => return error.fmt(f),
            Self::Object(error) => return error.fmt(f),
            Self::Database(error) => return error.fmt(f),
            Self::Sink(error) => return error.fmt(f),
            Self::Stopped => "the work was given up",
        })
    }
}

impl core::error::Error for BackupError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::Object(error) => Some(error),
            Self::Sink(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ObjectError> for BackupError {
    fn from(error: ObjectError) -> Self {
        Self::Object(error)
    }
}

impl From<SealError> for BackupError {
    fn from(error: SealError) -> Self {
        Self::Object(ObjectError::Seal(error))
    }
}

impl From<DatabaseError> for BackupError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<RowError> for BackupError {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl From<RecordError> for BackupError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Database(error) => error.into(),
            RecordError::Row(error) => error.into(),
            RecordError::Malformed => Self::Malformed,
        }
    }
}

impl From<SinkError> for BackupError {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

impl From<FileError> for BackupError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}
