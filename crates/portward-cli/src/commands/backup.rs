//! `portward backup`: databases and streams as sealed files that the keyring opens.

mod create;
mod list;
mod place;
mod prune;
mod restore;
mod verify;

use clap::Subcommand;

use crate::commands::backup::place::PlaceArguments;
use crate::failure::Failure;
use crate::global::Global;
use crate::report::{Report, Stream};

#[derive(Subcommand, Debug)]
pub(crate) enum BackupCommand {
    /// Make a backup: of a database, of the key rows, or of a stream
    Create(create::CreateArguments),
    /// Open every backup, or one, and count what is in it; fails on any damage, and if nothing is in it
    Verify(verify::VerifyArguments),
    /// Restore the newest backup, or the one of a number: all of it or nothing
    Restore(restore::RestoreArguments),
    /// Show which backups there are
    List {
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Take away backups that were kept long enough; the newest of each kind stays
    Prune(prune::PruneArguments),
}

impl BackupCommand {
    pub(crate) fn tells(&self) -> Stream {
        match self {
            Self::Restore(arguments) => arguments.tells(),
            _ => Stream::Stdout,
        }
    }
}

pub(crate) fn run(global: &Global, command: BackupCommand) -> Result<Report, Failure> {
    match command {
        BackupCommand::Create(arguments) => create::run(global, &arguments),
        BackupCommand::Verify(arguments) => verify::run(global, &arguments),
        BackupCommand::Restore(arguments) => restore::run(global, &arguments),
        BackupCommand::List { place } => list::run(global, &place),
        BackupCommand::Prune(arguments) => prune::run(global, &arguments),
    }
}
