//! The table of one large file: time and memory side by side.

use super::table::{answer, time};
use super::took::{Cases, Took};

/// A row for each way, operation, cipher and number of threads.
pub(crate) fn table(cases: &Cases) -> String {
    let mut lines = vec![HEAD.to_owned()];
    for way in WAYS {
        for operation in ["seal", "open"] {
            for suffix in ["", "-fast"] {
                lines.extend([1, 2].map(|threads| Row { way, operation, suffix, threads, cases }.line()));
            }
        }
    }
    lines.join("\n")
}

struct Row<'a> {
    /// As in ids, and for people.
    way: (&'static str, &'static str),
    operation: &'static str,
    suffix: &'static str,
    threads: u8,
    cases: &'a Cases,
}

impl Row<'_> {
    fn line(&self) -> String {
        let Self { way: (way, name), operation, suffix, threads, .. } = self;
        let cipher = if suffix.is_empty() { "" } else { ", `fast-aes`" };
        let (copy, raw, age, ours) = (self.copy(), self.raw(*threads), self.get(1, "age"), self.ours(*threads));
        let floor = if *way == "disk" { copy } else { raw };
        let ratio = |one: Option<Took>, other: Option<Took>| {
            number(one.zip(other).map(|(one, other)| one.seconds / other.seconds))
        };
        let cells = [
            format!("{operation}, {name}{cipher}, {}", if *threads == 1 { "one thread" } else { "two" }),
            cell(copy),
            cell(raw),
            cell(age),
            cell(ours),
            number(ours.map(|ours| ours.cpu)),
            ratio(ours, floor),
            ratio(age, ours),
            self.goals(),
        ];
        format!("| {} |", cells.join(" | "))
    }

    fn goals(&self) -> String {
        let ours = self.ours(self.threads);
        let held = ours
            .zip(self.copy())
            .map(|(ours, copy)| (ours.peak_kib - copy.peak_kib) / 1024.0 / f64::from(self.threads));
        let memory =
            format!("≤ 8 MiB a thread above the copy: {} {}", number(held), answer(held.map(|held| held <= 8.0)));
        // Goals of time are those of sealing from memory to memory; on two threads, of slices: a stream has one end, at which one thread copies.
        let (text, least, other) = match (self.way.0, self.operation, self.threads) {
            ("slice" | "memory", "seal", 1) => ("≥ 0.95 × the raw speed", 0.95, self.raw(1)),
            ("slice", "seal", 2) => ("≥ 1.9 × one thread", 1.9, self.ours(1)),
            _ => return memory,
        };
        let met = ours.zip(other).map(|(ours, other)| other.seconds / ours.seconds >= least);
        format!("{text}: {}; {memory}", answer(met))
    }

    /// The same bytes go through, sealed or not.
    fn copy(&self) -> Option<Took> {
        self.cases.get(&format!("{}-seal-1/copy", self.way.0)).copied()
    }

    fn raw(&self, threads: u8) -> Option<Took> {
        self.get(threads, &format!("raw{}", self.suffix))
    }

    fn ours(&self, threads: u8) -> Option<Took> {
        self.get(threads, &format!("ours{}", self.suffix))
    }

    fn get(&self, threads: u8, who: &str) -> Option<Took> {
        self.cases.get(&format!("{}-{}-{threads}/{who}", self.way.0, self.operation)).copied()
    }
}

fn cell(took: Option<Took>) -> String {
    took.map_or(NONE.to_owned(), |took| format!("{}, {:.1} MiB", time(took.seconds * 1e9), took.peak_kib / 1024.0))
}

fn number(value: Option<f64>) -> String {
    value.map_or(NONE.to_owned(), |value| format!("{value:.2}"))
}

const WAYS: [(&str, &str); 3] =
    [("slice", "in memory (slice)"), ("memory", "through a reader and a writer"), ("disk", "disk to disk")];
const NONE: &str = "–";
const HEAD: &str = "\
| operation | copy | raw cipher | `age`, one thread | ours | CPU seconds of ours | ours / floor | `age` / ours | goal |
|---|---:|---:|---:|---:|---:|---:|---:|---|";

#[cfg(test)]
mod tests {
    use super::*;

    fn took(seconds: f64, mebibytes: f64) -> Took {
        Took { seconds, cpu: seconds, peak_kib: mebibytes * 1024.0 }
    }

    #[test]
    fn time_and_memory_are_judged_apart() {
        let cases = [
            ("slice-seal-1/copy", took(0.1, 4.0)),
            ("slice-seal-1/raw", took(0.5, 4.0)),
            ("slice-seal-1/ours", took(0.5, 5.0)),
            ("slice-seal-2/ours", took(0.4, 24.0)),
            ("slice-seal-1/age", took(2.0, 5.0)),
            ("memory-seal-1/copy", took(0.1, 4.0)),
            ("memory-seal-2/ours", took(0.4, 12.0)),
        ];
        let table = table(&cases.map(|(id, took)| (id.to_owned(), took)).into());
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 2 + 24);
        assert_eq!(
            [lines[2], lines[3], lines[11]],
            [
                "| seal, in memory (slice), one thread | 100 ms, 4.0 MiB | 500 ms, 4.0 MiB | 2000 ms, 5.0 MiB | 500 ms, 5.0 MiB \
                 | 0.50 | 1.00 | 4.00 | ≥ 0.95 × the raw speed: **met**; ≤ 8 MiB a thread above the copy: 1.00 **met** |",
                "| seal, in memory (slice), two | 100 ms, 4.0 MiB | – | 2000 ms, 5.0 MiB | 400 ms, 24.0 MiB \
                 | 0.40 | – | 5.00 | ≥ 1.9 × one thread: **missed**; ≤ 8 MiB a thread above the copy: 10.00 **missed** |",
                "| seal, through a reader and a writer, two | 100 ms, 4.0 MiB | – | – | 400 ms, 12.0 MiB \
                 | 0.40 | – | – | ≤ 8 MiB a thread above the copy: 4.00 **met** |",
            ]
        );
    }
}
