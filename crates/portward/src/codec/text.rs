use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig, Simd};

/// Not strict unpadded base64url.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BadBase64;

/// No padding, no trailing bits: one text for each byte string. What is decoded is known to its sender, so speed may
/// depend on it.
static BASE64URL: LazyLock<Simd> = LazyLock::new(|| {
    let strict = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false);
    Simd::url_safe(strict)
});

/// The text of these bytes behind a prefix.
pub(crate) fn encode_after(prefix: &str, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(prefix.len().saturating_add(bytes.len().div_ceil(3).saturating_mul(4)));
    text.push_str(prefix);
    BASE64URL.encode_string(bytes, &mut text);
    text
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    encode_after("", bytes)
}

/// Decodes into the buffer and returns the part that was filled.
pub(crate) fn decode_into<'b>(text: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], BadBase64> {
    let length = BASE64URL.decode_slice(text, buffer).map_err(|_| BadBase64)?;
    buffer.get(..length).ok_or(BadBase64)
}

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, BadBase64> {
    BASE64URL.decode(text).map_err(|_| BadBase64)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Exactly `N` bytes of lower-case hexadecimal.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}
