//! The Node package: what looks at its source is tested there; all else is built, packed, installed into fresh folders and tested in them.

use std::io;
use std::process::Command;

use crate::log::Log;
use crate::postgres::Beside;
use crate::tally::Tally;

const SOURCE: &str = "bindings/node";
/// Made by `scripts/fresh.mjs`: the tests, and the example.
const FRESH: [&str; 2] = ["target/node-package", "target/node-example"];

pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    let Some(beside) = Beside::build(log)? else { return Ok(Tally::FAILED) };
    let installed = log.run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(SOURCE))?;
    if !installed.success {
        return Ok(Tally::FAILED);
    }
    // Without what makes a release slow to build: the code is the same.
    let source = ["run", "test:source"];
    let tests = log.run(Command::new("npm").args(source).current_dir(SOURCE).env("PORTWARD_PROFILE", "dev"))?;
    let mut all = Tally::of_node(&tests.output).with_exit(tests.success);
    let fresh = log.run(Command::new("node").args(["scripts/fresh.mjs", "../../target"]).current_dir(SOURCE))?;
    if !fresh.success {
        return Ok(all + Tally::FAILED);
    }
    for folder in FRESH {
        let tests = log.run(beside.command("npm").arg("test").current_dir(folder))?;
        all = all + Tally::of_node(&tests.output).with_exit(tests.success);
    }
    Ok(all)
}
