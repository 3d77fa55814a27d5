//! The token taken apart, before anything in it is believed. `spec/token.md` section 5, part A; the numbers are its steps.

use crate::codec::{self, Reader};
use crate::token::block::Block;
use crate::token::error::FormError;
use crate::token::head::Fields;
use crate::token::kind::{BLOCKS_MAX, Kind, TAG_LENGTH, TOKEN_MAX, VERSION};

/// Room on the stack for the token's bytes. Clearing the large one for every short token would be felt.
#[expect(clippy::large_enum_variant, reason = "it lies on the stack for one call, to spare an allocation")]
pub(super) enum Buffer {
    Short([u8; 192]),
    Long([u8; 765]),
}

impl Buffer {
    #[inline]
    pub(super) const fn for_text(text: &str) -> Self {
        if text.len() <= 256 { Self::Short([0; 192]) } else { Self::Long([0; 765]) }
    }

    #[inline]
    pub(super) const fn bytes(&mut self) -> &mut [u8] {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(bytes) => bytes,
        }
    }
}

/// A token of good form that nobody has vouched for. Only a verifier, and the holder's own reader, look inside.
pub(super) struct UnverifiedToken<'b> {
    pub(super) fields: Fields<'b>,
    /// What the first tag covers.
    pub(super) head: &'b [u8],
    blocks: &'b [u8],
    pub(super) block_count: usize,
    /// The last tag of the chain.
    pub(super) tag: &'b [u8; TAG_LENGTH],
    /// Head and blocks.
    pub(super) content: &'b [u8],
}

impl<'b> UnverifiedToken<'b> {
    /// Nothing read yet.
    pub(super) const EMPTY: Self =
        Self { fields: Fields::EMPTY, head: &[], blocks: &[], block_count: 0, tag: &[0; TAG_LENGTH], content: &[] };

    /// Takes the text apart in bounded time, in place, without allocating.
    #[inline]
    pub(super) fn read(&mut self, text: &str, buffer: &'b mut [u8]) -> Result<(), FormError> {
        if text.len() > TOKEN_MAX {
            return Err(FormError::TooLong); // 1
        }
        let (kind, encoded) = split_prefix(text).ok_or(FormError::BadPrefix)?; // 2
        let bytes = codec::decode_into(encoded, buffer).map_err(|_| FormError::BadBase64)?; // 3
        let (inner, crc) = bytes.split_last_chunk().ok_or(FormError::TooShort)?;
        let (content, tag) = inner.split_last_chunk().ok_or(FormError::TooShort)?;
        let (version, rest) = content.split_first().ok_or(FormError::TooShort)?; // 4
        if codec::crc32(kind.prefix(), inner) != *crc {
            return Err(FormError::BadChecksum); // 5
        }
        if *version != VERSION {
            return Err(FormError::UnknownVersion); // 6
        }
        check_kind(kind, rest.first().copied())?; // 7, 8
        let mut reader = Reader::new(rest.get(1..).unwrap_or_default());
        self.fields.read(kind, &mut reader).map_err(|_| FormError::MalformedHead)?; // 9
        if kind == Kind::Session && !reader.is_empty() {
            return Err(FormError::SessionWithBlocks); // 10
        }
        (self.head, self.blocks) = content.split_at(content.len().saturating_sub(reader.left()));
        self.tag = tag;
        self.content = content;
        self.check_blocks(&mut reader) // 11
    }

    /// Its blocks, in their order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'b>> + use<'b> {
        let mut reader = Reader::new(self.blocks);
        core::iter::from_fn(move || Block::take(&mut reader).ok())
    }

    fn check_blocks(&mut self, reader: &mut Reader<'b>) -> Result<(), FormError> {
        let mut sealed = false;
        while !reader.is_empty() {
            if self.block_count == BLOCKS_MAX {
                return Err(FormError::TooManyBlocks); // 11a
            }
            if sealed {
                return Err(FormError::BlockAfterSeal); // 11b
            }
            sealed = Block::take(reader)?.check()?; // 11c–11f
            self.block_count = self.block_count.saturating_add(1);
        }
        Ok(())
    }
}

fn split_prefix(text: &str) -> Option<(Kind, &str)> {
    let link = text.strip_prefix(Kind::Link.prefix()).map(|rest| (Kind::Link, rest));
    link.or_else(|| text.strip_prefix(Kind::Session.prefix()).map(|rest| (Kind::Session, rest)))
}

fn check_kind(kind: Kind, wire: Option<u8>) -> Result<(), FormError> {
    match wire {
        Some(wire) if wire == kind.wire() => Ok(()),
        Some(0x01 | 0x02) => Err(FormError::KindMismatch),
        _ => Err(FormError::UnknownKind),
    }
}
