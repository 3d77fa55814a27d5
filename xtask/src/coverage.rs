//! How much of the core its own tests run: lines of `crates/portward/src`, without what is compiled for tests alone.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::process::Command;

use crate::log::{Log, shown};
use crate::need::Need;
use crate::report::Report;
use crate::tally::Tally;

pub(crate) const NEEDS: &[Need] = &[
    Need::CargoTool { name: "cargo-llvm-cov", version: "0.9.1" },
    // Reads what Rust 1.95 writes; rustup's own component cannot be had everywhere.
    Need::Tool { probe: &["llvm-profdata-22", "--version"], packages: &["llvm-22"] },
];

/// The long form.
pub(crate) fn run(log: &mut Log) -> io::Result<Report> {
    let mut cargo = Command::new("cargo");
    cargo.args(["llvm-cov", "-p", "portward", "--profile", "mutants", "--lib", "--test", "it", "--lcov"]);
    cargo.args(["--output-path", FOUND, "--", "--skip", "compile_fail"]);
    cargo.env("LLVM_COV", "llvm-cov-22").env("LLVM_PROFDATA", "llvm-profdata-22").env("CARGO_TERM_COLOR", "never");
    let ran = log.run(&mut cargo)?;
    let files = if ran.success { read(&fs::read_to_string(FOUND)?)? } else { Vec::new() };
    for file in &files {
        log.note(&file.line())?;
    }
    let (covered, all) = files.iter().fold((0, 0), |(covered, all), file| (covered + file.covered, all + file.all));
    let enough = ran.success && all > 0 && covered * 100 >= all * LEAST;
    let percent = covered as f64 * 100.0 / (all.max(1)) as f64;
    let mut worst: Vec<&Covered> = files.iter().filter(|file| file.covered * 100 < file.all * LEAST).collect();
    worst.sort_by_key(|file| file.covered * 1000 / file.all.max(1));
    let worst: Vec<String> = worst.iter().take(5).map(|file| file.line()).collect();
    let result = format!("{percent:.1} % of {all} lines (at least {LEAST}); least: {}", worst.join(", "));
    Ok(Report { command: shown(&cargo), tally: Tally::one(enough), result })
}

/// One file of the core.
struct Covered {
    path: String,
    covered: usize,
    all: usize,
    /// The lines that no test runs.
    missed: Vec<usize>,
}

impl Covered {
    fn line(&self) -> String {
        let missed = self.missed.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        let path = &self.path;
        let (covered, all) = (self.covered, self.all);
        if missed.is_empty() { format!("{path} {covered}/{all}") } else { format!("{path} {covered}/{all} ({missed})") }
    }
}

/// From the form of lcov: `SF:` a file, `DA:` a line and how often it ran.
fn read(lcov: &str) -> io::Result<Vec<Covered>> {
    let mut files = Vec::new();
    for record in lcov.split("end_of_record") {
        let path = record.lines().find_map(|line| line.strip_prefix("SF:")).unwrap_or_default();
        let Some((_, path)) = path.rsplit_once("crates/portward/src/") else { continue };
        if FOR_TESTS.iter().any(|tests| path.contains(tests)) {
            continue;
        }
        let text = fs::read_to_string(format!("crates/portward/src/{path}"))?;
        files.push(count(path, record, &for_tests(&text)));
    }
    Ok(files)
}

fn count(path: &str, record: &str, is_for_tests: &[bool]) -> Covered {
    let lines = record.lines().filter_map(|line| {
        let (line, times) = line.strip_prefix("DA:")?.split_once(',')?;
        Some((line.parse().ok()?, times.split(',').next()?.parse::<u64>().ok()?))
    });
    let shipped = lines.filter(|(line, _): &(usize, u64)| !is_for_tests.get(line - 1).copied().unwrap_or_default());
    let lines: BTreeMap<usize, bool> = shipped.map(|(line, times)| (line, times > 0)).collect();
    let missed: Vec<usize> = lines.iter().filter(|(_, ran)| !**ran).map(|(line, _)| *line).collect();
    Covered { path: path.to_owned(), covered: lines.len() - missed.len(), all: lines.len(), missed }
}

/// Which lines `#[cfg(test)]` guards: from there to the brace, or the semicolon, that ends what follows at the same depth.
fn for_tests(text: &str) -> Vec<bool> {
    let mut until: Option<String> = None;
    let mut flags = Vec::new();
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if until.is_none() && line.trim_start().starts_with("#[cfg(test)]") {
            until = Some(indent.to_owned());
            flags.push(true);
            continue;
        }
        flags.push(until.is_some());
        let ends = line.ends_with(['}', ';']) && until.as_deref() == Some(indent);
        if ends {
            until = None;
        }
    }
    flags
}

/// Files that only tests have.
const FOR_TESTS: [&str; 3] = ["vectors/", "vectors.rs", "wycheproof.rs"];
const FOUND: &str = "target/xtask/coverage.lcov";
/// In a hundred.
const LEAST: usize = 95;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_have_does_not_count() {
        let text = "fn a() {\n}\n#[cfg(test)]\npub(crate) fn b(\n    c: u8,\n) {\n    d();\n}\nfn e() {}\n#[cfg(test)]\nmod tests {\n    x\n}\n";
        let flags = for_tests(text);
        let shipped: Vec<usize> = (1..).zip(&flags).filter(|(_, tests)| !**tests).map(|(line, _)| line).collect();
        assert_eq!(shipped, [1, 2, 9]);

        let record = "SF:x\nDA:1,4\nDA:2,0\nDA:7,0\nDA:9,1\nDA:12,9\n";
        let covered = count("a.rs", record, &flags);
        assert_eq!(covered.line(), "a.rs 2/3 (2)");
    }
}
