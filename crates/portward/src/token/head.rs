//! What the issuer signs, before any block. `spec/token.md` section 2.
//!
//! ```text
//! 01 | kind 1 | root id 4 | token id 16 | issued 5 | expires 5 | generations 3 varints | tenant | client
//!    | audience | permissions |   a session also: link id 16 | link root 4 | revision | copies 1+16n | resources 1+…
//! ```

use crate::codec::{Malformed, Reader, WireIdentifier, Writer};
use crate::id::{Identifier, Permissions};
use crate::key::RootId;
use crate::revocation::{EntryId, Generations};
use crate::time::Timestamp;
use crate::token::kind::{BLOCKS_MAX, Kind, VERSION};

/// Most resources a session or a restriction names.
pub(super) const RESOURCES_MAX: usize = 16;

/// What an issuer writes.
pub(super) struct Head<'a> {
    pub(super) kind: Kind,
    pub(super) root: RootId,
    pub(super) token_id: EntryId,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) generations: Generations,
    pub(super) tenant: &'a Identifier,
    pub(super) client: &'a Identifier,
    pub(super) audience: Option<&'a Identifier>,
    pub(super) permissions: Permissions,
    pub(super) origin: Option<Origin<'a>>,
}

/// What a session says of the link it was redeemed from.
pub(super) struct Origin<'a> {
    pub(super) link: EntryId,
    pub(super) link_root: RootId,
    pub(super) revision: u32,
    pub(super) copies: &'a [EntryId],
    /// Empty: not restricted.
    pub(super) resources: &'a [Identifier],
}

/// What is read, not yet believed. Whatever has no fixed size lies where it was read, so that reading moves and allocates nothing.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) kind: Kind,
    pub(super) root: RootId,
    pub(super) token_id: EntryId,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) generations: Generations,
    pub(super) tenant: WireIdentifier<'a>,
    pub(super) client: WireIdentifier<'a>,
    pub(super) audience: Option<WireIdentifier<'a>>,
    pub(super) permissions: Permissions,
    pub(super) origin: Option<OriginFields<'a>>,
}

/// The same of a session.
#[derive(Clone, Copy)]
pub(super) struct OriginFields<'a> {
    pub(super) link: EntryId,
    pub(super) link_root: RootId,
    pub(super) revision: u32,
    pub(super) copies: &'a [EntryId],
    /// `count ‖ identifiers`.
    pub(super) resources: &'a [u8],
}

impl Head<'_> {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put(&[VERSION, self.kind.wire()]);
        bytes.put(&self.root.to_bytes());
        bytes.put(&self.token_id);
        bytes.put_timestamp(self.issued_at);
        bytes.put_timestamp(self.expires_at);
        bytes.put_varint(self.generations.deployment.into());
        bytes.put_varint(self.generations.tenant.into());
        bytes.put_varint(self.generations.client.into());
        bytes.put_identifier(self.tenant);
        bytes.put_identifier(self.client);
        match self.audience {
            None => bytes.put(&[0x00]),
            Some(audience) => {
                bytes.put(&[0x01]);
                bytes.put_identifier(audience);
            }
        }
        bytes.put_permissions(self.permissions);
        if let Some(origin) = &self.origin {
            bytes.put(&origin.link);
            bytes.put(&origin.link_root.to_bytes());
            bytes.put_varint(origin.revision.into());
            bytes.put(&[count(origin.copies)]);
            origin.copies.iter().for_each(|copy| bytes.put(copy));
            write_resources(origin.resources, bytes);
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) const EMPTY: Self = Self {
        kind: Kind::Link,
        root: RootId::from_bytes([0; 4]),
        token_id: [0; 16],
        issued_at: Timestamp::from_unix(0),
        expires_at: Timestamp::from_unix(0),
        generations: Generations { deployment: 0, tenant: 0, client: 0 },
        tenant: WireIdentifier::EMPTY,
        client: WireIdentifier::EMPTY,
        audience: None,
        permissions: Permissions::NONE,
        origin: None,
    };

    /// Reads what follows version and kind, in place: moving what was just written costs more than reading it.
    #[inline]
    pub(super) fn read(&mut self, kind: Kind, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.kind = kind;
        self.root = RootId::from_bytes(reader.array()?);
        self.token_id = reader.array()?;
        self.issued_at = reader.timestamp()?;
        self.expires_at = reader.timestamp()?;
        self.generations.deployment = reader.varint_u32()?;
        self.generations.tenant = reader.varint_u32()?;
        self.generations.client = reader.varint_u32()?;
        self.tenant = reader.wire_identifier()?;
        self.client = reader.wire_identifier()?;
        self.audience = match reader.u8()? {
            0x00 => None,
            0x01 => Some(reader.wire_identifier()?),
            _ => return Err(Malformed),
        };
        self.permissions = reader.permissions()?;
        if kind == Kind::Session {
            self.origin = Some(OriginFields::read(reader)?);
        }
        Ok(())
    }
}

impl<'a> OriginFields<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let link = reader.array()?;
        let link_root = RootId::from_bytes(reader.array()?);
        let revision = reader.varint_u32()?;
        let copies = usize::from(reader.u8()?);
        if copies > BLOCKS_MAX {
            return Err(Malformed);
        }
        let (copies, _) = reader.take(copies.saturating_mul(16))?.as_chunks();
        let start = *reader;
        read_resources(reader, 0, |_| ())?;
        Ok(Self { link, link_root, revision, copies, resources: start.until(reader) })
    }
}

/// `count ‖ identifiers`, sorted by their wire form by whoever made the list.
pub(super) fn write_resources(resources: &[Identifier], bytes: &mut impl Writer) {
    bytes.put(&[count(resources)]);
    resources.iter().for_each(|resource| bytes.put_identifier(resource));
}

/// Reads `count ‖ identifiers`, strictly ascending by their wire form, and hands each to `each`.
pub(super) fn read_resources(
    reader: &mut Reader<'_>,
    at_least: u8,
    mut each: impl FnMut(Identifier),
) -> Result<(), Malformed> {
    let count = reader.u8()?;
    if count < at_least || usize::from(count) > RESOURCES_MAX {
        return Err(Malformed);
    }
    let mut last: &[u8] = &[];
    for _ in 0..count {
        let start = *reader;
        let resource = reader.identifier()?;
        let wire = start.until(reader);
        if wire <= last {
            return Err(Malformed);
        }
        last = wire;
        each(resource);
    }
    Ok(())
}

/// Sorted and without repetitions, as the wire wants them.
pub(super) fn sorted(resources: impl IntoIterator<Item = Identifier>) -> Vec<Identifier> {
    let wire = |resource: &Identifier| {
        let mut bytes = Vec::with_capacity(66);
        bytes.put_identifier(resource);
        bytes
    };
    let mut resources: Vec<_> = resources.into_iter().collect();
    resources.sort_by_cached_key(wire);
    resources.dedup();
    resources
}

/// All our lists have at most 16 members.
fn count<T>(list: &[T]) -> u8 {
    u8::try_from(list.len()).unwrap_or(u8::MAX)
}
