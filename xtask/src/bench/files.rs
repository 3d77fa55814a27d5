//! `cargo xtask bench files`: one large file, sealed and opened by each in a process of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::page::{PERFORMANCE, Setting, publish, setting};
use super::took::{Cases, Took};
use super::{cargo, file_table};

/// Every case once, then every case again, so that a mood of the machine meets them all.
pub(crate) fn run() -> io::Result<bool> {
    let (mebibytes, rounds) = match setting() {
        Setting::Short => ("64", 1),
        Setting::Usual => ("1024", 5),
        Setting::Long => ("1024", 15),
    };
    let folder = Path::new("target/bench-files");
    fs::create_dir_all(folder)?;
    let cases = measure(folder, mebibytes, rounds);
    fs::remove_dir_all(folder)?;
    let Some(cases) = cases? else { return Ok(false) };
    let table = format!("A file of {mebibytes} MiB.\n\n{}", file_table::table(&cases));
    publish(PERFORMANCE, "bench files", &table)?;
    Ok(true)
}

fn measure(folder: &Path, mebibytes: &str, rounds: usize) -> io::Result<Option<Cases>> {
    let (Some(portable), Some(fast)) = (built(folder, "")?, built(folder, cargo::FAST)?) else { return Ok(None) };
    let mut make = Command::new(&portable);
    output(make.args(["make", mebibytes]).arg(folder))?;
    let mut cases = Cases::new();
    for round in 1..=rounds {
        for (binary, [medium, operation, who, threads]) in cases_of(&portable, &fast) {
            println!("{round} of {rounds}: {medium} {operation} {who} {threads}");
            let mut command = Command::new(binary);
            command.args([medium, operation, who, threads, mebibytes]).arg(folder);
            let line = output(&mut command)?;
            let (id, took) = Took::parse(&line).ok_or_else(|| io::Error::other(format!("what is `{line}`?")))?;
            cases.entry(id).and_modify(|best| *best = best.and(took)).or_insert(took);
        }
    }
    Ok(Some(cases))
}

/// Both builds have one name, so each is put aside.
fn built(folder: &Path, features: &str) -> io::Result<Option<PathBuf>> {
    let Some(binary) = cargo::build("file", features)? else { return Ok(None) };
    let own = folder.join(format!("file{features}"));
    fs::copy(binary, &own)?;
    Ok(Some(own))
}

type Case = [&'static str; 4];

fn cases_of<'a>(portable: &'a Path, fast: &'a Path) -> Vec<(&'a Path, Case)> {
    let on_both_media = |cases: &'static [[&str; 3]]| -> Vec<Case> {
        let on = |medium| cases.iter().map(move |[operation, who, threads]| [medium, *operation, *who, *threads]);
        on("memory").chain(on("disk")).collect()
    };
    let (once, mut both) = (on_both_media(ONCE), on_both_media(BOTH));
    // What the cores can do at best is asked where no disk is in the way.
    both.retain(|case| *case != ["disk", "seal", "raw", "2"]);
    let portables = once.into_iter().chain(both.iter().copied()).map(|case| (portable, case));
    portables.chain(both.iter().map(|case| (fast, *case))).collect()
}

fn output(command: &mut Command) -> io::Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{}: {}", command.get_program().display(), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_runs_once_with_each_cipher_that_it_has() {
        let [portable, fast] = [Path::new("portable"), Path::new("fast")];
        let cases = cases_of(portable, fast);
        assert_eq!(cases.len(), 2 * ONCE.len() + 2 * (2 * BOTH.len() - 1));
        assert!(cases.contains(&(fast, ["disk", "open", "ours", "2"])));
        assert!(!cases.contains(&(fast, ["memory", "seal", "age", "1"])));
    }
}
