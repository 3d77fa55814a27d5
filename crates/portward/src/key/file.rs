//! Strict JSON: every member known and there once, and the version looked at first.

use core::fmt;
use core::marker::PhantomData;
use std::borrow::Cow;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Why a file of ours was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileFault {
    NewerVersion,
    Malformed,
}

/// A JSON object and nothing else: serde would take an array of the members, in order, as well.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Enough of any version to tell whose it is.
#[derive(Deserialize)]
struct Preamble<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    /// As it is written: a later version may be of any size.
    #[serde(borrow)]
    version: &'a RawValue,
}

const VERSION: &str = "1";

/// Reads a file of the given format, version 1, into its strict shape.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], format: &str, limit: usize) -> Result<T, FileFault> {
    if bytes.len() > limit {
        return Err(FileFault::Malformed);
    }
    let text = core::str::from_utf8(bytes).map_err(|_| FileFault::Malformed)?;
    let Object(preamble): Object<Preamble<'_>> = serde_json::from_str(text).map_err(|_| FileFault::Malformed)?;
    let version = preamble.version.get();
    match preamble.format == format {
        true if version == VERSION => {
            serde_json::from_str(text).map(|Object(shape)| shape).map_err(|_| FileFault::Malformed)
        }
        true if is_newer(version) => Err(FileFault::NewerVersion),
        _ => Err(FileFault::Malformed),
    }
}

/// Whether this JSON is a whole number above 1. JSON has no leading zeros.
fn is_newer(version: &str) -> bool {
    version.bytes().all(|digit| digit.is_ascii_digit()) && !matches!(version, "0" | VERSION)
}

/// Serialised as indented JSON with a line feed behind it.
pub(crate) fn write<T: Serialize>(value: &T, capacity: usize) -> Vec<u8> {
    // Room for all of it from the start: a vector that grows would leave unwiped copies of a keyring behind.
    let mut bytes = Vec::with_capacity(capacity);
    let written = serde_json::to_writer_pretty(&mut bytes, value);
    debug_assert!(written.is_ok(), "our own shapes can always be written");
    bytes.push(b'\n');
    bytes
}
