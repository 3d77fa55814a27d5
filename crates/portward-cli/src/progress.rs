//! How far a long copy is, for whoever waits at a terminal.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A source whose bytes are counted as they are read. The bar is gone with it.
pub(crate) struct Watched<R> {
    inner: R,
    /// Of all of it, if that is known.
    length: Option<u64>,
    bar: ProgressBar,
    /// When the bar is shown: what is quick needs none.
    shown_from: Option<Instant>,
}

impl<R: Read> Watched<R> {
    pub(crate) fn new(inner: R, length: Option<u64>) -> Self {
        Self { inner, length, bar: bar(length), shown_from: Instant::now().checked_add(PATIENCE) }
    }

    pub(crate) fn unseen(inner: R, length: Option<u64>) -> Self {
        Self { inner, length, bar: ProgressBar::hidden(), shown_from: None }
    }
}

/// Bytes that go by somewhere else. The bar is gone with it.
pub(crate) struct Meter {
    bar: ProgressBar,
    shown_from: Mutex<Option<Instant>>,
}

impl Meter {
    /// Seen by whoever waits at a terminal, if somebody does.
    pub(crate) fn new(is_seen: bool) -> Self {
        Self::of(None, is_seen)
    }

    /// The same, of so many if that is known.
    pub(crate) fn of(length: Option<u64>, is_seen: bool) -> Self {
        let bar = bar(length);
        let shown_from = if is_seen { Instant::now().checked_add(PATIENCE) } else { None };
        Self { bar, shown_from: Mutex::new(shown_from) }
    }

    pub(crate) fn count(&self, bytes: u64) {
        self.bar.inc(bytes);
        let mut shown_from = self.shown_from.lock().unwrap_or_else(PoisonError::into_inner);
        if shown_from.is_some_and(|from| Instant::now() >= from) {
            *shown_from = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(4));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl<R> Watched<R> {
    pub(crate) const fn length(&self) -> Option<u64> {
        self.length
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bar.inc(u64::try_from(length).unwrap_or(u64::MAX));
        if self.shown_from.is_some_and(|from| Instant::now() >= from) {
            self.shown_from = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(4));
        }
        Ok(length)
    }
}

impl<R> Drop for Watched<R> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Not shown yet.
fn bar(length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    let template = if length.is_some() { OF_KNOWN_LENGTH } else { OF_UNKNOWN_LENGTH };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

const PATIENCE: Duration = Duration::from_millis(500);
const OF_KNOWN_LENGTH: &str = "[{bar:30}] {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";
const OF_UNKNOWN_LENGTH: &str = "{binary_bytes}  {binary_bytes_per_sec}";
