//! `cargo xtask bench python` and `bench node`: a package beside what programs in its language use for the same.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::page::{PERFORMANCE, Setting, publish, setting};
use super::program;
use super::ratios::{self, Goal};
use crate::log::{FOLDER, Log};
use crate::need;

/// The package as a wheel, in an environment with its peers.
pub(crate) fn python() -> io::Result<bool> {
    let mut log = Log::create(FOLDER, "bench-python")?;
    let Some(bin) = venv(&mut log, PYTHON_VENV, "bindings/python/bench/requirements.txt")? else { return Ok(false) };
    if Path::new(WHEELS).exists() {
        fs::remove_dir_all(WHEELS)?;
    }
    let mut build = Command::new(bin.join("maturin"));
    build.args(["build", "--manifest-path", "bindings/python/Cargo.toml", "--out", WHEELS]);
    build.args((setting() != Setting::Short).then_some("--release"));
    let install = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"];
    let mut installed = Command::new(bin.join("python"));
    installed.args(install).args(["--find-links", WHEELS, "portward"]);
    if !(succeeds(&mut log, &mut build)? && succeeds(&mut log, &mut installed)?) {
        return Ok(false);
    }
    let mut bench = Command::new(bin.join("python"));
    measured(bench.arg("bindings/python/bench/bench.py"), "bench python", PYTHON_GOALS)
}

/// The package as it lies there, and its peers beside the bench.
pub(crate) fn node() -> io::Result<bool> {
    let mut log = Log::create(FOLDER, "bench-node")?;
    let profile = if setting() == Setting::Short { "dev" } else { "release" };
    let npm = |folder: &str, words: &[&str]| {
        let mut npm = Command::new("npm");
        npm.args(words).current_dir(folder).env("PORTWARD_PROFILE", profile);
        npm
    };
    let install = ["ci", "--no-audit", "--no-fund"];
    let package = "bindings/node";
    let bench = "bindings/node/bench";
    for mut step in [npm(package, &install), npm(package, &["run", "build"]), npm(bench, &install)] {
        if !succeeds(&mut log, &mut step)? {
            return Ok(false);
        }
    }
    measured(Command::new("node").arg("run.mjs").current_dir(bench), "bench node", NODE_GOALS)
}

/// A run that failed in its middle says nothing.
fn measured(bench: &mut Command, section: &str, goals: &[Goal]) -> io::Result<bool> {
    let (success, measured) = program::run(bench)?;
    if success {
        publish(PERFORMANCE, section, &ratios::table(&measured, goals))?;
    }
    Ok(success && !measured.is_empty())
}

/// On the first Python for which there are wheels of all packages; on none, that is said.
pub(super) fn venv(log: &mut Log, folder: &str, requirements: &str) -> io::Result<Option<PathBuf>> {
    for python in PYTHONS {
        if need::venv(log, python, Path::new(folder), requirements).is_ok() {
            return Ok(Some(env::current_dir()?.join(folder).join("bin")));
        }
    }
    println!("Python is skipped: none of {} can install {requirements}; see {FOLDER}", PYTHONS.join(", "));
    Ok(None)
}

fn succeeds(log: &mut Log, command: &mut Command) -> io::Result<bool> {
    let success = log.run(command)?.success;
    if !success {
        println!("{}", log.tail()?);
    }
    Ok(success)
}

const PYTHON_GOALS: &[Goal] =
    &[Goal { id: "verify/itsdangerous", times: 30.0 }, Goal { id: "verify/PyJWT", times: 30.0 }];
const NODE_GOALS: &[Goal] = &[Goal { id: "verify/fast-jwt", times: 5.0 }];
const PYTHONS: [&str; 4] = ["python3", "python3.13", "python3.12", "python3.11"];
const PYTHON_VENV: &str = "target/venv-bench-python";
const WHEELS: &str = "target/wheels-bench";
