//! The Node package and its example: built, packed and tested as a user has them.

use std::io;
use std::process::Command;

use crate::log::Log;
use crate::tally::Tally;

pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    let mut all = Tally::default();
    for folder in ["bindings/node", "examples/node"] {
        if !log.run(&mut npm(folder, &["ci", "--no-audit", "--no-fund"]))?.success {
            return Ok(all + Tally::FAILED);
        }
        // Without what makes a release slow to build: the code is the same.
        let tests = log.run(npm(folder, &["test"]).env("PORTWARD_PROFILE", "dev"))?;
        all = all + Tally::of_node(&tests.output).with_exit(tests.success);
    }
    Ok(all)
}

fn npm(folder: &str, arguments: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(folder);
    npm
}
