//! `cargo xtask test`: runs the parts, shows what failed and adds everything up.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crate::budget;
use crate::log::{FOLDER, Log};
use crate::need::Provided;
use crate::part::{PARTS, Part};
use crate::tally::Tally;

/// Runs the named parts, or all; `true` if something ran and nothing failed. With `--complete`, also no part may have been left out, nor the
/// budget been exceeded.
pub(crate) fn run(arguments: &[&str]) -> io::Result<bool> {
    let complete = arguments.contains(&"--complete");
    let names: Vec<&str> = arguments.iter().copied().filter(|argument| *argument != "--complete").collect();
    let parts = select(&names)?;
    let start = Instant::now();
    let mut outcomes = Vec::new();
    for part in parts {
        print!("{} … ", part.name);
        io::stdout().flush()?;
        let outcome = Outcome::of(part, budget::total().saturating_sub(start.elapsed()));
        println!("{}", outcome.line());
        if let Some(tail) = &outcome.tail {
            println!("{tail}\n");
        }
        outcomes.push(outcome);
    }

    let total: Tally = outcomes.iter().map(|outcome| outcome.tally).sum();
    println!();
    for outcome in &outcomes {
        println!("{:<14} {}", outcome.name, outcome.line());
    }
    println!("{:<14} {}\n", "total", minutes(start.elapsed(), budget::total()));
    for outcome in outcomes.iter().filter(|outcome| !outcome.failures.is_empty()) {
        println!("{} failed:\n  {}\n", outcome.name, outcome.failures.join("\n  "));
    }
    let whole = outcomes.iter().all(|outcome| !outcome.was_left_out()) && start.elapsed() <= budget::total();
    if complete && !whole {
        println!("not complete: a part was left out, or the time was exceeded");
    }
    println!("{total}");
    Ok(is_green(total) && (whole || !complete))
}

/// Parts in the order of the table, whatever the order of the names.
fn select(names: &[&str]) -> io::Result<Vec<&'static Part>> {
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        let known: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        return Err(io::Error::other(format!("no part `{unknown}`; there are: {}", known.join(", "))));
    }
    Ok(PARTS.iter().filter(|part| names.is_empty() || names.contains(&part.name)).collect())
}

/// A run in which nothing was executed proves nothing.
fn is_green(total: Tally) -> bool {
    total.failed == 0 && total.passed > 0
}

struct Outcome {
    name: &'static str,
    tally: Tally,
    spent: Duration,
    /// Why the part was skipped or could not run.
    reason: Option<String>,
    /// The end of the log of a part that failed.
    tail: Option<String>,
    /// What its runners named.
    failures: Vec<String>,
}

impl Outcome {
    fn of(part: &'static Part, left: Duration) -> Self {
        let start = Instant::now();
        let (tally, reason, tail, failures) = match Log::create(FOLDER, part.name) {
            Ok(mut log) => {
                let (tally, reason) = execute(part, &mut log, left);
                let failed = tally.failed > 0;
                let tail = failed.then(|| log.tail().unwrap_or_else(|error| error.to_string()));
                let failures = if failed { log.failures().unwrap_or_default() } else { Vec::new() };
                (tally, reason, tail, failures)
            }
            Err(error) => (Tally::FAILED, Some(error.to_string()), None, Vec::new()),
        };
        Self { name: part.name, tally, spent: start.elapsed(), reason, tail, failures }
    }

    /// For want of something that it needs.
    fn was_left_out(&self) -> bool {
        self.tally == Tally::SKIPPED && self.reason.is_some()
    }

    fn line(&self) -> String {
        let reason = self.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{}, {}{reason}", self.tally, minutes(self.spent, budget::of(self.name)))
    }
}

fn execute(part: &Part, log: &mut Log, left: Duration) -> (Tally, Option<String>) {
    for need in part.needs {
        match need.provide(log, left, budget::of(part.name)) {
            Ok(Provided::Ready) => {}
            Ok(Provided::Missing(reason)) => return (Tally::SKIPPED, Some(format!("skipped: {reason}"))),
            Err(error) => return (Tally::FAILED, Some(error.to_string())),
        }
    }
    match (part.run)(log) {
        Ok(tally) => (tally, None),
        Err(error) => (Tally::FAILED, Some(error.to_string())),
    }
}

fn minutes(spent: Duration, budget: Duration) -> String {
    let warning = if spent > budget { ", over budget" } else { "" };
    format!("{:.1} of {} min{warning}", spent.as_secs_f64() / 60.0, budget.as_secs() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::TEST_FOLDER;
    use crate::need::Need;

    #[test]
    fn parts_are_selected_by_name() {
        assert_eq!(select(&[]).unwrap().len(), PARTS.len());
        let names: Vec<&str> = select(&["rust", "format"]).unwrap().iter().map(|part| part.name).collect();
        assert_eq!(names, ["format", "rust"]);
        assert!(select(&["rust", "rusty"]).is_err());
    }

    #[test]
    fn only_a_run_that_proved_something_is_green() {
        let tally = |passed, failed, skipped| Tally { passed, failed, skipped };
        assert!(is_green(tally(1, 0, 5)));
        assert!(!is_green(tally(9, 1, 0)));
        assert!(!is_green(tally(0, 0, 3)));
        assert!(!is_green(tally(0, 0, 0)));
    }

    #[test]
    fn a_missing_need_skips_and_a_broken_part_fails() {
        let mut log = Log::create(TEST_FOLDER, "suite").unwrap();
        let skipped = Part { name: "rust", needs: &[Need::File("absent")], run: |_| Ok(Tally::one(true)) };
        let expected = (Tally::SKIPPED, Some("skipped: absent is absent".to_owned()));
        assert_eq!(execute(&skipped, &mut log, Duration::ZERO), expected);

        let broken = Part { name: "rust", needs: &[], run: |_| Err(io::Error::other("it broke")) };
        assert_eq!(execute(&broken, &mut log, Duration::ZERO), (Tally::FAILED, Some("it broke".to_owned())));
    }

    #[test]
    fn a_part_that_was_left_out_is_known() {
        let outcome = |tally, reason: Option<&str>| Outcome {
            name: "rust",
            tally,
            spent: Duration::ZERO,
            reason: reason.map(str::to_owned),
            tail: None,
            failures: Vec::new(),
        };
        assert!(outcome(Tally::SKIPPED, Some("skipped: absent is absent")).was_left_out());
        assert!(!outcome(Tally::SKIPPED, None).was_left_out(), "its tests said so");
        assert!(!outcome(Tally::one(true), None).was_left_out());
        assert!(!outcome(Tally::FAILED, Some("it broke")).was_left_out(), "which fails by itself");
    }

    #[test]
    fn going_over_budget_is_said() {
        let budget = Duration::from_secs(60);
        assert_eq!(minutes(Duration::from_secs(30), budget), "0.5 of 1 min");
        assert_eq!(minutes(Duration::from_secs(90), budget), "1.5 of 1 min, over budget");
    }
}
