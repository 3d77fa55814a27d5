/// Says of most keys that a table does not hold them, by one word: a Bloom filter in blocks of a word, 12 bits an entry, four of
/// them set. It errs for about one absent key in eighty, which then has to be looked up.
///
/// A table alone would do; but where its probing ends is a coin toss that waits for memory, so a processor cannot work on the next
/// look-up meanwhile. Here the answer is nearly always the same and is foreseen.
pub(super) struct Filter(Box<[u64]>);

impl Filter {
    /// Of keys that are spread evenly.
    pub(super) fn of(count: usize, keys: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut words = vec![0; count.saturating_mul(12).div_ceil(64)].into_boxed_slice();
        for (high, low) in keys {
            if let Some(word) = words.get_mut(spread(high, words.len())) {
                *word |= bits(low);
            }
        }
        Self(words)
    }

    /// `false`: it is not there.
    #[inline]
    pub(super) fn may_hold(&self, (high, low): (u64, u64)) -> bool {
        let bits = bits(low);
        self.0.get(spread(high, self.0.len())).is_some_and(|word| word & bits == bits)
    }
}

/// Four of 64 bits, chosen by 24 bits of a key.
const fn bits(low: u64) -> u64 {
    bit(low) | bit(low >> 6) | bit(low >> 12) | bit(low >> 18)
}

#[expect(clippy::cast_possible_truncation, reason = "the shift takes six bits")]
const fn bit(place: u64) -> u64 {
    1u64.wrapping_shl(place as u32)
}

/// A place among `places` for a key: monotone, so sorted keys have sorted places.
pub(super) fn spread(high: u64, places: usize) -> usize {
    let product = u128::from(high).wrapping_mul(u128::try_from(places).unwrap_or(u128::MAX));
    usize::try_from(product.wrapping_shr(64)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are spread evenly, and always the same.
    fn keys(from: u64, count: usize) -> impl Iterator<Item = (u64, u64)> + Clone {
        let mix = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xD1B5_4A32_D192_ED03);
        (from..).take(count).map(move |n| (mix(n), mix(n ^ 0x5555_0000)))
    }

    #[test]
    fn holds_what_it_was_made_of_and_little_else() {
        let filter = Filter::of(100_000, keys(0, 100_000));
        assert!(keys(0, 100_000).all(|key| filter.may_hold(key)));
        let wrong = keys(1_000_000, 100_000).filter(|key| filter.may_hold(*key)).count();
        assert!((100..2000).contains(&wrong), "{wrong} in 100,000");
    }

    #[test]
    fn an_empty_one_holds_nothing() {
        assert!(keys(0, 100).all(|key| !Filter::of(0, std::iter::empty()).may_hold(key)));
    }
}
