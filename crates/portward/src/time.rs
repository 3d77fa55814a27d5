//! Time as this crate sees it: whole Unix seconds for what tokens state, a monotonic reading for how old a view is.

use core::fmt;
use core::time::Duration;

/// Whole Unix seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest time that travels: 2⁴⁰−1, in the year 36812.
    pub const WIRE_MAX: Self = Self(0xFF_FFFF_FFFF);

    /// From Unix seconds.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds)
    }

    /// As Unix seconds.
    pub const fn unix(self) -> u64 {
        self.0
    }

    /// Later by a duration, whole seconds, at most the end of time.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

/// RFC 3339 where the year has four digits, else the number of seconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date =
            i64::try_from(self.0).ok().and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok());
        match date.and_then(|date| date.format(&time::format_description::well_known::Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A reading of a clock that never goes back and goes on while the machine sleeps. Its origin means nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Steady(u64);

impl Steady {
    /// From milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// In milliseconds.
    pub const fn millis(self) -> u64 {
        self.0
    }
}

/// Both readings at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// What the calendar says.
    pub wall: Timestamp,
    /// What the steady clock says.
    pub steady: Steady,
}

impl Now {
    /// A moment known by its calendar time only; no live view is fresh at it, unless it was made with the same.
    pub const fn at(wall: Timestamp) -> Self {
        Self { wall, steady: Steady(0) }
    }
}

/// Where the time comes from. [`SystemClock`] is the only code of this crate that reads a real clock.
pub trait Clock {
    /// The present moment.
    fn now(&self) -> Now;
}

/// The clocks of the operating system.
///
/// On Linux and Android the steady one is `CLOCK_BOOTTIME`, on other Unix systems `CLOCK_MONOTONIC`, else [`std::time::Instant`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// What the calendar says, without a reading of the steady clock: for who follows no view, [`Now::at`] it is enough.
    pub fn wall(self) -> Timestamp {
        // A wall clock before 1970 reads as 0: every token is then from the future and refused.
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(since.as_secs())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { wall: self.wall(), steady: steady() }
    }
}

#[cfg(unix)]
fn steady() -> Steady {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let reading = clock_gettime(CLOCK);
    let seconds = u64::try_from(reading.tv_sec).unwrap_or(0);
    let milliseconds = u64::try_from(reading.tv_nsec).unwrap_or(0) / 1_000_000;
    Steady(seconds.saturating_mul(1000).saturating_add(milliseconds))
}

#[cfg(not(unix))]
fn steady() -> Steady {
    use std::sync::LazyLock;
    use std::time::Instant;
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Steady(u64::try_from(ORIGIN.elapsed().as_millis()).unwrap_or(u64::MAX))
}
