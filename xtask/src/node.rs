//! The Node package and its example: built, packed and tested as a user has them.

use std::io;
use std::process::Command;

use crate::log::Log;
use crate::postgres::Beside;
use crate::tally::Tally;

pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    let Some(beside) = Beside::build(log)? else { return Ok(Tally::FAILED) };
    let mut all = Tally::default();
    for folder in ["bindings/node", "examples/node"] {
        let install = ["ci", "--no-audit", "--no-fund"];
        if !log.run(Command::new("npm").args(install).current_dir(folder))?.success {
            return Ok(all + Tally::FAILED);
        }
        // Without what makes a release slow to build: the code is the same.
        let tests = log.run(beside.command("npm").arg("test").current_dir(folder).env("PORTWARD_PROFILE", "dev"))?;
        all = all + Tally::of_node(&tests.output).with_exit(tests.success);
    }
    Ok(all)
}
