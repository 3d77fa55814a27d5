use crate::id::identifier::{Form, Identifier};

/// An identifier in a third of the room, for what is made often and moved about. It cannot be copied without allocating.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum CompactIdentifier {
    Uuid([u8; 16]),
    Number(u64),
    Text(Box<Identifier>),
}

impl From<Identifier> for CompactIdentifier {
    fn from(identifier: Identifier) -> Self {
        match *identifier.form() {
            Form::Uuid(bytes) => Self::Uuid(bytes),
            Form::Number(number) => Self::Number(number),
            Form::Text { .. } => Self::Text(Box::new(identifier)),
        }
    }
}

impl From<&CompactIdentifier> for Identifier {
    fn from(compact: &CompactIdentifier) -> Self {
        match compact {
            CompactIdentifier::Uuid(bytes) => Self::from_uuid_bytes(*bytes),
            CompactIdentifier::Number(number) => Self::from(*number),
            CompactIdentifier::Text(identifier) => **identifier,
        }
    }
}
