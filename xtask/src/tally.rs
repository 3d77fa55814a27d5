//! How many checks passed, failed and were skipped, read from what a test runner printed.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };
    pub(crate) const SKIPPED: Self = Self { passed: 0, failed: 0, skipped: 1 };

    /// A check that counts as one.
    pub(crate) fn one(success: bool) -> Self {
        if success { Self { passed: 1, failed: 0, skipped: 0 } } else { Self::FAILED }
    }

    /// The sum of all `test result:` lines.
    pub(crate) fn of_cargo_test(output: &str) -> Self {
        let results = output.lines().filter_map(|line| line.trim_start().strip_prefix("test result: "));
        results.flat_map(|line| line.split([';', '.'])).map(Self::of_count).sum()
    }

    /// The last line that pytest prints, such as `== 1 failed, 3 passed in 0.12s ==`.
    pub(crate) fn of_pytest(output: &str) -> Self {
        let summary = output.lines().rev().find(|line| line.contains(" in ") && Self::of_list(line) != Self::default());
        summary.map(Self::of_list).unwrap_or_default()
    }

    /// The counts behind the tests of Node, such as `# pass 3`.
    pub(crate) fn of_node(output: &str) -> Self {
        let count = |line: &str| {
            let (word, count) = line.strip_prefix("# ")?.split_once(' ')?;
            let count = count.parse().ok()?;
            Some(match word {
                "pass" => Self { passed: count, ..Self::default() },
                "fail" | "cancelled" => Self { failed: count, ..Self::default() },
                "skipped" | "todo" => Self { skipped: count, ..Self::default() },
                _ => Self::default(),
            })
        };
        output.lines().filter_map(count).sum()
    }

    /// The last line that Maven's surefire prints for all tests: `Tests run: 5, Failures: 1, Errors: 0, Skipped: 1`.
    pub(crate) fn of_surefire(output: &str) -> Self {
        let counts = |line: &str| {
            let (_, counts) = line.split_once("Tests run: ")?;
            let numbers = counts.split(", ").map(|count| count.rsplit(' ').next()?.parse::<u64>().ok());
            match numbers.take(4).collect::<Option<Vec<_>>>()?.as_slice() {
                [run, failures, errors, skipped] => {
                    let failed = failures + errors;
                    Some(Self { passed: run.saturating_sub(failed + skipped), failed, skipped: *skipped })
                }
                _ => None,
            }
        };
        // One for each class has a time behind it.
        let total = output.lines().rev().find(|line| line.contains("Tests run: ") && !line.contains("Time elapsed"));
        total.and_then(counts).unwrap_or_default()
    }

    /// The table that JUnit's console prints at its end. A class that failed before its tests is a failure, too.
    pub(crate) fn of_junit(output: &str) -> Self {
        let count = |line: &str| {
            let (count, word) = line.trim_matches(['[', ']', ' ']).split_once(' ')?;
            let count = count.parse().ok()?;
            Some(match word {
                "tests successful" => Self { passed: count, ..Self::default() },
                "tests failed" | "containers failed" => Self { failed: count, ..Self::default() },
                "tests skipped" | "tests aborted" => Self { skipped: count, ..Self::default() },
                _ => Self::default(),
            })
        };
        output.lines().filter(|line| line.starts_with('[')).filter_map(count).sum()
    }

    /// A runner that failed without naming a failed test did not compile, or crashed: one failure.
    pub(crate) fn with_exit(self, success: bool) -> Self {
        if !success && self.failed == 0 { self + Self::FAILED } else { self }
    }

    /// Counts parted by commas, such as `1 failed, 3 passed`.
    pub(crate) fn of_list(line: &str) -> Self {
        let line = line.trim_matches(['=', ' ']);
        let counts = line.split(" in ").next().unwrap_or_default();
        counts.split(',').map(Self::of_count).sum()
    }

    /// One count with its word, such as `3 passed`; anything else counts nothing.
    fn of_count(text: &str) -> Self {
        let Some((count, word)) = text.trim().split_once(' ') else { return Self::default() };
        let Ok(count) = count.parse() else { return Self::default() };
        match word {
            "passed" | "xpassed" => Self { passed: count, ..Self::default() },
            "failed" | "error" | "errors" => Self { failed: count, ..Self::default() },
            "ignored" | "skipped" | "xfailed" => Self { skipped: count, ..Self::default() },
            _ => Self::default(),
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn every_result_line_of_cargo_test_counts() {
        let output = "\
running 2 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.00s
   Doc-tests portward
test result: FAILED. 5 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s";
        assert_eq!(Tally::of_cargo_test(output), tally(7, 3, 1));
    }

    #[test]
    fn a_compile_failure_is_one_failure() {
        assert_eq!(Tally::of_cargo_test("error[E0425]: cannot find value").with_exit(false), tally(0, 1, 0));
        assert_eq!(tally(3, 2, 0).with_exit(false), tally(3, 2, 0));
        assert_eq!(tally(3, 0, 0).with_exit(true), tally(3, 0, 0));
    }

    #[test]
    fn both_shapes_of_the_pytest_summary() {
        let long = "= 1 failed, 3 passed, 2 skipped, 1 error in 0.12s =";
        assert_eq!(Tally::of_pytest(&format!("test_a.py .F\nfound in 3 places\n{long}\n")), tally(3, 2, 2));
        assert_eq!(Tally::of_pytest("...\n3 passed in 61.02s (0:01:01)"), tally(3, 0, 0));
        assert_eq!(Tally::of_pytest("no tests ran in 0.01s"), tally(0, 0, 0));
    }

    #[test]
    fn the_counts_of_node() {
        let output = "ok 1 - a\n# tests 6\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n# duration_ms 12.5";
        assert_eq!(Tally::of_node(output), tally(3, 2, 1));
    }

    #[test]
    fn the_last_line_of_surefire_is_the_sum() {
        let output = "\
[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1.2 s -- in dev.portward.ATest
[INFO] Results:
[ERROR] Tests run: 9, Failures: 1, Errors: 2, Skipped: 1
[INFO] BUILD FAILURE";
        assert_eq!(Tally::of_surefire(output), tally(5, 3, 1));
        assert_eq!(Tally::of_surefire("[INFO] BUILD FAILURE"), tally(0, 0, 0));
    }

    #[test]
    fn the_table_of_junit() {
        let output = "\
5 tests successful, said a test
[         9 containers found      ]
[         1 containers failed     ]
[         6 tests found           ]
[         1 tests skipped         ]
[         1 tests aborted         ]
[         3 tests successful      ]
[         1 tests failed          ]";
        assert_eq!(Tally::of_junit(output), tally(3, 2, 2));
        assert_eq!(Tally::of_junit("error: unresolved reference"), tally(0, 0, 0));
    }

    #[test]
    fn the_last_line_reads_as_promised() {
        assert_eq!(tally(412, 0, 0).to_string(), "412 passed, 0 failed, 0 skipped");
    }
}
