//! Strict JSON: every member known and there once, and the version looked at first.

use serde::Deserialize;

/// Why a file of ours was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FileFault {
    NewerVersion,
    Malformed,
}

/// Enough of any version to tell whose it is.
#[derive(Deserialize)]
struct Preamble<'a> {
    #[serde(borrow)]
    format: std::borrow::Cow<'a, str>,
    version: u64,
}

const VERSION: u64 = 1;

/// Reads a file of the given format, version 1, into its strict shape.
pub(super) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], format: &str, limit: usize) -> Result<T, FileFault> {
    if bytes.len() > limit {
        return Err(FileFault::Malformed);
    }
    let preamble: Preamble<'_> = serde_json::from_slice(bytes).map_err(|_| FileFault::Malformed)?;
    match (preamble.format == format, preamble.version) {
        (true, VERSION) => serde_json::from_slice(bytes).map_err(|_| FileFault::Malformed),
        (true, newer) if newer > VERSION => Err(FileFault::NewerVersion),
        _ => Err(FileFault::Malformed),
    }
}

/// Serialised as indented JSON with a line feed behind it.
pub(super) fn write<T: serde::Serialize>(value: &T, capacity: usize) -> Vec<u8> {
    // Room for all of it from the start: a vector that grows would leave unwiped copies of a keyring behind.
    let mut bytes = Vec::with_capacity(capacity);
    let written = serde_json::to_writer_pretty(&mut bytes, value);
    debug_assert!(written.is_ok(), "our own shapes can always be written");
    bytes.push(b'\n');
    bytes
}
