//! `cargo xtask bench files`: one large file, sealed and opened by each in a process of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::file_case::{self, Case, Program};
use super::page::{PERFORMANCE, Setting, publish, setting};
use super::took::Cases;
use super::{bindings, cargo, file_peers, file_table, program};
use crate::log::{FOLDER, Log};

/// Two tables, or one of them: what is above the raw cipher and a copy, and what libraries in other languages take.
pub(crate) fn run(parts: &[&str]) -> io::Result<bool> {
    let ours = || measured("bench files", ours, file_table::table);
    let foreign = || measured("bench files foreign", beside_foreign, file_peers::table);
    match parts {
        [] => Ok(ours()? && foreign()?),
        ["ours"] => ours(),
        ["foreign"] => foreign(),
        _ => Err(io::Error::other("the parts of `bench files` are `ours` and `foreign`")),
    }
}

fn measured(
    section: &str,
    cases: impl Fn(PathBuf, PathBuf) -> io::Result<Vec<Case>>,
    table: impl Fn(&Cases) -> String,
) -> io::Result<bool> {
    let (mebibytes, rounds) = match setting() {
        Setting::Short => ("64", 1),
        Setting::Usual => ("1024", 5),
        Setting::Long => ("1024", 15),
    };
    let folder = Path::new("target/bench-files");
    fs::create_dir_all(folder)?;
    let (Some(portable), Some(fast)) = (built(folder, "")?, built(folder, cargo::FAST)?) else { return Ok(false) };
    let took = cases(portable, fast).and_then(|cases| file_case::measure(&cases, folder, mebibytes, rounds));
    fs::remove_dir_all(folder)?;
    publish(PERFORMANCE, section, &format!("A file of {mebibytes} MiB.\n\n{}", table(&took?)))?;
    Ok(true)
}

/// Both builds have one name, so each is put aside.
fn built(folder: &Path, features: &str) -> io::Result<Option<PathBuf>> {
    let Some(binary) = cargo::build("file", features)? else { return Ok(None) };
    let own = folder.join(format!("file{features}"));
    fs::copy(binary, &own)?;
    Ok(Some(own))
}

fn ours(portable: PathBuf, fast: PathBuf) -> io::Result<Vec<Case>> {
    let (portable, fast) = (Program::ours(portable), Program::ours(fast));
    let mut both = [on(WAYS, BOTH), vec![["slice", "open", "raw", "2"]]].concat();
    // What the cores can do at best is asked where no disk is in the way.
    both.retain(|case| *case != ["disk", "seal", "raw", "2"]);
    Ok([portable.cases(&on(WAYS, ONCE)), portable.cases(&both), fast.cases(&both)].concat())
}

/// Ours once more, so that the ratios are of one machine in one mood. Who is skipped is named.
fn beside_foreign(portable: PathBuf, fast: PathBuf) -> io::Result<Vec<Case>> {
    let by = |who: &'static str| on(STREAMS, &[["seal", who, "1"], ["open", who, "1"]]);
    let ours = [by("ours"), on(STREAMS, &[["seal", "ours", "2"], ["open", "ours", "2"]])].concat();
    let portable = Program::ours(portable);
    let mut cases = [portable.cases(&by("age")), portable.cases(&ours), Program::ours(fast).cases(&ours)].concat();
    if let Some(bin) = bindings::venv(&mut Log::create(FOLDER, "bench-files")?, VENV, REQUIREMENTS)? {
        let python = Program::foreign(bin.join("python"), "benches/foreign/python/file.py");
        cases.extend(PYTHON.iter().flat_map(|who| python.cases(&by(who))));
        cases.extend(python.slow().cases(&by("aws-encryption-sdk")));
    }
    if program::run(Command::new("node").arg("--version"))?.0 {
        let node = Program::foreign("node".into(), "benches/foreign/node/file.mjs");
        cases.extend(NODE.iter().flat_map(|who| node.cases(&by(who))));
    }
    Ok(cases)
}

fn on(ways: &[&'static str], cases: &[[&'static str; 3]]) -> Vec<[&'static str; 4]> {
    let on = |way| cases.iter().map(move |[operation, who, threads]| [way, *operation, *who, *threads]);
    ways.iter().copied().flat_map(on).collect()
}

const WAYS: &[&str] = &["slice", "memory", "disk"];
const STREAMS: &[&str] = &["memory", "disk"];
/// With both ciphers.
const BOTH: &[[&str; 3]] = &[
    ["seal", "raw", "1"],
    ["seal", "raw", "2"],
    ["seal", "ours", "1"],
    ["seal", "ours", "2"],
    ["open", "raw", "1"],
    ["open", "ours", "1"],
    ["open", "ours", "2"],
];
/// No cipher of ours is in it.
const ONCE: &[[&str; 3]] = &[["seal", "copy", "1"], ["seal", "age", "1"], ["open", "age", "1"]];
const PYTHON: &[&str] = &["tink-streaming-4KB", "tink-streaming-1MB", "python-cobblestone"];
const NODE: &[&str] = &["node-fresh-key", "node-gcm"];
const VENV: &str = "target/venv-bench";
const REQUIREMENTS: &str = "benches/foreign/python/requirements.txt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_runs_once_with_each_cipher_that_it_has() {
        let cases = ours("portable".into(), "fast".into()).unwrap();
        assert_eq!(cases.len(), 3 * ONCE.len() + 2 * (3 * BOTH.len() - 1 + 1));
        let has = |path: &str, words| cases.contains(&Program::ours(path.into()).cases(&[words])[0]);
        assert!(has("fast", ["disk", "open", "ours", "2"]));
        assert!(has("fast", ["slice", "open", "raw", "2"]));
        assert!(!has("fast", ["memory", "seal", "age", "1"]));
        assert!(!has("fast", ["disk", "seal", "raw", "2"]));
    }
}
