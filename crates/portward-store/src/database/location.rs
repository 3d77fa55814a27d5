use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

use portward::Audience;

use crate::database::url::PostgresUrl;

/// Where a database is: `sqlite:PATH`, `postgres://…` or `postgresql://…`. It may hold a password, so it is shown without its URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(PostgresUrl),
}

/// The text names no database that this program opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LocationError {
    /// It is not of the form.
    Form,
    /// A parameter of the URL that there is not: a misspelt one would be a wish that nobody heard.
    Parameter,
    /// A server on another machine, and nothing said of TLS.
    Tls,
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => text.parse().map(Self::Postgres),
        }
    }
}

/// Without what may be secret: a path, or no more of a URL than server and database.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
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
        f.write_str(match self {
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
    fn a_place_is_named_by_its_scheme() {
        assert_eq!("sqlite:a b/keys.db".parse(), Ok(Location::Sqlite("a b/keys.db".into())));
        for wrong in ["", "sqlite:", "keys.db", "mysql://host/keys", "postgres:host/keys"] {
            assert_eq!(wrong.parse::<Location>(), Err(LocationError::Form), "{wrong}");
        }
    }
}
