//! Whether time tells a secret: `testkit/timing` under valgrind. callgrind counts the instructions of a refusal; memcheck follows what is
//! computed from a key, and complains of a branch or an index.

use std::io;
use std::process::Command;

use crate::log::{Log, Ran, shown};
use crate::need::Need;
use crate::report::Report;
use crate::tally::Tally;

/// Callgrind and memcheck; and the requests to memcheck are written for this machine alone.
pub(crate) const NEEDS: &[Need] = &[
    Need::Tool { probe: &["valgrind", "--version"], packages: &["valgrind", "libc6-dbg"] },
    Need::Tool { probe: &["sh", "-c", "test $(uname -m) = x86_64"], packages: &[] },
];

/// The part of `cargo xtask test`.
pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "-p", "portward-timing", "--target-dir", FOLDER]);
    // As it is shipped, but for `declare.rs` of the core and the names of functions.
    build.env("RUSTFLAGS", "--cfg portward_timing").env("CARGO_PROFILE_RELEASE_DEBUG", "1");
    if !log.run(build.env("CARGO_TERM_COLOR", "never"))?.success {
        return Ok(Tally::FAILED);
    }
    Ok(counts(log)? + secrets(log)?)
}

/// The report of `cargo xtask assure dudect`. It fails where the control is not found.
pub(crate) fn dudect(log: &mut Log) -> io::Result<Report> {
    let mut cargo = Command::new("cargo");
    let ran = log.run(cargo.args(["run", "--release", "-p", "portward-timing", "--", "dudect"]))?;
    let lines: Vec<&str> = ran.output.lines().filter(|line| line.contains(": t = ")).collect();
    let found = lines.iter().any(|line| line.starts_with("control") && t_of(line).is_some_and(|t| t.abs() > 10.0));
    let result = format!("{}; beyond ±4.5 the two would differ, and in the control they do", lines.join(", "));
    Ok(Report { command: shown(&cargo), tally: Tally::one(found && ran.success), result })
}

fn t_of(line: &str) -> Option<f64> {
    line.split_once("t = ")?.1.split(' ').next()?.parse().ok()
}

/// Forged, unknown tenant and unknown root take the same, whether the verifier knows the tenant's key already or not.
fn counts(log: &mut Log) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for state in ["cold", "warm"] {
        let mut count = |case| instructions(log, state, case);
        let refusals = [count("forged")?, count("unknown-tenant")?, count("unknown-root")?];
        // The controls: a verifier that stops early would be seen.
        let (damaged, good) = (count("damaged")?, count("good")?);
        let differs = |other| !alike(&[refusals[0], other]);
        let controls = differs(damaged) && (state == "cold" || differs(good));
        let line = format!("{state}: refused {refusals:?}, damaged {damaged}, good {good} instructions");
        log.note(&line)?;
        tally = tally + Tally::one(alike(&refusals)) + Tally::one(controls);
    }
    Ok(tally)
}

fn instructions(log: &mut Log, state: &str, case: &str) -> io::Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=portward_measured"]);
    let Ran { success, output } = log.run(valgrind.args([PROGRAM, "count", state, case]))?;
    let counted = output.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    counted.filter(|_| success).ok_or_else(|| io::Error::other(format!("{state} {case} was not counted")))
}

/// Within 2 %.
fn alike(counts: &[u64]) -> bool {
    let (Some(least), Some(most)) = (counts.iter().min(), counts.iter().max()) else { return false };
    *least > 0 && (most - least) * 50 <= *least
}

fn secrets(log: &mut Log) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for case in ["links", "sessions", "nonces", "views", "rows", "objects"] {
        let silent = memcheck(log, &[SUPPRESSIONS], &["secret", case])?;
        // The control: what is computed from a key does come as far as where it is declared.
        let heard = memcheck(log, &[], &["secret", case])?;
        let heard = heard.is_complaint() && heard.0.output.contains("portward::primitive::declare::declared");
        tally = tally + Tally::one(silent.is_silent() && silent.0.output.contains(": done")) + Tally::one(heard);
    }
    for case in ["early-exit", "look-up"] {
        tally = tally + Tally::one(memcheck(log, &[SUPPRESSIONS], &["control", case])?.is_complaint());
    }
    Ok(tally)
}

struct Heard(Ran);

impl Heard {
    fn is_silent(&self) -> bool {
        self.0.success
    }

    /// A program that fails by itself is no complaint.
    fn is_complaint(&self) -> bool {
        !self.0.success && self.0.output.contains("uninitialised value")
    }
}

fn memcheck(log: &mut Log, options: &[&str], case: &[&str]) -> io::Result<Heard> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=99", "--num-callers=8"]).args(options);
    Ok(Heard(log.run(valgrind.arg(PROGRAM).args(case))?))
}

const FOLDER: &str = "target/timing";
const PROGRAM: &str = "target/timing/release/portward-timing";
const SUPPRESSIONS: &str = "--suppressions=testkit/timing/declared.supp";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_a_hundred_are_alike() {
        assert!(alike(&[40_904, 40_898, 40_734]));
        assert!(alike(&[100, 102]));
        assert!(!alike(&[100, 103]));
        assert!(!alike(&[0, 0]));
        assert!(!alike(&[]));
    }

    #[test]
    fn a_t_is_read() {
        assert_eq!(t_of("control: t = -812.4 of 1000000 measurements"), Some(-812.4));
        assert_eq!(t_of("control"), None);
    }
}
