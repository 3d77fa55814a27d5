//! A server that is not installed.

use std::env;
use std::io::{self, Write as _};

/// Past the harness, which would keep it to itself: `None`, and that it is said. Where `PORTWARD_TEST_SERVERS` asks for servers it is an error.
pub(crate) fn absent<T>(name: &str, package: &str) -> io::Result<Option<T>> {
    let reason = format!("{name} is not installed (Debian package {package})");
    if env::var_os("PORTWARD_TEST_SERVERS").is_some() {
        return Err(io::Error::new(io::ErrorKind::NotFound, reason));
    }
    io::stderr().write_all(format!("skipped: {reason}\n").as_bytes())?;
    Ok(None)
}
