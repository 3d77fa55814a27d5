//! `with-postgres COMMAND…` runs a command that finds a PostgreSQL server of its own by `PORTWARD_TEST_POSTGRES`, as its superuser. The server is
//! gone when the command is. Where PostgreSQL is not installed the command runs without, and skips what needs it.

#![forbid(unsafe_code)]

use std::env;
use std::io;
use std::process::{Command, ExitCode, ExitStatus};

fn main() -> io::Result<ExitCode> {
    let mut words = env::args_os().skip(1);
    let program = words.next().ok_or_else(|| io::Error::other("which command?"))?;
    let status = run(Command::new(program).args(words))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(unix)]
fn run(command: &mut Command) -> io::Result<ExitStatus> {
    use portward_test_servers::{Durability, Postgres};

    let server = Postgres::start(Durability::Fast)?;
    if let Some(server) = &server {
        command.env("PORTWARD_TEST_POSTGRES", server.url("postgres"));
    }
    command.status()
}

#[cfg(not(unix))]
fn run(command: &mut Command) -> io::Result<ExitStatus> {
    command.status()
}
