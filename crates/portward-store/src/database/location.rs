use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

use portward::Audience;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgConnectOptions;

/// Where a database is: `sqlite:PATH`, `postgres://…` or `postgresql://…`.
///
/// What PostgreSQL takes in a URL stands at [`sqlx::postgres::PgConnectOptions`], and nothing else is taken. Beyond one machine it has to say an
/// `sslmode` (or `PGSSLMODE` does): `verify-full` is what to use, and without TLS nobody goes by mistake.
/// Behind a PgBouncer that pools transactions, `statement-cache-capacity=0`, and in its configuration `ignore_startup_parameters = extra_float_digits`;
/// what makes the tables goes past it. It may hold a password, so it is shown without its URL.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A URL.
    Postgres(String),
}

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

/// Whether this program can speak to a server.
const BUILT_IN: bool = cfg!(feature = "postgres");

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if path.starts_with(":memory:") => Err(LocationError::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", rest)) if BUILT_IN && rest.starts_with("//") => {
                #[cfg(feature = "postgres")]
                check(text)?;
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err(LocationError::Form),
        }
    }
}

/// What the driver knows; it passes over everything else.
#[cfg(feature = "postgres")]
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

#[cfg(feature = "postgres")]
fn check(url: &str) -> Result<(), LocationError> {
    // Behind a # is no parameter, whatever it looks like.
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    let names = || query.split('&').filter(|part| !part.is_empty()).filter_map(|part| part.split('=').next());
    if names().any(|name| !PARAMETERS.contains(&name) && !name.starts_with("options[")) {
        return Err(LocationError::Parameter);
    }
    // What the driver cannot read, it says itself.
    let Ok(read) = url.parse::<PgConnectOptions>() else { return Ok(()) };
    let host = read.get_host().trim_matches(['[', ']']);
    let is_loopback = host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    let is_here = read.get_socket().is_some() || host.starts_with('/') || host == "localhost" || is_loopback;
    let says = names().any(|name| matches!(name, "sslmode" | "ssl-mode")) || std::env::var_os("PGSSLMODE").is_some();
    if is_here || says { Ok(()) } else { Err(LocationError::Tls) }
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
        f.write_str(match self {
            Self::Form => "a store is named as sqlite:PATH, or as postgres://… where that is built in",
            Self::Memory => "a store of SQLite is a file: one in memory would forget what is revoked",
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
        assert_eq!("sqlite::memory:".parse::<Location>(), Err(LocationError::Memory));
        assert_eq!("sqlite:./:memory:".parse(), Ok(Location::Sqlite("./:memory:".into())));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("postgres://me:secret@db.example:5433/keys?sslmode=verify-full", "postgres://db.example:5433/keys"),
            (
                "postgresql://db.example/keys?user=me&password=a@secret&sslmode=require",
                "postgres://db.example:5432/keys",
            ),
            ("postgres://me:sec@secret@db.example/keys?sslmode=disable#secret", "postgres://db.example:5432/keys"),
            ("postgres://me:a/secret@db.example/keys", "postgres://…"),
        ] {
            let place: Location = url.parse().unwrap();
            assert_eq!(place.to_string(), shown, "{url}");
            assert_eq!(format!("{place:?}"), "Postgres(..)");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn nobody_goes_without_tls_by_mistake() {
        let read = |url: &str| url.parse::<Location>().map(drop);
        for here in [
            "postgres://a@localhost/x",
            "postgres://127.0.0.9:5433/x",
            "postgres://[::1]/x",
            "postgres://%2Frun%2Fpg/x",
        ] {
            assert_eq!(read(here), Ok(()), "{here}");
        }
        for elsewhere in ["postgres://db.example/x", "postgresql://a:b@10.0.0.1/x?application_name=y"] {
            assert_eq!(read(elsewhere), Err(LocationError::Tls), "{elsewhere}");
            let said = |how: &str| format!("{elsewhere}{}{how}", if elsewhere.contains('?') { '&' } else { '?' });
            assert_eq!(read(&said("sslmode=verify-full")), Ok(()));
            assert_eq!(read(&said("sslmode=disable")), Ok(()), "on purpose");
            assert_eq!(read(&format!("{elsewhere}#?sslmode=verify-full")), Err(LocationError::Tls), "in a fragment");
            for misspelt in ["ssl_mode=verify-full", "SSLMODE=verify-full", "sslmod=require", "ssl%6Dode=require"] {
                assert_eq!(read(&said(misspelt)), Err(LocationError::Parameter), "{misspelt}");
            }
        }
        assert_eq!(read("postgres://me:a?secret@localhost/x"), Err(LocationError::Parameter));
        assert_eq!(read("postgres://localhost/x?options[search_path]=y"), Ok(()));
    }
}
