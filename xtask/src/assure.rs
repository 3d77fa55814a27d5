//! `cargo xtask assure`: the long forms of the tests, and a dated row for each in `docs/assurance.md`.

use std::fs;
use std::io;
use std::process::Command;
use std::time::Instant;

use crate::document;
use crate::fuzz;
use crate::log::{FOLDER, Log};
use crate::tally::Tally;

/// A test command that runs longer when `PORTWARD_LONG=1` is set.
struct LongForm {
    name: &'static str,
    command: &'static [&'static str],
    read: fn(&str) -> Tally,
    /// What more is to be told of it.
    figure: fn(&str) -> String,
}

const LONG_FORMS: &[LongForm] = &[
    LongForm {
        name: "rust",
        command: &["cargo", "test", "--release", "--workspace", "--no-fail-fast"],
        read: Tally::of_cargo_test,
        figure: |_| String::new(),
    },
    LongForm {
        name: "kills",
        command: &[
            "cargo",
            "test",
            "-p",
            "portward-store",
            "--features",
            "keys,links,postgres",
            "--test",
            "store",
            "crash",
        ],
        read: Tally::of_cargo_test,
        figure: |_| String::new(),
    },
    LongForm {
        name: "fuzz",
        command: &["cargo", "xtask", "fuzz", "--seconds", "1200"],
        read: fuzz::tally_of,
        figure: fuzz::runs_of,
    },
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
        let [program, arguments @ ..] = self.command else { return Ok(Tally::default()) };
        let start = Instant::now();
        let mut log = Log::create(FOLDER, &format!("assure-{}", self.name))?;
        let ran = log.run(Command::new(program).args(arguments).env("PORTWARD_LONG", "1"))?;
        let tally = (self.read)(&ran.output).with_exit(ran.success);
        if tally.failed > 0 {
            println!("{}", log.tail()?);
        }

        let minutes = start.elapsed().as_secs_f64() / 60.0;
        let command = format!("`PORTWARD_LONG=1 {}`", self.command.join(" "));
        let figure = (self.figure)(&ran.output);
        let row = format!("| {} | {} | {command} | {tally}{figure} | {minutes:.1} |", self.name, document::today()?);
        println!("{row}");
        let page = document::read_or(PAGE, "Assurance")?;
        let rows = with_row(document::section(&page, "assure"), self.name, &row);
        fs::write(PAGE, document::with_section(&page, "assure", &rows))?;
        Ok(tally)
    }
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
