use clap_complete::Shell;

use crate::report::Report;

/// The script that makes a shell complete the arguments of `portward`.
pub(crate) fn run(shell: Shell, mut command: clap::Command) -> Report {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "portward", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Report::new().fact("shell", shell.to_string()).fact("script", script.clone()).plain(script)
}
