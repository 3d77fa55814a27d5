//! `cargo xtask assure`: the long forms of the tests, and a dated row for each in `docs/assurance.md`.

use std::fs;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::log::{FOLDER, Log, shown};
use crate::need::{Need, Provided};
use crate::part::STRACE;
use crate::report::Report;
use crate::tally::Tally;
use crate::{address, coverage, document, free_threaded, fuzz, mutants, targets, timing};

/// What takes longer than a test may.
struct LongForm {
    name: &'static str,
    needs: &'static [Need],
    run: fn(&mut Log) -> io::Result<Report>,
}

const LONG_FORMS: &[LongForm] = &[
    LongForm {
        name: "rust",
        needs: &[],
        run: |log| tests(log, &["test", "--release", "--workspace", "--no-fail-fast"]),
    },
    LongForm {
        name: "supply",
        needs: &[],
        run: |log| tests(log, &["test", "-p", "portward-supply", "--", "--ignored"]),
    },
    LongForm {
        name: "faults",
        needs: &[STRACE],
        run: |log| tests(log, &["test", "-p", "portward-cli", "--test", "cli", "--", "--ignored", "faults::"]),
    },
    LongForm {
        name: "kills",
        needs: &[],
        run: |log| {
            let features = "keys,links,postgres";
            tests(log, &["test", "-p", "portward-store", "--features", features, "--test", "store", "crash"])
        },
    },
    LongForm { name: "fuzz", needs: fuzz::NEEDS, run: fuzz::long },
    LongForm { name: "address", needs: &[], run: address::run },
    LongForm { name: "mutants", needs: mutants::NEEDS, run: mutants::run },
    LongForm { name: "coverage", needs: coverage::NEEDS, run: coverage::run },
    LongForm { name: "dudect", needs: &[], run: timing::dudect },
    LongForm { name: "free-threaded", needs: free_threaded::NEEDS, run: free_threaded::run },
    LongForm { name: "targets", needs: targets::NEEDS, run: targets::run },
];

/// Runs the named long forms, or all; `true` if each ran and none failed.
pub(crate) fn run(names: &[&str]) -> io::Result<bool> {
    if let Some(unknown) = names.iter().find(|name| LONG_FORMS.iter().all(|form| form.name != **name)) {
        return Err(io::Error::other(format!("no long form `{unknown}`")));
    }
    let mut green = true;
    for form in LONG_FORMS.iter().filter(|form| names.is_empty() || names.contains(&form.name)) {
        let tally = form.run()?;
        green &= tally.failed == 0 && tally.passed > 0;
    }
    Ok(green)
}

impl LongForm {
    fn run(&self) -> io::Result<Tally> {
        let start = Instant::now();
        let mut log = Log::create(FOLDER, &format!("assure-{}", self.name))?;
        for need in self.needs {
            if let Provided::Missing(reason) = need.provide(&mut log, Duration::ZERO, Duration::ZERO)? {
                println!("{} is skipped: {reason}", self.name);
                return Ok(Tally::SKIPPED);
            }
        }
        let Report { command, tally, result } = (self.run)(&mut log)?;
        if tally.failed > 0 {
            println!("{}", log.tail()?);
        }

        let minutes = start.elapsed().as_secs_f64() / 60.0;
        let row = format!("| {} | {} | `{command}` | {result} | {minutes:.1} |", self.name, document::today()?);
        println!("{row}");
        let page = document::read_or(PAGE, "Assurance")?;
        let rows = with_row(document::section(&page, "assure"), self.name, &row);
        fs::write(PAGE, document::with_section(&page, "assure", &rows))?;
        Ok(tally)
    }
}

/// Tests that run longer when `PORTWARD_LONG=1` is set.
fn tests(log: &mut Log, arguments: &[&str]) -> io::Result<Report> {
    let mut cargo = Command::new("cargo");
    let ran = log.run(cargo.args(arguments).env("PORTWARD_LONG", "1"))?;
    let tally = Tally::of_cargo_test(&ran.output).with_exit(ran.success);
    Ok(Report { command: format!("PORTWARD_LONG=1 {}", shown(&cargo)), tally, result: tally.to_string() })
}

/// The table with the newest row of each long form; older ones are in the page's history.
fn with_row(table: &str, name: &str, row: &str) -> String {
    let first = format!("| {name} |");
    let others = table.lines().skip(HEAD.lines().count()).filter(|line| !line.starts_with(&first));
    HEAD.lines().chain(others).chain([row]).collect::<Vec<_>>().join("\n")
}

const PAGE: &str = "docs/assurance.md";
const HEAD: &str = "\
| long form | date | command | result | minutes |
|---|---|---|---|---|";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_row_of_each_form_stays() {
        let table = with_row("", "rust", "| rust | 2026-01-01 |");
        let table = with_row(&table, "fuzz", "| fuzz | 2026-01-02 |");
        let table = with_row(&table, "rust", "| rust | 2026-01-03 |");
        assert_eq!(table, format!("{HEAD}\n| fuzz | 2026-01-02 |\n| rust | 2026-01-03 |"));
    }
}
