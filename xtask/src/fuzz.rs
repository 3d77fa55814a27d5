//! `cargo xtask fuzz`: builds the targets of `fuzz/` once, and runs each for some seconds with its dictionary and its corpus.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use crate::log::{FOLDER, Log};
use crate::need::{Need, Provided};
use crate::report::Report;
use crate::tally::Tally;

/// What fuzzing needs; the reference is what one target compares with.
pub(crate) const NEEDS: &[Need] = &[
    Need::File("fuzz/Cargo.toml"),
    Need::CargoTool { name: "cargo-fuzz", version: "0.13.2" },
    Need::Tool { probe: &["c++", "--version"], packages: &["g++"] },
    Need::Tool { probe: &["python3", "-c", "import ensurepip"], packages: &["python3", "python3-venv"] },
    Need::Venv { folder: "target/venv-testkit", requirements: "testkit/ref/requirements.txt" },
];

/// In `cargo xtask test`.
const SECONDS: u64 = 4;
/// In `cargo xtask assure`.
const LONG_SECONDS: u64 = 20 * 60;

struct Plan {
    seconds: u64,
    /// With the address sanitizer, which stable Rust has to be told to take.
    address: bool,
    targets: Vec<String>,
}

/// How a run ended.
struct Outcome {
    target: String,
    runs: u64,
    edges: u64,
    /// The input that brought it down, or why it did not run.
    crash: Option<String>,
}

/// `fuzz [--seconds N] [--address] [target…]`: `true` if each target ran and none crashed.
pub(crate) fn run(arguments: &[&str]) -> io::Result<bool> {
    let mut log = Log::create(FOLDER, "fuzz-run")?;
    for need in NEEDS {
        if let Provided::Missing(reason) =
            need.provide(&mut log, std::time::Duration::MAX, std::time::Duration::ZERO)?
        {
            return Err(io::Error::other(reason));
        }
    }
    let outcomes = Plan::parse(arguments)?.run(&mut log)?;
    if outcomes.is_empty() {
        println!("{}", log.tail()?);
    }
    outcomes.iter().for_each(|outcome| println!("{}", outcome.line()));
    let tally = tally(&outcomes);
    println!("{tally}, {} runs", runs(&outcomes));
    Ok(tally.failed == 0 && tally.passed > 0)
}

/// The part of `cargo xtask test`.
pub(crate) fn short(log: &mut Log) -> io::Result<Tally> {
    let plan = Plan { seconds: SECONDS, address: false, targets: targets()? };
    let outcomes = plan.run(log)?;
    outcomes.iter().try_for_each(|outcome| log.note(&outcome.line()))?;
    Ok(tally(&outcomes).with_exit(!outcomes.is_empty()))
}

/// The long form, of one target.
pub(crate) fn long(log: &mut Log, target: &str) -> io::Result<Report> {
    let plan = Plan { seconds: LONG_SECONDS, address: false, targets: vec![target.to_owned()] };
    let outcomes = plan.run(log)?;
    let tally = tally(&outcomes).with_exit(!outcomes.is_empty());
    let command = format!("cargo xtask fuzz --seconds {LONG_SECONDS} {target}");
    let result = outcomes.first().map_or_else(|| "did not build".to_owned(), Outcome::told);
    Ok(Report { command, tally, result })
}

fn runs(outcomes: &[Outcome]) -> u64 {
    outcomes.iter().map(|outcome| outcome.runs).sum()
}

fn tally(outcomes: &[Outcome]) -> Tally {
    outcomes.iter().map(|outcome| Tally::one(outcome.crash.is_none())).sum()
}

