//! What happens to bytes on their way: flipped, cut, doubled, moved, and mixed with others.

use arbitrary::{Result, Unstructured};

/// Up to eight edits, as the input says.
pub(crate) fn edited(input: &mut Unstructured<'_>, mut bytes: Vec<u8>, others: &[&[u8]]) -> Result<Vec<u8>> {
    for _ in 0..input.int_in_range(0..=8)? {
        let kind = input.int_in_range(0..=6)?;
        let at = place(input, bytes.len())?;
        match kind {
            0 if at < bytes.len() => bytes[at] ^= input.int_in_range(1..=255)?,
            1 => bytes.truncate(at),
            2 => {
                let to = at + place(input, (bytes.len() - at).min(64))?;
                bytes.drain(at..to);
            }
            3 => {
                let length = input.int_in_range(0..=40)?.min(input.len());
                let inserted = input.bytes(length)?.to_vec();
                bytes.splice(at..at, inserted);
            }
            4 => {
                let to = at + place(input, (bytes.len() - at).min(64))?;
                let moved: Vec<u8> = bytes.drain(at..to).collect();
                let at = place(input, bytes.len())?;
                bytes.splice(at..at, moved);
            }
            5 if !others.is_empty() => {
                let other = input.choose(others)?;
                let from = place(input, other.len())?;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => bytes.extend_from_within(at..bytes.len().min(at + 64)),
        }
    }
    Ok(bytes)
}

/// A place in so many bytes, or behind them.
pub(crate) fn place(input: &mut Unstructured<'_>, length: usize) -> Result<usize> {
    input.int_in_range(0..=length)
}
