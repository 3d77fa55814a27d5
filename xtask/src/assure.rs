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
use crate::{address, coverage, document, free_threaded, fuzz, mutants, released, targets, timing};

/// What takes longer than a test may.
struct LongForm {
    name: &'static str,
    needs: &'static [Need],
    run: Run,
}

enum Run {
    Whole(fn(&mut Log) -> io::Result<Report>),
    /// In parts, named as `fuzz/token`, each with a row of its own: all together would take a day.
    Parts {
        all: fn() -> io::Result<Vec<String>>,
        run: fn(&mut Log, &str) -> io::Result<Report>,
    },
}

use Run::{Parts, Whole};

const LONG_FORMS: &[LongForm] = &[
    LongForm {
        name: "rust",
        needs: &[],
        run: Whole(|log| tests(log, &["test", "--release", "--workspace", "--no-fail-fast"])),
    },
    LongForm {
        name: "supply",
        needs: &[],
        run: Whole(|log| tests(log, &["test", "-p", "portward-supply", "--", "--ignored"])),
    },
    LongForm {
        name: "faults",
        needs: &[STRACE],
        run: Whole(|log| tests(log, &["test", "-p", "portward-cli", "--test", "cli", "--", "--ignored", "faults::"])),
    },
    LongForm {
        name: "kills",
        needs: &[],
        run: Whole(|log| {
            let features = "keys,links,postgres";
            tests(log, &["test", "-p", "portward-store", "--features", features, "--test", "store", "crash"])
        }),
    },
    LongForm { name: "fuzz", needs: fuzz::NEEDS, run: Parts { all: fuzz::targets, run: fuzz::long } },
    LongForm { name: "address", needs: address::NEEDS, run: Parts { all: address::parts, run: address::run } },
    LongForm { name: "released", needs: released::NEEDS, run: Parts { all: released::parts, run: released::run } },
    LongForm { name: "mutants", needs: mutants::NEEDS, run: Parts { all: mutants::groups, run: mutants::run } },
    LongForm { name: "coverage", needs: coverage::NEEDS, run: Whole(coverage::run) },
    LongForm { name: "dudect", needs: &[], run: Whole(timing::dudect) },
    LongForm { name: "free-threaded", needs: free_threaded::NEEDS, run: Whole(free_threaded::run) },
    LongForm { name: "targets", needs: targets::NEEDS, run: Whole(targets::run) },
];

/// Runs the named long forms, or parts of them, or all; `true` if each ran and none failed.
pub(crate) fn run(names: &[&str]) -> io::Result<bool> {
    let mut green = true;
    for (form, part) in select(names)? {
        let tally = form.run(part.as_deref())?;
        green &= tally.failed == 0 && tally.passed > 0;
    }
    Ok(green)
}

/// Forms and parts in the order of the table, whatever the order of the names.
fn select(names: &[&str]) -> io::Result<Vec<(&'static LongForm, Option<String>)>> {
    let mut all = Vec::new();
    let wanted: Vec<&str> = names.iter().filter_map(|name| name.split('/').next()).collect();
    for form in LONG_FORMS.iter().filter(|form| wanted.is_empty() || wanted.contains(&form.name)) {
        match form.run {
            Whole(_) => all.push((form, None)),
            Parts { all: parts, .. } => all.extend(parts()?.into_iter().map(|part| (form, Some(part)))),
        }
    }
    let is_named =
        |name: &str, form: &LongForm, part: &Option<String>| name == form.name || name == form.row(part.as_deref());
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|(form, part)| is_named(name, form, part))) {
        return Err(io::Error::other(format!("no long form `{unknown}`")));
    }
    all.retain(|(form, part)| names.is_empty() || names.iter().any(|name| is_named(name, form, part)));
    Ok(all)
}

impl LongForm {
    fn row(&self, part: Option<&str>) -> String {
        part.map_or_else(|| self.name.to_owned(), |part| format!("{}/{part}", self.name))
    }

    fn run(&self, part: Option<&str>) -> io::Result<Tally> {
        let (start, name) = (Instant::now(), self.row(part));
        let mut log = Log::create(FOLDER, &format!("assure-{}", name.replace('/', "-")))?;
        for need in self.needs {
            if let Provided::Missing(reason) = need.provide(&mut log, Duration::ZERO, Duration::ZERO)? {
                println!("{name} is skipped: {reason}");
                return Ok(Tally::SKIPPED);
            }
        }
        let Report { command, tally, result } = match self.run {
            Whole(run) => run(&mut log)?,
            Parts { run, .. } => run(&mut log, part.unwrap_or_default())?,
        };
        if tally.failed > 0 {
            println!("{}", log.tail()?);
        }

        let minutes = start.elapsed().as_secs_f64() / 60.0;
        let row = format!("| {name} | {} | `{command}` | {result} | {minutes:.1} |", document::today()?);
        println!("{row}");
        let page = document::read_or(PAGE, "Assurance")?;
        let rows = with_row(document::section(&page, "assure"), &name, &row);
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

    #[test]
    fn a_form_is_named_whole_or_by_its_part() {
        let names = |of: &[&str]| {
            select(of).map(|all| all.iter().map(|(form, part)| form.row(part.as_deref())).collect::<Vec<_>>())
        };
        assert_eq!(names(&["mutants/verify", "rust"]).unwrap(), ["rust", "mutants/verify"]);
        assert!(names(&["mutants"]).unwrap().len() > 2);
        assert!(names(&["mutants/absent"]).is_err() && names(&["rust/"]).is_err());
    }
}
