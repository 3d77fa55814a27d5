//! What a case with a large file took.

use std::collections::BTreeMap;

use serde_json::Value;

/// What each case took at its best, by its id.
pub(crate) type Cases = BTreeMap<String, Took>;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Took {
    pub(crate) seconds: f64,
    /// Of all threads.
    pub(crate) cpu: f64,
    pub(crate) peak_kib: f64,
}

impl Took {
    /// The id of the case, and what it took.
    pub(crate) fn parse(line: &str) -> Option<(String, Self)> {
        let value: Value = serde_json::from_str(line).ok()?;
        let number = |name: &str| value.get(name)?.as_f64();
        let took = Self { seconds: number("seconds")?, cpu: number("cpu")?, peak_kib: number("peak_kib")? };
        Some((value.get("id")?.as_str()?.to_owned(), took))
    }

    /// The faster of two runs, and the higher peak.
    pub(crate) fn and(self, other: Self) -> Self {
        let best = if other.seconds < self.seconds { other } else { self };
        Self { peak_kib: self.peak_kib.max(other.peak_kib), ..best }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_time_and_the_highest_peak_stay() {
        let line = |seconds, peak| format!(r#"{{"id": "a/b", "seconds": {seconds}, "cpu": 1.0, "peak_kib": {peak}}}"#);
        let [(id, one), (_, other)] = [line(2.0, 10), line(1.5, 9)].map(|line| Took::parse(&line).unwrap());
        assert_eq!((id.as_str(), one.and(other)), ("a/b", Took { seconds: 1.5, cpu: 1.0, peak_kib: 10.0 }));
        assert_eq!(Took::parse("rubbish"), None);
    }
}
