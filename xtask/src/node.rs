//! The Node package: built and tested in a clean checkout, as its README says; then packed there, installed into fresh folders and tested in
//! them.

use std::env;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::checkout::Elsewhere;
use crate::log::Log;
use crate::postgres::Beside;
use crate::tally::Tally;

/// Made by `scripts/fresh.mjs`: the tests, and the example.
const FRESH: [&str; 2] = ["target/node-package", "target/node-example"];

/// Without what makes a release slow to build: the code is the same.
pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    tested(log, "dev")
}

/// The binary, too, is that of a release.
pub(crate) fn released(log: &mut Log) -> io::Result<Tally> {
    tested(log, "release")
}

fn tested(log: &mut Log, profile: &str) -> io::Result<Tally> {
    let Some(beside) = Beside::build(log)? else { return Ok(Tally::FAILED) };
    let checkout = Elsewhere::checkout("node", Path::new("."))?;
    let package = checkout.path().join("bindings/node");
    let target = env::current_dir()?.join("target");
    let installed = log.run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&package))?;
    if !installed.success {
        return Ok(Tally::FAILED);
    }
    let moto = env::current_dir()?.join("target/venv-moto/bin/python");
    let npm = |target: &Path| {
        let mut npm = beside.command("npm");
        npm.arg("test").env("PORTWARD_TEST_MOTO", &moto).current_dir(target);
        npm
    };
    let mut tests = npm(&package);
    // What was built of others is not built again.
    tests.env("PORTWARD_PROFILE", profile).env("CARGO_TARGET_DIR", &target);
    let tests = log.run(&mut tests)?;
    let mut all = Tally::of_node(&tests.output).with_exit(tests.success);
    let fresh = log.run(Command::new("node").arg("scripts/fresh.mjs").arg(&target).current_dir(&package))?;
    if !fresh.success {
        return Ok(all + Tally::FAILED);
    }
    for folder in FRESH {
        let tests = log.run(&mut npm(Path::new(folder)))?;
        all = all + Tally::of_node(&tests.output).with_exit(tests.success);
    }
    Ok(all)
}
