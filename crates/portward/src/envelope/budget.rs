use crate::envelope::error::SealError;

/// What was sealed under a data key, as the sum of the squares of the bodies' blocks. `spec/envelope.md` section 8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Usage(u128);

const BLOCK: u64 = 16;

impl Usage {
    /// All that may be sealed under one data key.
    pub const BUDGET: Self = Self(1 << 97);

    /// Of one body of so many bytes of plaintext.
    pub fn of_body(bytes: u64) -> Self {
        Self(square(bytes))
    }

    /// From its number.
    pub const fn from_cost(cost: u128) -> Self {
        Self(cost)
    }

    /// Its number.
    pub const fn cost(self) -> u128 {
        self.0
    }

    /// This and as much again as `part`; `None` if so much is not left.
    pub fn reserve(self, part: Self) -> Option<Self> {
        self.0.checked_add(part.0).map(Self).filter(|raised| *raised <= Self::BUDGET)
    }

    /// Whether half of the budget is used: time to rotate.
    pub const fn is_high(self) -> bool {
        self.0 >= Self::BUDGET.0 / 2
    }

    /// Adds a body of this many bytes.
    ///
    /// # Errors
    /// [`SealError::KeyExhausted`]; nothing is added then.
    pub fn add(&mut self, bytes: u64) -> Result<(), SealError> {
        self.raise(0, square(bytes))
    }

    /// Lets a body that was counted with `before` bytes grow.
    pub(super) fn grow(&mut self, before: u64, bytes: u64) -> Result<(), SealError> {
        self.raise(square(before), square(bytes))
    }

    fn raise(&mut self, before: u128, after: u128) -> Result<(), SealError> {
        let raised = self.0.saturating_sub(before).saturating_add(after);
        if raised > Self::BUDGET.0 {
            return Err(SealError::KeyExhausted);
        }
        self.0 = raised;
        Ok(())
    }
}

fn square(bytes: u64) -> u128 {
    u128::from(bytes.div_ceil(BLOCK).max(1)).saturating_pow(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_standard_is_met_exactly() {
        for (bytes, messages) in [(32u64 << 20, 55), (1 << 30, 45), (1 << 40, 25), (1 << 52, 1)] {
            let one = square(bytes);
            let mut usage = Usage::from_cost(one * ((1 << messages) - 1));
            assert_eq!(usage.add(bytes), Ok(()));
            assert!(usage.is_high());
            assert_eq!(usage.add(bytes), Err(SealError::KeyExhausted));
            assert_eq!(usage.cost(), one << messages, "what is refused is not counted");
        }
    }

    #[test]
    fn a_body_that_grows_costs_what_it_costs_in_the_end() {
        let (mut grown, mut whole) = (Usage::default(), Usage::default());
        grown.add(0).unwrap();
        grown.grow(0, 16_384).unwrap();
        grown.grow(16_384, 40_000).unwrap();
        whole.add(40_000).unwrap();
        assert_eq!(grown, whole);
    }
}
