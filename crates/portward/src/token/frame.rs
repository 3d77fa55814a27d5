//! The token taken apart, before anything in it is believed. `spec/token.md` section 5, part A; the numbers are its steps.

use core::fmt;

use crate::codec::{self, Reader};
use crate::token::block;
use crate::token::error::FormError;
use crate::token::head::{Head, ParsedOrigin};
use crate::token::kind::{BLOCKS_MAX, Kind, TAG_LENGTH, TOKEN_MAX, VERSION};

/// Room for 1,020 characters of base64url.
const BUFFER: usize = 765;

/// A token of good form that nobody has vouched for. It tells nothing; only a verifier makes something of it.
pub struct UnverifiedToken {
    buffer: [u8; BUFFER],
    pub(super) head: Head,
    pub(super) origin: Option<ParsedOrigin>,
    /// Where the head ends, then where each block ends. Offsets into the buffer.
    ends: [usize; BLOCKS_MAX + 1],
    blocks: usize,
}

impl UnverifiedToken {
    /// Takes the text apart in bounded time, without allocating.
    ///
    /// # Errors
    /// Every [`FormError`].
    pub fn parse(text: &str) -> Result<Self, FormError> {
        if text.len() > TOKEN_MAX {
            return Err(FormError::TooLong); // 1
        }
        let kind = [Kind::Link, Kind::Session].into_iter().find(|kind| text.starts_with(kind.prefix()));
        let kind = kind.ok_or(FormError::BadPrefix)?; // 2
        let prefix = kind.prefix();
        let mut buffer = [0; BUFFER];
        let bytes = text.get(prefix.len()..).unwrap_or_default();
        let bytes = codec::decode_into(bytes, &mut buffer).map_err(|_| FormError::BadBase64)?; // 3
        let Some((inner, crc)) = bytes.split_last_chunk::<4>().filter(|(inner, _)| inner.len() > TAG_LENGTH) else {
            return Err(FormError::TooShort); // 4
        };
        if codec::crc32(prefix, inner) != *crc {
            return Err(FormError::BadChecksum); // 5
        }
        let (content, _tag) = inner.split_last_chunk::<TAG_LENGTH>().ok_or(FormError::TooShort)?;
        let mut reader = Reader::new(content);
        let (head, origin) = parse_head(kind, content.len(), &mut reader)?; // 6–9
        let mut ends = [content.len().saturating_sub(reader.left()); BLOCKS_MAX + 1];
        let blocks = parse_blocks(kind, content.len(), &mut reader, &mut ends)?; // 10–11
        Ok(Self { buffer, head, origin, ends, blocks })
    }

    /// What the first tag covers.
    pub(super) fn head_bytes(&self) -> &[u8] {
        self.part(0, self.end(0))
    }

    /// The whole encoding of each block.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.blocks).map(|block| self.part(self.end(block), self.end(block.saturating_add(1))))
    }

    /// Head and blocks.
    pub(super) fn content(&self) -> &[u8] {
        self.part(0, self.end(self.blocks))
    }

    /// The last tag of the chain.
    pub(super) fn tag(&self) -> &[u8] {
        let start = self.end(self.blocks);
        self.part(start, start.saturating_add(TAG_LENGTH))
    }

    pub(super) fn part(&self, start: usize, end: usize) -> &[u8] {
        self.buffer.get(start..end).unwrap_or_default()
    }

    pub(super) const fn block_count(&self) -> usize {
        self.blocks
    }

    fn end(&self, index: usize) -> usize {
        self.ends.get(index).copied().unwrap_or_default()
    }
}

fn parse_head(kind: Kind, length: usize, reader: &mut Reader<'_>) -> Result<(Head, Option<ParsedOrigin>), FormError> {
    let version = reader.u8().map_err(|_| FormError::TooShort)?;
    if version != VERSION {
        return Err(FormError::UnknownVersion); // 6
    }
    let inner = reader.u8().map_err(|_| FormError::UnknownKind)?;
    let known = [Kind::Link, Kind::Session].into_iter().find(|kind| kind.wire() == inner);
    match known {
        None => return Err(FormError::UnknownKind),                          // 7
        Some(inner) if inner != kind => return Err(FormError::KindMismatch), // 8
        Some(_) => {}
    }
    let head = Head::read(kind, reader).map_err(|_| FormError::MalformedHead)?; // 9
    let origin = match kind {
        Kind::Link => None,
        Kind::Session => Some(ParsedOrigin::read(length, reader).map_err(|_| FormError::MalformedHead)?),
    };
    Ok((head, origin))
}

fn parse_blocks(
    kind: Kind,
    length: usize,
    reader: &mut Reader<'_>,
    ends: &mut [usize; BLOCKS_MAX + 1],
) -> Result<usize, FormError> {
    if kind == Kind::Session && !reader.is_empty() {
        return Err(FormError::SessionWithBlocks); // 10
    }
    let mut blocks = 0usize;
    let mut sealed = false;
    while !reader.is_empty() {
        blocks = blocks.saturating_add(1);
        let end = ends.get_mut(blocks).ok_or(FormError::TooManyBlocks)?; // 11a
        if sealed {
            return Err(FormError::BlockAfterSeal); // 11b
        }
        sealed = block::check(reader)?; // 11c–11f
        *end = length.saturating_sub(reader.left());
    }
    Ok(blocks)
}

impl fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedToken(..)")
    }
}
