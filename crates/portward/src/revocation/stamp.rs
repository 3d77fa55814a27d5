use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::codec::{self, Malformed, Reader, WireBuffer, WireIdentifier, Writer as _};
use crate::error::error_codes;
use crate::id::Identifier;
use crate::primitive::{self, Digest32};
use crate::random::{self, RandomError};
use crate::time::Timestamp;

/// One life of a store: creation time and 8 random bytes. A restored or promoted store takes a new, greater one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation([u8; 16]);

impl Incarnation {
    /// A new one, greater than `previous` also if the clock was set back.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn generate(now: Timestamp, previous: Option<Self>) -> Result<Self, RandomError> {
        let after =
            previous.map_or(0, |Self([time @ .., _, _, _, _, _, _, _, _])| u64::from_be_bytes(time).saturating_add(1));
        let [a, b, c, d, e, f, g, h] = now.unix().max(after).to_be_bytes();
        let [i, j, k, l, m, n, o, p] = random::bytes()?;
        Ok(Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]))
    }

    /// From its bytes on the wire.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes on the wire.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({})", codec::hex(&self.0))
    }
}

/// A point in a feed: ordered by incarnation, then sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamp {
    /// Which life of the store.
    pub incarnation: Incarnation,
    /// How many changes it has committed.
    pub sequence: u64,
}

/// Whose revocations a view knows: the whole deployment's, or those of some tenants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope(Option<Arc<[Identifier]>>);

error_codes! {
    /// Why a list of tenants is no scope.
    pub enum ScopeError {
        Empty => "scope_empty", Caller, "a scope of tenants names at least one";
    }
}

impl Scope {
    /// The whole deployment.
    pub const ALL: Self = Self(None);

    /// These tenants and no others.
    ///
    /// # Errors
    /// [`ScopeError::Empty`].
    pub fn tenants(tenants: impl IntoIterator<Item = Identifier>) -> Result<Self, ScopeError> {
        let mut tenants: Vec<_> = tenants.into_iter().collect();
        tenants.sort_by_key(wire_form);
        tenants.dedup();
        if tenants.is_empty() { Err(ScopeError::Empty) } else { Ok(Self(Some(tenants.into()))) }
    }

    /// Whether the view of this scope knows about the tenant.
    pub fn contains(&self, tenant: &Identifier) -> bool {
        self.contains_wire(WireBuffer::from(tenant).identifier())
    }

    pub(super) fn contains_wire(&self, tenant: WireIdentifier<'_>) -> bool {
        let order = |other: &Identifier| WireBuffer::from(other).identifier().bytes().cmp(tenant.bytes());
        self.0.as_ref().is_none_or(|tenants| tenants.binary_search_by(order).is_ok())
    }

    /// For the vectors of the testkit: the tenants, in the order of their wire forms.
    #[cfg(test)]
    pub(crate) fn tenants_for_vectors(&self) -> Option<&[Identifier]> {
        self.0.as_deref()
    }

    fn write(&self, message: &mut Vec<u8>) {
        let Some(tenants) = &self.0 else { return message.put(&[0x00]) };
        message.put(&[0x01]);
        message.put_varint(u64::try_from(tenants.len()).unwrap_or(u64::MAX));
        tenants.iter().for_each(|tenant| message.put_identifier(tenant));
    }

    /// Takes a scope off, checked but left where it is: anybody can write one, and nothing is allocated for it.
    pub(super) fn read<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        let start = *reader;
        match reader.u8()? {
            0x00 => {}
            0x01 => {
                let count = reader.varint_u32()?;
                let mut last: &[u8] = &[];
                for _ in 0..count {
                    let tenant = reader.wire_identifier()?.bytes();
                    if tenant <= last {
                        return Err(Malformed);
                    }
                    last = tenant;
                }
                if last.is_empty() {
                    return Err(Malformed);
                }
            }
            _ => return Err(Malformed),
        }
        Ok(start.until(reader))
    }

    /// What [`Scope::read`] has taken off.
    pub(super) fn from_wire(wire: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(wire);
        if reader.u8()? == 0x00 {
            return Ok(Self::ALL);
        }
        let count = reader.varint_u32()?;
        let tenants = (0..count).map(|_| reader.identifier()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Some(tenants.into())))
    }

    pub(super) fn to_wire(&self) -> Vec<u8> {
        let mut wire = Vec::new();
        self.write(&mut wire);
        wire
    }

    /// `SHA-256(scope)`, the part of the view key's derivation.
    pub(super) fn digest(&self) -> Digest32 {
        primitive::sha256(&[&self.to_wire()])
    }
}

/// An identifier in the order that the formats want, found by the bytes that a token carries.
#[derive(Clone)]
pub(super) struct Name {
    pub(super) identifier: Identifier,
    wire: Box<[u8]>,
}

impl From<Identifier> for Name {
    fn from(identifier: Identifier) -> Self {
        Self { identifier, wire: wire_form(&identifier).into() }
    }
}

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        &self.wire
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.wire.hash(state);
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.wire.cmp(&other.wire)
    }
}

/// What identifiers are ordered by wherever the formats want an order.
fn wire_form(identifier: &Identifier) -> Vec<u8> {
    let mut wire = Vec::with_capacity(66);
    wire.put_identifier(identifier);
    wire
}
