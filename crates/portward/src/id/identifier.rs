use core::fmt::{self, Write as _};
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use crate::error::error_codes;

/// The name of a tenant, client, audience or resource: 1–64 characters of printable ASCII without space.
///
/// Each identifier has one spelling. Text that looks like a UUID but is not written in its canonical form (upper case,
/// braces, `urn:uuid:`, no hyphens) is refused, so that no two spellings of one tenant can name two tenants.
/// Source: `spec/keys.md` section 2.
///
/// ```
/// use portward::Identifier;
/// let tenant: Identifier = "c0a80101-7b1e-4b5e-9a57-2f6d3c1e0001".parse()?;
/// assert_eq!(tenant.to_string(), "c0a80101-7b1e-4b5e-9a57-2f6d3c1e0001");
/// assert!("C0A80101-7B1E-4B5E-9A57-2F6D3C1E0001".parse::<Identifier>().is_err());
/// # Ok::<(), portward::IdentifierError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identifier {
    /// One form a text, so equal fields are equal texts. Not an enum of three contents: what lies at one place whatever it is can be
    /// copied at once, and every verification copies it.
    bytes: [u8; Self::MAX],
    length: u8,
    form: Form,
}

/// How an identifier travels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The text.
    Text,
    /// 16 bytes.
    Uuid,
    /// Minimal LEB128 of a u64.
    Number,
}

impl Identifier {
    /// Longest text form, in bytes.
    pub const MAX: usize = 64;

    /// Reads the text form.
    ///
    /// # Errors
    /// [`IdentifierError::Length`], [`IdentifierError::Character`], [`IdentifierError::Ambiguous`], tried in this order.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        let source = text.as_bytes();
        if source.is_empty() || source.len() > Self::MAX {
            return Err(IdentifierError::Length);
        }
        if !source.iter().all(u8::is_ascii_graphic) {
            return Err(IdentifierError::Character);
        }
        if let Some(uuid) = canonical_uuid(source) {
            return Ok(Self::from_uuid_bytes(uuid));
        }
        if is_spelling_of_uuid(source) {
            return Err(IdentifierError::Ambiguous);
        }
        if let Some(number) = canonical_number(text) {
            return Ok(Self::from(number));
        }
        Ok(Self::from_checked(Form::Text, source))
    }

    /// The text form, without allocating.
    pub(crate) fn text(&self) -> IdentifierText {
        let mut text = IdentifierText { bytes: [0; Self::MAX], length: 0 };
        match self.form {
            Form::Text => text = IdentifierText { bytes: self.bytes, length: usize::from(self.length) },
            Form::Uuid => {
                for (index, byte) in self.bytes().iter().enumerate() {
                    if matches!(index, 4 | 6 | 8 | 10) {
                        text.push(b'-');
                    }
                    text.push(hex_digit(byte >> 4));
                    text.push(hex_digit(byte & 0x0F));
                }
            }
            Form::Number => {
                let groups = self.bytes().iter().rev();
                let number = groups.fold(0u64, |number, group| number << 7 | u64::from(group & 0x7F));
                // No number is longer than the room there is.
                let _ = write!(text, "{number}");
            }
        }
        text
    }

    pub(crate) const fn form(&self) -> Form {
        self.form
    }

    /// What follows form and length on the wire.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Of bytes that were checked to be of this form; none is longer than [`Identifier::MAX`].
    pub(crate) fn from_checked(form: Form, source: &[u8]) -> Self {
        let mut identifier = Self { bytes: [0; Self::MAX], length: 0, form };
        for (to, from) in identifier.bytes.iter_mut().zip(source) {
            *to = *from;
            identifier.length = identifier.length.saturating_add(1);
        }
        identifier
    }

    #[inline(always)]
    pub(crate) fn from_uuid_bytes(uuid: [u8; 16]) -> Self {
        let mut bytes = [0; Self::MAX];
        bytes.first_chunk_mut().into_iter().for_each(|place| *place = uuid);
        Self { bytes, length: 16, form: Form::Uuid }
    }
}

/// An identifier's text on the stack.
pub(crate) struct IdentifierText {
    bytes: [u8; Identifier::MAX],
    length: usize,
}

impl IdentifierText {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length = self.length.saturating_add(1);
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Write for IdentifierText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.saturating_add(text.len());
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

impl From<u64> for Identifier {
    fn from(number: u64) -> Self {
        let (mut wire, mut length, mut rest) = ([0; 10], 0usize, number);
        for place in &mut wire {
            let [group, ..] = (rest & 0x7F).to_le_bytes();
            rest >>= 7;
            length = length.saturating_add(1);
            *place = if rest == 0 { group } else { group | 0x80 };
            if rest == 0 {
                break;
            }
        }
        Self::from_checked(Form::Number, wire.get(..length).unwrap_or_default())
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl Hash for Identifier {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.bytes());
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(self.text().as_bytes()).unwrap_or_default())
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0'.wrapping_add(nibble) } else { b'a'.wrapping_sub(10).wrapping_add(nibble) }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({self})")
    }
}

error_codes! {
    /// Why a text is no identifier.
    pub enum IdentifierError {
        Length => "identifier_length", Input, "an identifier has 1 to 64 characters";
        Character => "identifier_character", Input, "an identifier is printable ASCII without space";
        Ambiguous => "identifier_ambiguous", Input, "a UUID is written in lower case, 8-4-4-4-12";
    }
}

/// The bytes of a text that is exactly lower-case `8-4-4-4-12`.
fn canonical_uuid(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut nibbles = [0u8; 32];
    let mut filled = nibbles.iter_mut();
    for (index, byte) in text.iter().enumerate() {
        match (index, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => *filled.next()? = byte.wrapping_sub(b'0'),
            (_, b'a'..=b'f') => *filled.next()? = byte.wrapping_sub(b'a').wrapping_add(10),
            _ => return None,
        }
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(nibbles.as_chunks::<2>().0) {
        let [high, low] = *pair;
        *byte = high << 4 | low;
    }
    Some(bytes)
}

/// Whether some parser would read a UUID here: 32 hexadecimal digits after `urn:uuid:`, braces and hyphens are taken away.
fn is_spelling_of_uuid(text: &[u8]) -> bool {
    let inner = match text.split_at_checked(9) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"urn:uuid:") => rest,
        _ => text,
    };
    let inner = inner.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(inner);
    let mut digits = 0usize;
    for byte in inner.iter().filter(|byte| **byte != b'-') {
        if !byte.is_ascii_hexdigit() {
            return false;
        }
        digits = digits.saturating_add(1);
    }
    digits == 32
}

/// The value of a text that is the minimal decimal of a u64.
fn canonical_number(text: &str) -> Option<u64> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && !leading_zero { text.parse().ok() } else { None }
}
