use std::sync::atomic::{AtomicU32, Ordering};

use super::error::TokenError;

/// How often a key has wrapped. Only rises, also for a wrapping that fails: its IV may have been used.
#[derive(Default)]
pub(super) struct WrapCount(AtomicU32);

/// `spec/envelope.md` section 3: with random IVs of 12 bytes, two are the same with a probability below 2⁻³⁵.
const WRAPS_MAX: u32 = 1 << 31;

impl WrapCount {
    /// Counts one more.
    ///
    /// # Errors
    /// [`TokenError::Exhausted`].
    pub(super) fn take(&self) -> Result<(), TokenError> {
        let next = |count: u32| count.checked_add(1).filter(|next| *next <= WRAPS_MAX);
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.map(|_| ()).map_err(|_| TokenError::Exhausted)
    }

    pub(super) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_wrap_is_the_2_to_the_31st() {
        let count = WrapCount(AtomicU32::new(WRAPS_MAX - 1));
        assert_eq!(count.take(), Ok(()));
        assert_eq!(count.take(), Err(TokenError::Exhausted));
        assert_eq!(count.take(), Err(TokenError::Exhausted));
        assert_eq!(count.get(), 1 << 31);
    }
}
