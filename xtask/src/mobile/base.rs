use std::process::Command;

/// Where everything of this part lies.
pub(super) const FOLDER: &str = "target/mobile";

pub(super) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.env("CARGO_TERM_COLOR", "never").args(arguments);
    command
}
