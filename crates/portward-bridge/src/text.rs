//! From texts and numbers to the core's types, and back. What is wrong names the argument.

#[cfg(feature = "backend")]
use std::path::{Path, PathBuf};

#[cfg(feature = "backend")]
use portward::EntryId;
use portward::{Identifier, Permissions, Timestamp, Vocabulary};
#[cfg(feature = "backend")]
use portward_store::database::Location;

use crate::error::Error;

/// A file is named from the root on: who opens it again may do so in another directory.
#[cfg(feature = "backend")]
pub(crate) fn location(text: &str) -> Result<Location, Error> {
    match text.parse().map_err(|error| Error::from(error).of_argument("location"))? {
        Location::Sqlite(path) => Ok(Location::Sqlite(absolute(&path)?)),
        server @ Location::Postgres(_) => Ok(server),
    }
}

#[cfg(feature = "backend")]
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|error| Error::source(&error))
}

pub(crate) fn identifier(argument: &str, text: &str) -> Result<Identifier, Error> {
    Identifier::new(text).map_err(|error| Error::from(error).of_argument(argument))
}

pub(crate) fn identifiers(argument: &str, texts: &[impl AsRef<str>]) -> Result<Vec<Identifier>, Error> {
    texts.iter().map(|text| identifier(argument, text.as_ref())).collect()
}

pub(crate) fn permissions(vocabulary: &Vocabulary, names: &[impl AsRef<str>]) -> Result<Permissions, Error> {
    vocabulary.expand(names).map_err(|error| Error::from(error).of_argument("permissions"))
}

pub(crate) fn names(vocabulary: &Vocabulary, set: Permissions) -> Vec<String> {
    vocabulary.names(set).map(str::to_owned).collect()
}

/// As an id of a link, session, copy or key is written.
#[cfg(any(feature = "backend", feature = "holder"))]
pub(crate) fn id(id: &[u8]) -> String {
    base16ct::lower::encode_string(id)
}

/// The same, behind what is there.
#[cfg(feature = "backend")]
pub(crate) fn push_id(text: &mut String, id: &EntryId) {
    push_hex(text, id);
}

/// At most 16 bytes.
#[cfg(feature = "backend")]
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    text.push_str(base16ct::lower::encode_str(bytes, &mut [0; 32]).unwrap_or_default());
}

/// 13 digits: a token cannot state more than 2⁴⁰.
#[cfg(feature = "backend")]
pub(crate) fn push_number(text: &mut String, number: u64) {
    let (mut digits, mut rest) = ([b'0'; 13], number);
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789".get(usize::try_from(rest % 10).unwrap_or(0)).copied().unwrap_or(b'0');
        rest /= 10;
    }
    text.push_str(core::str::from_utf8(&digits).unwrap_or_default());
}

#[cfg(feature = "backend")]
pub(crate) fn entry_id(argument: &str, text: &str) -> Result<EntryId, Error> {
    let mut id = [0; 16];
    match base16ct::lower::decode(text, &mut id) {
        Ok(decoded) if decoded.len() == 16 => Ok(id),
        _ => Err(Error::value("id_malformed", "an id has 32 hexadecimal digits in lower case").of_argument(argument)),
    }
}

/// One that can be written. Milliseconds in the place of seconds cannot: they would limit nothing.
pub(crate) fn wire_time(argument: &str, seconds: u64) -> Result<Timestamp, Error> {
    let known = Some(time(seconds)).filter(|time| *time <= Timestamp::WIRE_MAX);
    let out_of_range =
        || Error::value("time_out_of_range", "a time is in seconds, and before 2**40").of_argument(argument);
    known.ok_or_else(out_of_range)
}

pub(crate) const fn time(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds)
}
