//! `cargo xtask bench foreign`: objects at four sizes, ours beside the peers in Rust, Python and Node.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::measure::{self, Measured};
use super::page::{PERFORMANCE, publish};
use super::{cargo, matrix};
use crate::log::{FOLDER, Log};
use crate::need;

/// All in one run, so that the ratios are of one machine in one mood.
pub(crate) fn run() -> io::Result<bool> {
    let start = SystemTime::now();
    if !(cargo::bench(&["objects"], "", None)? && cargo::bench(&["objects"], cargo::FAST, None)?) {
        return Ok(false);
    }
    let mut measured = cargo::measured(start)?;
    measured.extend(python()?);
    measured.extend(lines(Command::new("node").arg("benches/foreign/node/measure.mjs"))?);
    publish(PERFORMANCE, "bench foreign", &matrix::table(&measured))?;
    Ok(true)
}

/// On the first Python for which there are wheels of all packages; on none, that is said and nothing is measured.
fn python() -> io::Result<Measured> {
    let mut log = Log::create(FOLDER, "bench-foreign")?;
    for python in PYTHONS {
        if need::venv(&mut log, python, Path::new(VENV), REQUIREMENTS).is_ok() {
            let program = fs::canonicalize(VENV)?.join("bin/python");
            return lines(Command::new(program).arg("benches/foreign/python/measure.py"));
        }
    }
    println!("Python is skipped: none of {} can install {REQUIREMENTS}; see {FOLDER}", PYTHONS.join(", "));
    Ok(Measured::new())
}

/// Runs a program that prints a line of JSON for each measurement. One that is absent, or fails, is named, and what it printed counts.
fn lines(command: &mut Command) -> io::Result<Measured> {
    let output = match command.envs(ALLOCATOR).stderr(Stdio::inherit()).output() {
        Ok(output) => output,
        Err(error) => {
            println!("{} is skipped: {error}", command.get_program().display());
            return Ok(Measured::new());
        }
    };
    if !output.status.success() {
        println!("{}: {}", command.get_program().display(), output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| measure::of_line(line, "ns")).collect())
}

/// That glibc keeps large pieces of memory for the next call. Otherwise it gives them back and takes them anew, or not, by its mood, and a peer
/// that seals 1 MiB in 130 µs may be said to take 1100. Ours takes the same with it and without.
const ALLOCATOR: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "268435456"), ("MALLOC_TRIM_THRESHOLD_", "268435456")];
const VENV: &str = "target/venv-bench";
const REQUIREMENTS: &str = "benches/foreign/python/requirements.txt";
const PYTHONS: [&str; 4] = ["python3", "python3.13", "python3.12", "python3.11"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_read_line_by_line_and_an_absent_one_is_skipped() {
        let printed = r#"{"id": "seal-64B/tink", "ns": 1601.5}"#;
        let measured = lines(Command::new("printf").arg(format!("{printed}\nsomething else\n"))).unwrap();
        assert_eq!(measured, Measured::from([("seal-64B/tink".to_owned(), 1601.5)]));
        assert!(lines(&mut Command::new("absent-program")).unwrap().is_empty());
    }
}
