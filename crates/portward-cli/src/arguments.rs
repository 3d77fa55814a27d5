//! What can be typed. Each command's own arguments stand beside it.

use clap::{Parser, Subcommand};

use crate::commands::{keyring::KeyringCommand, link::LinkCommand, revoke::RevokeCommand};
use crate::commands::{session::SessionCommand, view::ViewCommand};
use crate::global::Global;
use crate::quickstart::QuickstartArguments;

/// Keys, links, sessions and revocation of a client portal
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
    /// Links: issue, inspect, verify, narrow
    Link {
        #[command(subcommand)]
        command: LinkCommand,
    },
    /// Sessions: issue from a link, verify
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
    /// Play the whole story on a temporary directory, checking each step
    Quickstart(QuickstartArguments),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}
