use crate::codec::reader::WireIdentifier;
use crate::id::{Form, Identifier, Permissions};
use crate::time::Timestamp;

/// Puts values at the end of a byte string; what [`super::Reader`] takes off.
pub(crate) trait Writer {
    fn put(&mut self, bytes: &[u8]);

    /// u40, big-endian. A time beyond [`Timestamp::WIRE_MAX`] is written as that; constructors refuse it before.
    fn put_timestamp(&mut self, time: Timestamp) {
        let [_, _, _, wire @ ..] = time.min(Timestamp::WIRE_MAX).unix().to_be_bytes();
        self.put(&wire);
    }

    fn put_varint(&mut self, value: u64) {
        let mut rest = value;
        loop {
            let [group, ..] = (rest & 0x7F).to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                return self.put(&[group]);
            }
            self.put(&[group | 0x80]);
        }
    }

    fn put_identifier(&mut self, identifier: &Identifier) {
        let bytes = identifier.bytes();
        let [length, ..] = bytes.len().to_le_bytes();
        match identifier.form() {
            Form::Text => self.put(&[0x00, length]),
            Form::Uuid => self.put(&[0x01]),
            Form::Number => self.put(&[0x02]),
        }
        self.put(bytes);
    }

    fn put_permissions(&mut self, permissions: Permissions) {
        let bytes = permissions.bits().to_le_bytes();
        let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let [count, ..] = length.to_le_bytes();
        self.put(&[count]);
        self.put(bytes.get(..length).unwrap_or_default());
    }
}

/// Room for one identifier's wire form, on the stack.
pub(crate) struct WireBuffer {
    bytes: [u8; 66],
    length: usize,
}

impl WireBuffer {
    /// The identifier that was put here.
    pub(crate) fn identifier(&self) -> WireIdentifier<'_> {
        WireIdentifier::written(self.bytes.get(..self.length).unwrap_or_default())
    }
}

impl Default for WireBuffer {
    fn default() -> Self {
        Self { bytes: [0; 66], length: 0 }
    }
}

impl From<&Identifier> for WireBuffer {
    fn from(identifier: &Identifier) -> Self {
        let mut buffer = Self::default();
        buffer.put_identifier(identifier);
        buffer
    }
}

impl Writer for WireBuffer {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

impl Writer for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
