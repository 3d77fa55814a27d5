//! A PostgreSQL server beside the tests of a binding: `with-postgres` of `testkit/servers` starts it before them and stops it behind them.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::log::Log;
use crate::need::Need;

pub(crate) struct Beside(PathBuf);

impl Beside {
    /// `None` if it does not build.
    pub(crate) fn build(log: &mut Log) -> io::Result<Option<Self>> {
        let build = ["build", "-p", "portward-test-servers", "--bin", "with-postgres"];
        let built = log.run(Command::new("cargo").env("CARGO_TERM_COLOR", "never").args(build))?;
        if !built.success {
            return Ok(None);
        }
        let program = format!("target/debug/with-postgres{}", std::env::consts::EXE_SUFFIX);
        Ok(Some(Self(fs::canonicalize(program)?)))
    }

    /// A command that has one.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(program);
        command
    }
}

/// Tests that need one are skipped where there is none.
pub(crate) const WISH: Need =
    Need::Wish { probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb"], packages: &["postgresql"] };
