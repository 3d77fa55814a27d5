//! What somebody with a link and a pencil can try. For the quickstart: these have to be refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The link with every permission it can name set, and a checksum that fits: whole by its looks, and forged.
pub(crate) fn widened(link: &str) -> Option<String> {
    let prefix = link.get(..4)?;
    let mut bytes = URL_SAFE_NO_PAD.decode(link.get(4..)?).ok()?;
    bytes.truncate(bytes.len().checked_sub(CHECKSUM)?);
    // The permissions are the last field of the head, just before the tag.
    let last = bytes.len().checked_sub(TAG)?.checked_sub(1)?;
    *bytes.get_mut(last)? |= 0x7f;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(prefix.as_bytes());
    checksum.update(&bytes);
    bytes.extend_from_slice(&checksum.finalize().to_be_bytes());
    Some(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The link with one letter in its middle changed, as a bad copy has it.
pub(crate) fn misspelt(link: &str) -> String {
    let middle = link.len() / 2;
    let other = |letter| if letter == 'A' { 'B' } else { 'A' };
    link.char_indices().map(|(index, letter)| if index == middle { other(letter) } else { letter }).collect()
}

const TAG: usize = 32;
const CHECKSUM: usize = 4;
