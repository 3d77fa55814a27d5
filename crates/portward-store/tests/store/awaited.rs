//! What comes about after a while, and how soon it should.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Less than the 30 s for which a view is believed unless somebody says otherwise, and far more than a machine with other things to do needs.
pub(crate) const AT_MOST: Duration = Duration::from_secs(25);

/// Asks until the answer is this one, and tells how long that took.
#[track_caller]
pub(crate) fn comes_to_be<T: PartialEq<E> + Debug, E: Debug>(expected: E, mut ask: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    loop {
        let said = ask();
        let after = start.elapsed();
        if said == expected {
            return after;
        }
        assert!(after < AT_MOST, "{said:?} and not {expected:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A busy machine may delay each of them, but hardly all.
#[track_caller]
pub(crate) fn is_within_a_second(times: &[Duration]) {
    assert!(times.iter().min().unwrap() < &Duration::from_secs(1), "not even the quickest of {times:?}");
}
