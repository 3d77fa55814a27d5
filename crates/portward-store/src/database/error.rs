use core::fmt;
use std::io;
use std::sync::Arc;

use portward::Audience;
use sqlx::migrate::MigrateError;

/// Why a database cannot be used.
#[derive(Clone, Debug)]
pub enum DatabaseError {
    /// It cannot be reached, or did not do what was asked. Whether a change that was under way was made is not known.
    Unavailable(Arc<sqlx::Error>),
    /// It can be read only: a copy that follows another, or it was told so.
    ReadOnly,
    /// It did not answer in time. Whether a change that was under way was made is not known.
    TimedOut,
    /// Its disk is full.
    Full,
    /// It does not let this role in, or do what was asked.
    Denied(Arc<sqlx::Error>),
    /// Others than its owner have rights on the file, or it is no regular file.
    Permissions,
    /// It has not been initialised.
    Uninitialised,
    /// It has been initialised by a newer program, or for something else: a store's is none of keys.
    Newer,
    /// It has triggers, views, rules or policies, which none of ours has: they can make the store believe what is not so.
    Schema,
}

impl DatabaseError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "store_unavailable",
            Self::ReadOnly => "store_read_only",
            Self::TimedOut => "store_timed_out",
            Self::Full => "store_full",
            Self::Denied(_) => "store_denied",
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

    /// What is behind it, in words that hold nothing of what was sent or stored: what a call of the system failed with, or the database's own code.
    pub fn cause(&self) -> Option<String> {
        let (Self::Unavailable(error) | Self::Denied(error)) = self else { return None };
        match &**error {
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("no such file or folder".to_owned())
            }
            // As rustls wraps what a handshake failed with, which may name what the other side's certificate says.
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Some("TLS".to_owned()),
            sqlx::Error::Io(error) => Some(error.to_string()),
            sqlx::Error::Tls(_) => Some("TLS".to_owned()),
            sqlx::Error::Configuration(_) => Some("its URL".to_owned()),
            sqlx::Error::Database(told) => told.code().map(|code| match &*code {
                SQLITE_CANTOPEN => "the file cannot be opened: is its folder there?".to_owned(),
                SQLITE_NOTADB => "the file is no database".to_owned(),
                NO_SUCH_DATABASE => "there is no such database".to_owned(),
                code => format!("code {code}"),
            }),
            _ => None,
        }
    }

    /// Whether it may pass by itself.
    #[cfg(feature = "keys")]
    pub(crate) const fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::ReadOnly | Self::TimedOut | Self::Full)
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable(_) => "the database failed",
            Self::ReadOnly => "the database can be read only",
            Self::TimedOut => "the database did not answer in time",
            Self::Full => "the disk of the database is full",
            Self::Denied(_) => "the database does not let this role in, or do that",
            Self::Permissions => "others than its owner have rights on the database, or it is no regular file",
            Self::Uninitialised => "the database has not been initialised",
            Self::Newer => "the database was initialised by a newer program, or for something else",
            Self::Schema => "the database has triggers, views, rules or policies, which it must not have",
        })
    }
}

impl core::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) | Self::Denied(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|told| told.code());
        // PostgreSQL's have five characters; SQLite's are numbers with the reason in the last byte.
        let sqlite = || code.as_deref().filter(|code| code.len() < 5)?.parse::<u16>().ok();
        match (code.as_deref(), sqlite().map(|code| code & 0xFF)) {
            (Some(QUERY_CANCELED), _) | (_, Some(SQLITE_BUSY)) => Self::TimedOut,
            (Some(READ_ONLY_SQL_TRANSACTION | IN_RECOVERY), _) | (_, Some(SQLITE_READONLY)) => Self::ReadOnly,
            (Some(DISK_FULL), _) | (_, Some(SQLITE_FULL)) => Self::Full,
            (Some(INSUFFICIENT_PRIVILEGE | INVALID_AUTHORIZATION | INVALID_PASSWORD), _) => {
                Self::Denied(Arc::new(error))
            }
            _ if matches!(error, sqlx::Error::PoolTimedOut) => Self::TimedOut,
            _ => Self::Unavailable(Arc::new(error)),
        }
    }
}

impl From<MigrateError> for DatabaseError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => Self::Newer,
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            error => sqlx::Error::from(error).into(),
        }
    }
}

const QUERY_CANCELED: &str = "57014";
const READ_ONLY_SQL_TRANSACTION: &str = "25006";
/// `object_not_in_prerequisite_state`: what a server that follows another says of a lock.
const IN_RECOVERY: &str = "55000";
const DISK_FULL: &str = "53100";
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const INVALID_AUTHORIZATION: &str = "28000";
const INVALID_PASSWORD: &str = "28P01";
const NO_SUCH_DATABASE: &str = "3D000";
const SQLITE_CANTOPEN: &str = "14";
const SQLITE_NOTADB: &str = "26";
const SQLITE_BUSY: u16 = 5;
const SQLITE_READONLY: u16 = 8;
const SQLITE_FULL: u16 = 13;

/// The text names no database that this program opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LocationError {
    /// It is not of the form.
    Form,
    /// What is in memory would be gone with the process, and with it what is revoked.
    Memory,
    /// A parameter of the URL that there is not: a misspelt one would be a wish that nobody heard.
    Parameter,
    /// A server on another machine, and nothing said of TLS.
    Tls,
}

impl LocationError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        "store_location"
    }

    /// Who has to act.
    pub const fn audience(&self) -> Audience {
        Audience::Caller
    }
}

impl fmt::Display for LocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "a store of SQLite is a file: one in memory would forget what is revoked",
            Self::Form => "a store is named as sqlite:PATH, or as postgres://… where that is built in",
            Self::Parameter => "the URL has a parameter that there is not",
            Self::Tls => "the URL of a server elsewhere has to say an sslmode: verify-full, or another on purpose",
        })
    }
}

impl core::error::Error for LocationError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_on_the_page() {
        let page = include_str!("../../../../spec/store.md");
        let all = [
            DatabaseError::Unavailable(Arc::new(sqlx::Error::PoolClosed)),
            DatabaseError::ReadOnly,
            DatabaseError::TimedOut,
            DatabaseError::Full,
            DatabaseError::Denied(Arc::new(sqlx::Error::PoolClosed)),
            DatabaseError::Permissions,
            DatabaseError::Uninitialised,
            DatabaseError::Newer,
            DatabaseError::Schema,
        ];
        for code in all.iter().map(DatabaseError::code).chain([LocationError::Form.code()]) {
            assert!(page.contains(&format!("`{code}`")), "{code}");
        }
    }

    #[test]
    fn why_is_told_from_what_the_driver_says() {
        let code = |error: sqlx::Error| DatabaseError::from(error).code();
        assert_eq!(code(sqlx::Error::PoolTimedOut), "store_timed_out");
        assert_eq!(code(sqlx::Error::WorkerCrashed), "store_unavailable");
        let newer = [MigrateError::VersionMissing(9), MigrateError::VersionMismatch(1)];
        assert!(newer.into_iter().all(|error| DatabaseError::from(error).code() == "store_newer"));
        let inside = MigrateError::ExecuteMigration(sqlx::Error::PoolTimedOut, 1);
        assert_eq!(DatabaseError::from(inside).code(), "store_timed_out");
    }
}
