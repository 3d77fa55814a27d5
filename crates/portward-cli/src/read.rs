//! What stands on a command line, turned into what it means.

use std::io::Read as _;
use std::time::Duration;

use portward::envelope::{DataScope, DataScopeError};
use portward::{Identifier, RootId, Timestamp};

use crate::failure::{Exit, Failure};

/// A token: the argument itself, or for `-` what comes on standard input. White space around it is not part of it.
pub(crate) fn token(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.trim_ascii().to_owned());
    }
    let mut bytes = Vec::new();
    // More than a token with its white space can be is cut: it is refused as too long all the same.
    let read = std::io::stdin().lock().take(4096).read_to_end(&mut bytes);
    let fault = || {
        Failure::new(
            "stdin_unreadable",
            portward::Audience::Environment,
            "standard input cannot be read",
            Exit::Environment,
        )
    };
    read.map_err(|_| fault())?;
    // What is not text is no token, and is refused as such.
    Ok(String::from_utf8_lossy(&bytes).trim_ascii().to_owned())
}

pub(crate) fn identifier(text: &str) -> Result<Identifier, Failure> {
    Ok(Identifier::new(text)?)
}

pub(crate) fn identifier_of(text: Option<&str>) -> Result<Option<Identifier>, Failure> {
    text.map(identifier).transpose()
}

pub(crate) fn scope(text: &str) -> Result<DataScope, Failure> {
    text.parse().map_err(|error: DataScopeError| Failure::from(error).hint("--scope KIND:NAME says which"))
}

pub(crate) fn root_id(text: &str) -> Result<RootId, Failure> {
    RootId::from_hex(text).ok_or_else(|| Failure::usage("root_id", "a root id is 8 lower-case hexadecimal digits"))
}

/// The 16 bytes that name a link, copy or session.
pub(crate) fn entry_id(text: &str) -> Result<[u8; 16], Failure> {
    let digits = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = if digits { u128::from_str_radix(text, 16).ok() } else { None };
    let wrong = || Failure::usage("entry_id", "an id is 32 lower-case hexadecimal digits");
    number.map(u128::to_be_bytes).ok_or_else(wrong)
}

/// RFC 3339, such as `2026-05-01T12:00:00Z`, or Unix seconds. Parts of a second are cut off.
pub(crate) fn time(text: &str) -> Result<Timestamp, Failure> {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let seconds = text.parse().ok().or_else(|| {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        u64::try_from(moment.unix_timestamp()).ok()
    });
    let known = seconds.map(Timestamp::from_unix).filter(|time| *time <= Timestamp::WIRE_MAX);
    known.ok_or_else(|| Failure::usage("time", "a time is written as in 2026-05-01T12:00:00Z, or as Unix seconds"))
}

pub(crate) const fn days(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(86_400))
}
