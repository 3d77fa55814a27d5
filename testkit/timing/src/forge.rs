//! Tokens of good form that nobody signed.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

const CRC: usize = 4;
const TAG: usize = 32;

/// The same token as a mail program leaves it.
pub(crate) fn damaged(text: &str) -> String {
    let other = if text.as_bytes()[20] == b'A' { "B" } else { "A" };
    [&text[..20], other, &text[21..]].concat()
}

/// The same token with one byte of its tag changed, and a checksum that agrees.
pub(crate) fn forged(text: &str, byte: usize) -> String {
    let (prefix, encoded) = text.split_at(4);
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap();
    let end = bytes.len() - CRC;
    bytes[end - TAG + byte] ^= 0x55;
    let crc = crc32fast::hash(&[prefix.as_bytes(), &bytes[..end]].concat());
    bytes[end..].copy_from_slice(&crc.to_be_bytes());
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes))
}
