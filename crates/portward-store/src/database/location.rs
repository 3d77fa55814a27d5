use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

use portward::Audience;

/// Where a database is: `sqlite:PATH`, `postgres://…` or `postgresql://…`.
///
/// What PostgreSQL takes in a URL stands at [`sqlx::postgres::PgConnectOptions`]; `sslmode=verify-full` is what to use beyond one machine.
/// Behind a PgBouncer that pools transactions, `statement-cache-capacity=0`. It may hold a password, so it is shown without its URL.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A URL.
    Postgres(String),
}

/// The text names no database that this program can open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocationError;

/// Whether this program can speak to a server.
const BUILT_IN: bool = cfg!(feature = "postgres");

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", rest)) if BUILT_IN && rest.starts_with("//") => {
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err(LocationError),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
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
        f.write_str("a store is named as sqlite:PATH, or as postgres://… where that is built in")
    }
}

impl core::error::Error for LocationError {}
