//! Blocks, read once more: `spec/token.md` section 3, in the order of steps 11a to 11f.

use portward::{BLOCKS_MAX, Identifier, Timestamp};

use crate::wire;

/// A block that is as it should be.
pub(crate) struct Block<'a> {
    pub(crate) whole: &'a [u8],
    pub(crate) restrictions: Vec<Restriction<'a>>,
}

pub(crate) struct Restriction<'a> {
    /// Type and value.
    pub(crate) bytes: &'a [u8],
    pub(crate) says: Says,
}

pub(crate) enum Says {
    Expiry(Timestamp),
    Permissions(u64),
    Resources(Vec<Identifier>),
    Audience,
    Recipient(String),
    Seal,
}

type Code = &'static str;
const MALFORMED: Code = "malformed_block";

/// All blocks of a link, or the code of the first step that fails.
pub(crate) fn blocks(mut rest: &[u8]) -> Result<Vec<Block<'_>>, Code> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    while !rest.is_empty() {
        if blocks.len() == BLOCKS_MAX {
            return Err("too_many_blocks");
        }
        if blocks.last().is_some_and(|block| block.restrictions.iter().any(|one| matches!(one.says, Says::Seal))) {
            return Err("block_after_seal");
        }
        if rest[0] != 0x01 {
            return Err("unknown_block");
        }
        let mut reader = Reader(&rest[1..]);
        let length = usize::try_from(reader.varint(u32::MAX.into())?).map_err(|_| MALFORMED)?;
        let restrictions = restrictions(reader.take(length)?)?;
        let (whole, behind) = rest.split_at(rest.len() - reader.0.len());
        blocks.push(Block { whole, restrictions });
        rest = behind;
    }
    Ok(blocks)
}

/// A block of these restrictions, whatever they are.
pub(crate) fn block<'a>(restrictions: impl Iterator<Item = &'a Restriction<'a>>) -> Vec<u8> {
    let body = restrictions.flat_map(|one| one.bytes).copied().collect::<Vec<_>>();
    [vec![0x01], wire::varint(body.len() as u64), body].concat()
}

fn restrictions(body: &[u8]) -> Result<Vec<Restriction<'_>>, Code> {
    let (mut reader, mut restrictions, mut last) = (Reader(body), Vec::new(), 0);
    while !reader.0.is_empty() {
        let start = reader.0;
        let kind = reader.u8()?;
        if !(0x01..=0x06).contains(&kind) {
            return Err("unknown_restriction");
        }
        if kind <= last {
            return Err(MALFORMED);
        }
        let says = reader.value(kind)?;
        restrictions.push(Restriction { bytes: &start[..start.len() - reader.0.len()], says });
        last = kind;
    }
    if restrictions.is_empty() { Err(MALFORMED) } else { Ok(restrictions) }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn value(&mut self, kind: u8) -> Result<Says, Code> {
        Ok(match kind {
            0x01 => {
                let time = self.take(5)?.iter().fold(0, |time, byte| time << 8 | u64::from(*byte));
                Says::Expiry(Timestamp::from_unix(time))
            }
            0x02 => {
                let length = usize::from(self.u8()?);
                let bytes = self.take(length)?;
                if length > 8 || bytes.last() == Some(&0) {
                    return Err(MALFORMED);
                }
                Says::Permissions(bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
            }
            0x03 => {
                let count = self.u8()?;
                let mut list: Vec<(&[u8], Identifier)> = Vec::new();
                for _ in 0..count {
                    let before = self.0;
                    let identifier = self.identifier()?;
                    list.push((&before[..before.len() - self.0.len()], identifier));
                }
                let ascending = list.windows(2).all(|two| two[0].0 < two[1].0);
                if !(1..=16).contains(&count) || !ascending {
                    return Err(MALFORMED);
                }
                Says::Resources(list.into_iter().map(|(_, identifier)| identifier).collect())
            }
            0x04 => {
                self.identifier()?;
                Says::Audience
            }
            0x05 => {
                let length = self.u8()?;
                let label = self.take(length.into())?;
                if !(1..=32).contains(&length) || !label.iter().all(|byte| (0x20..=0x7E).contains(byte)) {
                    return Err(MALFORMED);
                }
                Says::Recipient(String::from_utf8(label.to_vec()).unwrap())
            }
            _ => Says::Seal,
        })
    }

    /// The identifier that is written as these bytes, and no other way.
    fn identifier(&mut self) -> Result<Identifier, Code> {
        let start = self.0;
        let text = match self.u8()? {
            0 => {
                let length = self.u8()?;
                String::from_utf8(self.take(length.into())?.to_vec()).map_err(|_| MALFORMED)?
            }
            1 => {
                let digits = wire::hex(self.take(16)?);
                [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
            }
            2 => self.varint(u64::MAX)?.to_string(),
            _ => return Err(MALFORMED),
        };
        let identifier = text.parse().map_err(|_| MALFORMED)?;
        let written = &start[..start.len() - self.0.len()];
        if wire::identifier(&identifier) == written { Ok(identifier) } else { Err(MALFORMED) }
    }

    fn varint(&mut self, most: u64) -> Result<u64, Code> {
        let digits = self.0.iter().position(|byte| byte & 0x80 == 0).ok_or(MALFORMED)? + 1;
        let bytes = self.take(digits)?;
        let value = bytes
            .iter()
            .rev()
            .try_fold(0_u128, |value, byte| value.checked_mul(128)?.checked_add((byte & 0x7F).into()));
        let value =
            value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value <= most).ok_or(MALFORMED)?;
        if wire::varint(value) == bytes { Ok(value) } else { Err(MALFORMED) }
    }

    fn u8(&mut self) -> Result<u8, Code> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Code> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(taken)
    }
}
