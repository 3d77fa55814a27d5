use core::fmt;
use core::str::FromStr;

#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::database::error::LocationError;

/// `postgres://…` or `postgresql://…`, read and found good: nobody goes to a server without TLS by mistake, whoever made the URL.
///
/// What PostgreSQL takes in a URL stands at [`sqlx::postgres::PgConnectOptions`], and nothing else is taken. Beyond one machine it has to say an
/// `sslmode` (or `PGSSLMODE` does): `verify-full` is what to use.
/// Behind a PgBouncer that pools transactions, `statement-cache-capacity=0`, and in its configuration `ignore_startup_parameters = extra_float_digits`;
/// what makes the tables goes past it. It may hold a password: shown is no more of it than server and database.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// The URL, password and all.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for PostgresUrl {
    type Err = LocationError;

    #[cfg(feature = "postgres")]
    fn from_str(text: &str) -> Result<Self, LocationError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(LocationError::Form);
        }
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// This program cannot speak to a server.
    #[cfg(not(feature = "postgres"))]
    fn from_str(_: &str) -> Result<Self, LocationError> {
        Err(LocationError::Form)
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
    let says = names().any(|name| matches!(name, "sslmode" | "ssl-mode")) || says_mode(std::env::var("PGSSLMODE").ok());
    if is_here || says { Ok(()) } else { Err(LocationError::Tls) }
}

/// What the driver cannot read, it passes over, and prefers TLS without insisting.
#[cfg(feature = "postgres")]
fn says_mode(environment: Option<String>) -> bool {
    environment.is_some_and(|mode| mode.parse::<PgSslMode>().is_ok())
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresUrl(..)")
    }
}

/// As the driver reads it: what it takes for a password is not told.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "postgres")]
        if let Ok(read) = self.0.parse::<PgConnectOptions>() {
            let database = read.get_database().unwrap_or_default();
            return write!(f, "postgres://{}:{}/{database}", read.get_host(), read.get_port());
        }
        f.write_str("postgres://…")
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use crate::database::Location;

    use super::*;

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
            assert_eq!(format!("{place:?}"), "Postgres(PostgresUrl(..))");
        }
    }

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

    #[test]
    fn the_environment_says_a_mode_that_there_is() {
        let says = |mode: &str| says_mode(Some(mode.to_owned()));
        assert!(says("verify-full") && says("require") && says("disable"));
        assert!(!says("") && !says("verify_full") && !says("yes") && !says_mode(None));
    }
}
