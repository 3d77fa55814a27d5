//! What can be typed. Each command's own arguments stand beside it.

use clap::{Parser, Subcommand};

use crate::commands::{backup::BackupCommand, keyring::KeyringCommand, link::LinkCommand, revoke::RevokeCommand};
use crate::commands::{inspect::InspectArguments, open::OpenArguments, rewrap::RewrapArguments, seal::SealArguments};
use crate::commands::{session::SessionCommand, store::StoreCommand, tenant::TenantCommand, view::ViewCommand};
use crate::global::Global;
use crate::quickstart::QuickstartArguments;
use crate::report::Stream;

/// Keys, links, sessions, revocation and encryption of a client portal
///
/// A deployment lives in one directory. Exit codes: 0 done, 1 refused, 2 asked wrongly, 3 files or machine at fault.
#[derive(Parser, Debug)]
#[command(name = "portward", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Root keys: make, rotate, retire, seal, export, check
    Keyring {
        #[command(subcommand)]
        command: KeyringCommand,
    },
    /// Links: issue, inspect, verify, narrow; in a store: list, show, edit, history
    Link {
        #[command(subcommand)]
        command: LinkCommand,
    },
    /// Sessions: issue from a link, verify, renew
    Session {
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// Revoke a link, copy, session, client, tenant, root, or everything; pause and restore
    Revoke {
        #[command(subcommand)]
        command: RevokeCommand,
    },
    /// What is revoked: show, export, import, publish
    View {
        #[command(subcommand)]
        command: ViewCommand,
    },
    /// The store of links, for all machines: make, check, compact, recover
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// The encryption keys of tenants: make, rotate, destroy, count
    Tenant {
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// Encrypt a file or a stream under the keys of a tenant
    Seal(SealArguments),
    /// Decrypt what was sealed
    Open(OpenArguments),
    /// Put an object that carries its data key under the present KEK of its tenant
    Rewrap(RewrapArguments),
    /// Read what the header of an object says, without a key and without believing it
    Inspect(InspectArguments),
    /// Sealed backups of databases and streams: make, verify, restore, list, prune
    Backup {
        #[command(subcommand)]
        command: BackupCommand,
    },
    /// Play the whole story on a temporary directory, checking each step
    Quickstart(QuickstartArguments),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Where the result is told: beside the data if that takes standard output.
    pub(crate) fn tells(&self) -> Stream {
        let data = match self {
            Self::Seal(arguments) => &arguments.data,
            Self::Open(arguments) => &arguments.data,
            Self::Backup { command } => return command.tells(),
            _ => return Stream::Stdout,
        };
        if data.output().is_some() { Stream::Stdout } else { Stream::Stderr }
    }
}
