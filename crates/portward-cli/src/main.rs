#![forbid(unsafe_code)]
//! The `portward` command: keys, links, sessions, revocation and encryption of one deployment, kept in one directory.
//!
//! It exits with 0 if done, 1 if refused, 2 if asked wrongly, 3 if files or the machine are at fault.

mod arguments;
mod commands;
mod context;
mod data;
mod events;
mod failure;
mod forgery;
mod global;
mod kek;
mod kek_uri;
mod key_store;
mod mask;
mod named;
mod object;
mod passphrase;
mod progress;
mod quickstart;
mod read;
mod report;
mod store;
mod usage;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::arguments::{Cli, Command};
use crate::failure::Failure;
use crate::report::Report;
use crate::store::StoreName;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage::print(&error, arguments.iter().any(|argument| argument == "--json")),
    };
    let (json, stream) = (cli.global.json, cli.command.tells());
    match run(cli) {
        Ok(report) => failure::finish(report.print(json, stream), json),
        Err(failure) => failure.print(json, stream),
    }
}

fn run(cli: Cli) -> Result<Report, Failure> {
    let Cli { global, command } = cli;
    match command {
        Command::Keyring { command } => commands::keyring::run(&global, command),
        Command::Link { command } => commands::link::run(&global, command),
        Command::Session { command } => commands::session::run(&global, command),
        Command::Revoke { command } => commands::revoke::run(&global, command),
        Command::View { command } => commands::view::run(&global, command),
        Command::Store { command } => commands::store::run(&global, command),
        Command::Tenant { command } => commands::tenant::run(&global, command),
        Command::Seal(arguments) => commands::seal::run(&global, &arguments),
        Command::Open(arguments) => commands::open::run(&global, &arguments),
        Command::Rewrap(arguments) => commands::rewrap::run(&global, &arguments),
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Backup { command } => commands::backup::run(&global, command),
        Command::Quickstart(arguments) => quickstart::run(&global, &arguments, play),
        Command::Completions { shell } => Ok(commands::completions::run(shell, Cli::command())),
    }
}

/// Runs one command of the quickstart, in its directory, as if it had been typed.
fn play(words: &[&str], directory: &Path) -> Result<Report, Failure> {
    let cli = Cli::try_parse_from(std::iter::once(&"portward").chain(words));
    let mut cli = cli.map_err(|_| Failure::usage("usage", "the command is not understood"))?;
    directory.clone_into(&mut cli.global.dir);
    // The story plays with nobody's real keys, whatever the environment says.
    cli.global.key_store = None;
    cli.global.store = Some(StoreName::from(format!("sqlite:{}", directory.join("store.db").display()).as_str()));
    cli.global.kek = None;
    cli.global.passphrase_file = None;
    // Nor is what happens in it an event of theirs.
    cli.global.events = None;
    cli.global.actor = None;
    run(cli)
}
