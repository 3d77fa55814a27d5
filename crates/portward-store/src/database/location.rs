use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

use crate::database::error::LocationError;
use crate::database::url::PostgresUrl;

/// Where a database is: `sqlite:PATH`, `postgres://…` or `postgresql://…`. It may hold a password, so it is shown without its URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(PostgresUrl),
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if path.starts_with(":memory:") => Err(LocationError::Memory),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_by_its_scheme() {
        assert_eq!("sqlite:a b/keys.db".parse(), Ok(Location::Sqlite("a b/keys.db".into())));
        for wrong in ["", "sqlite:", "keys.db", "mysql://host/keys", "postgres:host/keys"] {
            assert_eq!(wrong.parse::<Location>(), Err(LocationError::Form), "{wrong}");
        }
        assert_eq!("sqlite::memory:".parse::<Location>(), Err(LocationError::Memory));
        assert_eq!("sqlite:./:memory:".parse(), Ok(Location::Sqlite("./:memory:".into())));
    }
}
