use crate::codec::{Malformed, Reader, Writer as _};
use crate::envelope::error::OpenError;
use crate::envelope::slot::Slot;

/// The 16 random bytes that name a data key or a tenant KEK.
pub type KeyId = [u8; 16];

/// What stands before the body of an object: which data key, and where it is embedded, its slots. `spec/envelope.md` section 4.
///
/// ```text
/// F5 | version 1 | suite 1 | kind 1 | data key id 16 |   embedded also: L u16 | count 1 | slots
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    data_key: KeyId,
    /// Empty: detached.
    slots: Vec<Slot>,
}

pub(super) const MAGIC: u8 = 0xF5;
pub(super) const VERSION: u8 = 0x01;
pub(super) const SUITE: u8 = 0x01;
const DETACHED: u8 = 0x00;
const EMBEDDED: u8 = 0x01;
/// Most slots of an object.
pub const SLOTS_MAX: usize = 16;
const SLOTS_LENGTH_MAX: usize = 16_384;
/// Longest header, in bytes.
pub(super) const HEADER_MAX: usize = 22 + SLOTS_LENGTH_MAX;

impl Header {
    /// Longest header, in bytes.
    pub const LENGTH_MAX: usize = HEADER_MAX;

    /// Of an object whose key lies in a key store.
    pub const fn detached(data_key: KeyId) -> Self {
        Self { data_key, slots: Vec::new() }
    }

    /// Of an object that carries its key: 1 to 16 slots of at most 16,383 bytes together. `None` for others.
    pub fn embedded(data_key: KeyId, slots: Vec<Slot>) -> Option<Self> {
        let length = slots.iter().map(|slot| slot.to_bytes().len()).fold(1usize, usize::saturating_add);
        let fits = (1..=SLOTS_MAX).contains(&slots.len()) && length <= SLOTS_LENGTH_MAX;
        fits.then_some(Self { data_key, slots })
    }

    /// Reads the header at the front, and says how long it is: there the body begins. Needs no key.
    ///
    /// # Errors
    /// [`OpenError::NotAnEnvelope`], [`OpenError::UnknownVersion`], [`OpenError::UnknownSuite`], [`OpenError::UnknownKind`],
    /// [`OpenError::HeaderMalformed`].
    pub fn parse(object: &[u8]) -> Result<(Self, usize), OpenError> {
        let mut reader = Reader::new(object);
        if reader.u8() != Ok(MAGIC) {
            return Err(OpenError::NotAnEnvelope);
        }
        if reader.u8()? != VERSION {
            return Err(OpenError::UnknownVersion);
        }
        if reader.u8()? != SUITE {
            return Err(OpenError::UnknownSuite);
        }
        let kind = reader.u8()?;
        if !matches!(kind, DETACHED | EMBEDDED) {
            return Err(OpenError::UnknownKind);
        }
        let data_key = reader.array()?;
        let slots = if kind == EMBEDDED { read_slots(&mut reader)? } else { Vec::new() };
        Ok((Self { data_key, slots }, object.len().saturating_sub(reader.left())))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![MAGIC, VERSION, SUITE, if self.slots.is_empty() { DETACHED } else { EMBEDDED }];
        bytes.put(&self.data_key);
        if self.slots.is_empty() {
            return bytes;
        }
        let slots: Vec<u8> = self.slots.iter().flat_map(Slot::to_bytes).collect();
        let length = u16::try_from(slots.len().saturating_add(1)).unwrap_or(u16::MAX);
        bytes.put(&length.to_be_bytes());
        bytes.put(&[u8::try_from(self.slots.len()).unwrap_or(u8::MAX)]);
        bytes.put(&slots);
        bytes
    }

    /// How many bytes the header has whose first bytes these are: 22 are enough to tell, 20 of a detached one. `None`: read more, or it
    /// is malformed.
    pub(super) fn length(start: &[u8]) -> Option<usize> {
        match (start.get(3)?, start.get(20..22)) {
            (&EMBEDDED, None) => None,
            (&EMBEDDED, Some(length)) => {
                length.try_into().ok().map(|length| usize::from(u16::from_be_bytes(length)).saturating_add(22))
            }
            _ => Some(20),
        }
    }

    /// The data key that the body is under.
    pub const fn data_key(&self) -> KeyId {
        self.data_key
    }

    /// Where the data key is embedded; empty if it is not.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }
}

fn read_slots(reader: &mut Reader<'_>) -> Result<Vec<Slot>, Malformed> {
    let length = usize::from(u16::from_be_bytes(reader.array()?));
    if !(1..=SLOTS_LENGTH_MAX).contains(&length) {
        return Err(Malformed);
    }
    let mut section = Reader::new(reader.take(length)?);
    let count = usize::from(section.u8()?);
    if !(1..=SLOTS_MAX).contains(&count) {
        return Err(Malformed);
    }
    let slots = (0..count).map(|_| Slot::read(&mut section)).collect::<Result<_, _>>()?;
    if section.is_empty() { Ok(slots) } else { Err(Malformed) }
}

impl From<Malformed> for OpenError {
    fn from(_: Malformed) -> Self {
        Self::HeaderMalformed
    }
}
