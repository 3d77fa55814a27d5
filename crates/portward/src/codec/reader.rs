use crate::id::{Form, Identifier, Permissions};
use crate::time::Timestamp;

/// The bytes are not what the format says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// An identifier in its wire form, checked, still lying where it was read. One form a text, so equal bytes are equal identifiers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct WireIdentifier<'a>(&'a [u8]);

impl<'a> WireIdentifier<'a> {
    /// Names nothing: what stands in a place that has not been read yet.
    pub(crate) const EMPTY: Self = Self(&[]);

    /// Of bytes that our own writer wrote.
    pub(super) const fn written(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// What it names.
    #[inline(always)]
    pub(crate) fn to_identifier(self) -> Identifier {
        match self.0.split_first_chunk::<17>() {
            Some((&[0x01, uuid @ ..], [])) => Identifier::from_uuid_bytes(uuid),
            _ => self.to_other_identifier(),
        }
    }

    fn to_other_identifier(self) -> Identifier {
        match self.0 {
            [0x02, number @ ..] => Identifier::from_checked(Form::Number, number),
            [_, _, text @ ..] => Identifier::from_checked(Form::Text, text),
            _ => Identifier::from_checked(Form::Text, &[]),
        }
    }
}

/// Takes values off the front of a byte string.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// What lies between here and a later place of the same bytes.
    #[inline]
    pub(crate) fn until(&self, later: &Self) -> &'a [u8] {
        self.rest.get(..self.left().saturating_sub(later.left())).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// u40, big-endian.
    #[inline]
    pub(crate) fn timestamp(&mut self) -> Result<Timestamp, Malformed> {
        let [a, b, c, d, e] = self.array()?;
        Ok(Timestamp::from_unix(u64::from_be_bytes([0, 0, 0, a, b, c, d, e])))
    }

    /// Minimal unsigned LEB128 of a u64.
    #[inline]
    pub(crate) fn varint_u64(&mut self) -> Result<u64, Malformed> {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.u8()?;
            let group = u64::from(byte & 0x7F);
            let shifted = group.wrapping_shl(shift);
            if shifted.wrapping_shr(shift) != group {
                return Err(Malformed);
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(Malformed) } else { Ok(value) };
            }
        }
        Err(Malformed)
    }

    /// Minimal unsigned LEB128 of a u32.
    #[inline]
    pub(crate) fn varint_u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.varint_u64()?).map_err(|_| Malformed)
    }

    /// `spec/keys.md` section 2. Text that another type would carry is refused.
    #[inline]
    pub(crate) fn identifier(&mut self) -> Result<Identifier, Malformed> {
        match self.u8()? {
            0x00 => {
                let length = self.u8()?;
                let text = core::str::from_utf8(self.take(length.into())?).map_err(|_| Malformed)?;
                let identifier = Identifier::new(text).map_err(|_| Malformed)?;
                if identifier.form() == Form::Text { Ok(identifier) } else { Err(Malformed) }
            }
            0x01 => self.array().map(Identifier::from_uuid_bytes),
            0x02 => self.varint_u64().map(Identifier::from),
            _ => Err(Malformed),
        }
    }

    /// The same, checked and left where it is.
    #[inline]
    pub(crate) fn wire_identifier(&mut self) -> Result<WireIdentifier<'a>, Malformed> {
        let start = *self;
        match self.u8()? {
            0x01 => drop(self.take(16)?),
            _ => {
                *self = start;
                self.identifier()?;
            }
        }
        Ok(WireIdentifier(start.until(self)))
    }

    /// `spec/keys.md` section 3. At most eight bytes, the last of them not zero.
    #[inline]
    pub(crate) fn permissions(&mut self) -> Result<Permissions, Malformed> {
        let length = self.u8()?;
        let bytes = self.take(length.into())?;
        if bytes.len() > 8 || bytes.last() == Some(&0) {
            return Err(Malformed);
        }
        Ok(Permissions::from_bits(bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte))))
    }
}
