//! Random bytes from the operating system, drawn a block at a time.
//!
//! A system call for 16 bytes costs more than the HMAC of a token. So each thread draws 256 bytes at once, hands out every
//! byte once, wipes it as it goes, and throws the block away when it finds itself in another process than the one that drew it.

use core::cell::RefCell;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::error_codes;

const BLOCK: usize = 256;

error_codes! {
    /// The operating system gave no random bytes.
    pub enum RandomError {
        Unavailable => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

/// Fills the buffer with random bytes that nobody else gets. Long buffers, and keys, are drawn directly.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<(), RandomError> {
    if buffer.len() > BLOCK / 2 {
        return draw(buffer);
    }
    POOL.with(|pool| match pool.try_borrow_mut() {
        Ok(mut pool) => pool.fill(buffer),
        Err(_) => draw(buffer),
    })
}

/// Sixteen random bytes: a name that nothing else has.
///
/// # Errors
/// [`RandomError::Unavailable`].
pub fn random_id() -> Result<[u8; 16], RandomError> {
    bytes()
}

/// `N` random bytes, for ids, salts and challenges.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Straight from the operating system, past the block: what keys are made of.
pub(crate) fn draw(buffer: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(buffer).map_err(|_| RandomError::Unavailable)
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { block: [0; BLOCK], left: 0, process: 0 }) };
}

/// The first `left` bytes of the block are still to be handed out; the others are zero.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Pool {
    block: [u8; BLOCK],
    left: usize,
    process: u32,
}

impl Pool {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let process = std::process::id();
        if self.left < buffer.len() || self.process != process {
            self.left = 0;
            draw(&mut self.block)?;
            self.left = BLOCK;
            self.process = process;
        }
        let rest = self.left.saturating_sub(buffer.len());
        let taken = self.block.get_mut(rest..self.left).ok_or(RandomError::Unavailable)?;
        buffer.copy_from_slice(taken);
        taken.zeroize();
        self.left = rest;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_handed_out_twice() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(bytes::<16>().unwrap()), "a repeated id");
        }
    }

    #[test]
    fn a_block_of_another_process_is_thrown_away() {
        let mut pool = Pool { block: [7; BLOCK], left: BLOCK, process: std::process::id().wrapping_add(1) };
        let mut buffer = [0; 16];
        pool.fill(&mut buffer).unwrap();
        assert_ne!(buffer, [7; 16]);
        let mut own = Pool { block: [7; BLOCK], left: BLOCK, process: std::process::id() };
        own.fill(&mut buffer).unwrap();
        assert_eq!(buffer, [7; 16], "the control: a block of this process is used");
        assert_eq!(own.block[BLOCK - 16..], [0; 16], "and wiped as it is handed out");
    }
}
