use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::backup::BackupError;

/// What PostgreSQL's programs connect with, for their environment: their arguments are for all to see.
pub(super) fn environment(url: &str) -> Result<Vec<(&'static str, String)>, BackupError> {
    let options = PgConnectOptions::from_str(url)?;
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    let mut environment = vec![
        ("PGHOST", host),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGDATABASE", database.to_owned()),
        ("PGSSLMODE", ssl_mode(options.get_ssl_mode()).to_owned()),
        ("PGCONNECT_TIMEOUT", "10".to_owned()),
        ("LC_ALL", "C".to_owned()),
    ];
    let whole = options.to_url_lossy();
    environment.extend(whole.password().and_then(percent_decoded).map(|password| ("PGPASSWORD", password)));
    environment.extend(options.get_options().map(|options| ("PGOPTIONS", options.to_owned())));
    for (key, value) in whole.query_pairs() {
        let name = match &*key {
            "sslrootcert" | "ssl-root-cert" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            _ => continue,
        };
        // A certificate itself, in place of a file, is nothing that they take.
        environment.extend(value.strip_prefix("file: ").map(|path| (name, path.to_owned())));
    }
    Ok(environment)
}

const fn ssl_mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, others)) = rest.split_first() {
        let (byte, after) = match (first, others) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let value = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
                (u8::try_from(value).ok()?, after)
            }
            _ => (*first, others),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_says_goes_into_the_environment() {
        let url =
            "postgres://anna:p%40ss%2Fw%C3%B6rd@db.example:6000/portal?sslmode=verify-full&options=-c%20geqo%3Doff";
        let environment = environment(url).unwrap();
        let value = |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(value("PGPASSWORD"), Some("p@ss/wörd"));
        assert_eq!((value("PGHOST"), value("PGPORT")), (Some("db.example"), Some("6000")));
        assert_eq!((value("PGUSER"), value("PGDATABASE")), (Some("anna"), Some("portal")));
        assert_eq!((value("PGSSLMODE"), value("PGOPTIONS")), (Some("verify-full"), Some("-c geqo=off")));
    }

    #[test]
    fn a_socket_is_a_host() {
        let environment = environment("postgres://anna@%2Fvar%2Frun%2Fpostgresql/portal").unwrap();
        assert!(environment.contains(&("PGHOST", "/var/run/postgresql".to_owned())));
    }
}
