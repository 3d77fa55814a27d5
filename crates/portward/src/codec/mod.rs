//! Bytes in and out: fixed-width and minimal integers, identifiers, bitmaps, base64url, CRC-32. One encoding for each value.

mod reader;
mod text;
mod writer;

pub(crate) use reader::{Malformed, Reader, WireIdentifier};
pub(crate) use text::{decode, decode_into, encode, encode_after, from_hex, hex};
pub(crate) use writer::{WireBuffer, Writer};

/// CRC-32/ISO-HDLC over a prefix and what follows it. It finds accidents; it is not security.
pub(crate) fn crc32(prefix: &str, bytes: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(prefix.as_bytes());
    hasher.update(bytes);
    hasher.finalize().to_be_bytes()
}
