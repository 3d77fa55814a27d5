//! What the issuer signs, before any block. `spec/token.md` section 2.
//!
//! ```text
//! 01 | kind 1 | root id 4 | token id 16 | issued 5 | expires 5 | generations 3 varints | tenant | client
//!    | audience | permissions |   a session also: link id 16 | link root 4 | revision | copies 1+16n | resources 1+…
//! ```

use core::ops::Range;

use crate::codec::{Malformed, Reader, Writer};
use crate::id::{Identifier, Permissions};
use crate::key::RootId;
use crate::revocation::{EntryId, Generations};
use crate::time::Timestamp;
use crate::token::kind::{BLOCKS_MAX, Kind, VERSION};

/// Most resources a session or a restriction names.
pub(super) const RESOURCES_MAX: usize = 16;

/// The fields common to both kinds.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) root: RootId,
    pub(super) token_id: EntryId,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) generations: Generations,
    pub(super) tenant: Identifier,
    pub(super) client: Identifier,
    pub(super) audience: Option<Identifier>,
    pub(super) permissions: Permissions,
}

/// What a session says of the link it was redeemed from.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) link: EntryId,
    pub(super) link_root: RootId,
    pub(super) revision: u32,
    pub(super) copies: &'a [EntryId],
    /// Empty: not restricted.
    pub(super) resources: &'a [Identifier],
}

/// The same after parsing: where the two lists lie among the token's bytes, so that parsing allocates nothing.
#[derive(Clone)]
pub(super) struct ParsedOrigin {
    pub(super) link: EntryId,
    pub(super) link_root: RootId,
    pub(super) revision: u32,
    pub(super) copies: Range<usize>,
    pub(super) resources: Range<usize>,
}

impl Head {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put(&[VERSION, self.kind.wire()]);
        bytes.put(&self.root.to_bytes());
        bytes.put(&self.token_id);
        bytes.put_timestamp(self.issued_at);
        bytes.put_timestamp(self.expires_at);
        bytes.put_varint(self.generations.deployment.into());
        bytes.put_varint(self.generations.tenant.into());
        bytes.put_varint(self.generations.client.into());
        bytes.put_identifier(&self.tenant);
        bytes.put_identifier(&self.client);
        match &self.audience {
            None => bytes.put(&[0x00]),
            Some(audience) => {
                bytes.put(&[0x01]);
                bytes.put_identifier(audience);
            }
        }
        bytes.put_permissions(self.permissions);
    }

    /// Reads what follows version and kind.
    pub(super) fn read(kind: Kind, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            kind,
            root: RootId::from_bytes(reader.array()?),
            token_id: reader.array()?,
            issued_at: reader.timestamp()?,
            expires_at: reader.timestamp()?,
            generations: Generations {
                deployment: reader.varint_u32()?,
                tenant: reader.varint_u32()?,
                client: reader.varint_u32()?,
            },
            tenant: reader.identifier()?,
            client: reader.identifier()?,
            audience: match reader.u8()? {
                0x00 => None,
                0x01 => Some(reader.identifier()?),
                _ => return Err(Malformed),
            },
            permissions: reader.permissions()?,
        })
    }
}

impl Origin<'_> {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put(&self.link);
        bytes.put(&self.link_root.to_bytes());
        bytes.put_varint(self.revision.into());
        bytes.put(&[count(self.copies)]);
        self.copies.iter().for_each(|copy| bytes.put(copy));
        write_resources(self.resources, bytes);
    }
}

impl ParsedOrigin {
    /// `length` is that of everything `reader` was made of.
    pub(super) fn read(length: usize, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let link = reader.array()?;
        let link_root = RootId::from_bytes(reader.array()?);
        let revision = reader.varint_u32()?;
        let copies = usize::from(reader.u8()?);
        if copies > BLOCKS_MAX {
            return Err(Malformed);
        }
        let position = |reader: &Reader<'_>| length.saturating_sub(reader.left());
        let start = position(reader);
        reader.take(copies.saturating_mul(16))?;
        let end = position(reader);
        read_resources(reader, 0, |_| ())?;
        Ok(Self { link, link_root, revision, copies: start..end, resources: end..position(reader) })
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