/// The file names of `fuzz/fuzz_targets`.
pub(crate) fn targets() -> io::Result<Vec<String>> {
    let files = fs::read_dir("fuzz/fuzz_targets")?.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<String> = files
        .iter()
        .filter_map(|file| file.path().file_stem().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

impl Plan {
    fn parse(arguments: &[&str]) -> io::Result<Self> {
        let mut plan = Self { seconds: 60, address: false, targets: Vec::new() };
        let known = targets()?;
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--seconds" => {
                    let seconds =
                        arguments.next().and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds > 0);
                    plan.seconds = seconds.ok_or_else(|| io::Error::other("--seconds takes a number from 1"))?;
                }
                "--address" => plan.address = true,
                name if known.iter().any(|target| target == name) => plan.targets.push(name.to_owned()),
                name => return Err(io::Error::other(format!("no target `{name}`; there are: {}", known.join(", ")))),
            }
        }
        if plan.targets.is_empty() {
            plan.targets = known;
        }
        Ok(plan)
    }

    /// As many at a time as there are processors. Nothing if they do not build.
    fn run(&self, log: &mut Log) -> io::Result<Vec<Outcome>> {
        let sanitizer = if self.address { "address" } else { "none" };
        let mut build = Command::new("cargo");
        build.args(["fuzz", "build", "--fuzz-dir", "fuzz", "--target", &host()?, "--sanitizer", sanitizer]);
        // One would make runs a little faster, and building on several processors much slower.
        build.args(["--codegen-units", "16"]);
        if self.address {
            build.env("RUSTC_BOOTSTRAP", "1");
        }
        if !log.run(build.env("CARGO_TERM_COLOR", "never"))?.success {
            return Ok(Vec::new());
        }
        let folder = format!("fuzz/target/{}/release", host()?);
        let (waiting, outcomes) = (Mutex::new(self.targets.clone()), Mutex::new(BTreeMap::new()));
        let next = || waiting.lock().ok().and_then(|mut waiting| waiting.pop());
        let work = || {
            while let Some(target) = next() {
                let outcome = self.run_one(&folder, &target).unwrap_or_else(|error| Outcome::broken(&target, &error));
                if let Ok(mut outcomes) = outcomes.lock() {
                    outcomes.insert(target, outcome);
                }
            }
        };
        let processors = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| (0..processors).for_each(|_| _ = scope.spawn(work)));
        Ok(outcomes.into_inner().map_err(|_| io::Error::other("a run has panicked"))?.into_values().collect())
    }

    /// What it finds new goes beside, where it is found again; what is checked in is only read.
    fn run_one(&self, folder: &str, target: &str) -> io::Result<Outcome> {
        let (found, artifacts) = (format!("fuzz/target/corpus/{target}"), format!("fuzz/artifacts/{target}/"));
        fs::create_dir_all(&found)?;
        fs::create_dir_all(&artifacts)?;
        let mut log = Log::create(FOLDER, &format!("fuzz-{target}"))?;
        let mut fuzzer = Command::new(Path::new(folder).join(target));
        fuzzer.env("PORTWARD_REF_PYTHON", std::env::current_dir()?.join("target/venv-testkit/bin/python"));
        fuzzer.arg(format!("-dict=fuzz/dictionaries/{target}.dict"));
        fuzzer.args([format!("-artifact_prefix={artifacts}"), format!("-max_total_time={}", self.seconds)]);
        fuzzer.args(["-max_len=4096", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]);
        let ran = log.run(fuzzer.args([found, format!("fuzz/corpus/{target}")]))?;
        Ok(Outcome::read(target, ran.success, &ran.output))
    }
}

impl Outcome {
    fn broken(target: &str, error: &io::Error) -> Self {
        Self { target: target.to_owned(), runs: 0, edges: 0, crash: Some(error.to_string()) }
    }

    /// From what libFuzzer prints.
    fn read(target: &str, success: bool, output: &str) -> Self {
        let after = |mark: &str| {
            let rest = output.rsplit_once(mark).map(|(_, rest)| rest.trim_start());
            rest.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned)
        };
        let number = |mark: &str| after(mark).and_then(|number| number.parse().ok()).unwrap_or_default();
        let log = || format!("{FOLDER}/fuzz-{target}.log");
        let (runs, edges) = (number("stat::number_of_executed_units:"), number(" cov: "));
        // One that saw nothing has shown nothing.
        let ran = success && runs > 0 && edges > 0;
        let crash = (!ran).then(|| after("Test unit written to ").unwrap_or_else(log));
        Self { target: target.to_owned(), runs, edges, crash }
    }

    fn line(&self) -> String {
        format!("{:<12} {}", self.target, self.told())
    }

    fn told(&self) -> String {
        let end = match &self.crash {
            None => "no crash".to_owned(),
            Some(input) => format!("CRASH: {input}"),
        };
        format!("{:>10} runs, {:>5} edges, {end}", self.runs, self.edges)
    }
}

/// The triple of this machine.
fn host() -> io::Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| io::Error::other("rustc does not say its host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_prints_is_read() {
        let output =
            "#2 INITED cov: 12 ft: 13\n#9 NEW    cov: 812 ft: 2000 corp: 9/1b\nstat::number_of_executed_units: 4711\n";
        let read = Outcome::read("token", true, output);
        assert_eq!((read.runs, read.edges, &read.crash), (4711, 812, &None));
        assert_eq!(read.line(), "token              4711 runs,   812 edges, no crash");

        let output =
            "SUMMARY: libFuzzer: deadly signal\nTest unit written to fuzz/artifacts/token/crash-0a\nBase64: AA==\n";
        let read = Outcome::read("token", false, output);
        assert_eq!(read.line(), "token                 0 runs,     0 edges, CRASH: fuzz/artifacts/token/crash-0a");
        assert_eq!(Outcome::read("token", false, "").crash.as_deref(), Some("target/xtask/fuzz-token.log"));
        assert_eq!(
            Outcome::read("token", true, "").crash.as_deref(),
            Some("target/xtask/fuzz-token.log"),
            "it ran nothing"
        );
    }
}
