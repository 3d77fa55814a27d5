use std::io;
use std::process::Command;
use std::time::Duration;

use crate::log::Log;
use crate::need::{Need, Provided};

/// Where everything of this part lies.
pub(super) const FOLDER: &str = "target/mobile";

pub(super) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.env("CARGO_TERM_COLOR", "never").args(arguments);
    command
}

/// Whether all of them are there; the log says what is not.
pub(super) fn is_provided(log: &mut Log, needs: &[Need]) -> io::Result<bool> {
    for need in needs {
        if let Provided::Missing(reason) = need.provide(log, Duration::ZERO, Duration::ZERO)? {
            log.note(&reason)?;
            return Ok(false);
        }
    }
    Ok(true)
}
