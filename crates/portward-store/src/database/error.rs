use core::fmt;
use std::sync::Arc;

use portward::Audience;
use sqlx::migrate::MigrateError;

/// Why a database cannot be used.
#[derive(Clone, Debug)]
pub enum DatabaseError {
    /// It cannot be reached, or did not do what was asked. Whether a change that was under way was made is not known.
    Unavailable(Arc<sqlx::Error>),
    /// It did not answer in time. Whether a change that was under way was made is not known.
    TimedOut,
    /// Others than its owner have rights on the file, or it is no regular file.
    Permissions,
    /// It has not been initialised.
    Uninitialised,
    /// It has been initialised by a newer program.
    Newer,
    /// It has triggers, views, rules or policies, which none of ours has: they can make the store believe what is not so.
    Schema,
}

impl DatabaseError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "store_unavailable",
            Self::TimedOut => "store_timed_out",
            Self::Permissions => "store_permissions",
            Self::Uninitialised => "store_uninitialised",
            Self::Newer => "store_newer",
            Self::Schema => "store_schema",
        }
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        Audience::Environment
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable(_) => "the database failed",
            Self::TimedOut => "the database did not answer in time",
            Self::Permissions => "others than its owner have rights on the database, or it is no regular file",
            Self::Uninitialised => "the database has not been initialised",
            Self::Newer => "the database was initialised by a newer program",
            Self::Schema => "the database has triggers, views, rules or policies, which it must not have",
        })
    }
}

impl core::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}

impl From<MigrateError> for DatabaseError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => Self::Newer,
            error => sqlx::Error::from(error).into(),
        }
    }
}
