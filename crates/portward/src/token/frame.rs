//! The token taken apart, before anything in it is believed. `spec/token.md` section 5, part A; the numbers are its steps.

use crate::codec::{self, Reader};
use crate::token::block;
use crate::token::error::FormError;
use crate::token::head::Fields;
use crate::token::kind::{BLOCKS_MAX, Kind, TAG_LENGTH, TOKEN_MAX, VERSION};

/// Room for what 1,020 characters of base64url decode to.
pub(super) type Buffer = [u8; 765];

/// An empty [`Buffer`].
pub(super) const BUFFER: Buffer = [0; 765];

/// A token of good form that nobody has vouched for. Only a verifier, and the holder's own reader, look inside.
pub(super) struct UnverifiedToken<'b> {
    pub(super) fields: Fields<'b>,
    /// What the first tag covers.
    pub(super) head: &'b [u8],
    blocks: [&'b [u8]; BLOCKS_MAX],
    block_count: usize,
    /// The last tag of the chain.
    pub(super) tag: &'b [u8; TAG_LENGTH],
    /// Head and blocks.
    pub(super) content: &'b [u8],
}

impl<'b> UnverifiedToken<'b> {
    /// Takes the text apart in bounded time, without allocating.
    #[inline]
    pub(super) fn parse(text: &str, buffer: &'b mut Buffer) -> Result<Self, FormError> {
        if text.len() > TOKEN_MAX {
            return Err(FormError::TooLong); // 1
        }
        let kind = [Kind::Link, Kind::Session].into_iter().find(|kind| text.starts_with(kind.prefix()));
        let kind = kind.ok_or(FormError::BadPrefix)?; // 2
        let encoded = text.get(kind.prefix().len()..).unwrap_or_default();
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
        let fields = Fields::read(kind, &mut reader).map_err(|_| FormError::MalformedHead)?; // 9
        let (head, _) = content.split_at(content.len().saturating_sub(reader.left()));
        if kind == Kind::Session && !reader.is_empty() {
            return Err(FormError::SessionWithBlocks); // 10
        }
        let mut token = Self { fields, head, blocks: [&[]; BLOCKS_MAX], block_count: 0, tag, content };
        token.read_blocks(&mut reader)?; // 11
        Ok(token)
    }

    /// The whole encoding of each block.
    pub(super) fn blocks(&self) -> &[&'b [u8]] {
        self.blocks.get(..self.block_count).unwrap_or_default()
    }

    fn read_blocks(&mut self, reader: &mut Reader<'b>) -> Result<(), FormError> {
        let mut sealed = false;
        while !reader.is_empty() {
            let place = self.blocks.get_mut(self.block_count).ok_or(FormError::TooManyBlocks)?; // 11a
            if sealed {
                return Err(FormError::BlockAfterSeal); // 11b
            }
            let start = *reader;
            sealed = block::check(reader)?; // 11c–11f
            *place = start.until(reader);
            self.block_count = self.block_count.saturating_add(1);
        }
        Ok(())
    }
}

fn check_kind(kind: Kind, wire: Option<u8>) -> Result<(), FormError> {
    let known = [Kind::Link, Kind::Session].into_iter().find(|kind| Some(kind.wire()) == wire);
    match known {
        None => Err(FormError::UnknownKind),
        Some(known) if known != kind => Err(FormError::KindMismatch),
        Some(_) => Ok(()),
    }
}
