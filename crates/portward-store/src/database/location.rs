use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

use portward::Audience;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgConnectOptions;

/// Where a database is: `sqlite:PATH`, `postgres://…` or `postgresql://…`.
///
/// What PostgreSQL takes in a URL stands at [`sqlx::postgres::PgConnectOptions`]; `sslmode=verify-full` is what to use beyond one machine.
/// Behind a PgBouncer that pools transactions, `statement-cache-capacity=0`, and in its configuration `ignore_startup_parameters = extra_float_digits`;
/// what makes the tables goes past it. It may hold a password, so it is shown without its URL.
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

/// Without what may be secret: a path, or no more of a URL than server and database.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            // As the driver reads it: what it takes for a password is not told.
            Self::Postgres(url) => match url.parse::<PgConnectOptions>() {
                Ok(read) => {
                    let database = read.get_database().unwrap_or_default();
                    write!(f, "postgres://{}:{}/{database}", read.get_host(), read.get_port())
                }
                Err(_) => f.write_str("postgres://…"),
            },
            #[cfg(not(feature = "postgres"))]
            Self::Postgres(_) => f.write_str("postgres://…"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_by_its_scheme() {
        assert_eq!("sqlite:a b/keys.db".parse(), Ok(Location::Sqlite("a b/keys.db".into())));
        for wrong in ["", "sqlite:", "keys.db", "mysql://host/keys", "postgres:host/keys"] {
            assert_eq!(wrong.parse::<Location>(), Err(LocationError), "{wrong}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("postgres://me:secret@db.example:5433/keys?sslmode=verify-full", "postgres://db.example:5433/keys"),
            ("postgresql://db.example/keys?user=me&password=a@secret", "postgres://db.example:5432/keys"),
            ("postgres://me:sec@secret@db.example/keys#secret", "postgres://db.example:5432/keys"),
            ("postgres://me:a/secret@db.example/keys", "postgres://…"),
            ("postgres://me:a?secret@db.example/keys", "postgres://…"),
        ] {
            let place: Location = url.parse().unwrap();
            assert_eq!(place.to_string(), shown, "{url}");
            assert_eq!(format!("{place:?}"), "Postgres(..)");
        }
    }
}
