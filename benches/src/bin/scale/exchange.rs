//! One request with its answer, and the middle of many.

use std::time::Duration;

/// What an exchange took.
#[derive(Clone, Copy, Default)]
pub struct Exchange {
    pub bytes: usize,
    pub is_snapshot: bool,
    /// Processor time of the server.
    pub answer: Duration,
    /// The most that the server's heap grew by.
    pub answer_peak: u64,
    /// Processor time of the verifier.
    pub accept: Duration,
    /// By how much the verifier's heap has grown, and the most that it grew by on the way. The message itself is not in it.
    pub held: i64,
    pub accept_peak: u64,
}

impl Exchange {
    /// The mean of the bytes, which differ by what was revoked; of what differs by the mood of the machine, the median.
    pub fn middle(all: &[Self]) -> Self {
        Self {
            bytes: all.iter().map(|one| one.bytes).sum::<usize>() / all.len(),
            is_snapshot: median(all, |one| one.is_snapshot),
            answer: median(all, |one| one.answer),
            answer_peak: median(all, |one| one.answer_peak),
            accept: median(all, |one| one.accept),
            held: median(all, |one| one.held),
            accept_peak: median(all, |one| one.accept_peak),
        }
    }
}

/// The middle one of what is taken from each.
pub fn median<T, V: Ord + Copy>(all: &[T], value: impl Fn(&T) -> V) -> V {
    let mut values: Vec<V> = all.iter().map(value).collect();
    values.sort_unstable();
    values[values.len() / 2]
}
