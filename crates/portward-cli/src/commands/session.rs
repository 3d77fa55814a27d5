//! `portward session`: what a link is redeemed for.

use std::time::Duration;

use clap::{Args, Subcommand};
use portward::SessionLimits;
use portward_store::events::{EventKind, Operation, Subject};

use crate::commands::link::{self, VerifyArguments};
use crate::commands::redeem;
use crate::context::Portal;
use crate::events::{self, event};
use crate::failure::Failure;
use crate::global::Global;
use crate::read;
use crate::report::{self, Report};

#[derive(Subcommand, Debug)]
pub(crate) enum SessionCommand {
    /// Verify a link and make a session of it; with a store, redeem it: that counts a use
    Issue(IssueArguments),
    /// Make another session in place of one that has not expired, with what its link grants now; needs a store
    Renew(RenewArguments),
    /// Verify a session against keyring and view
    Verify(VerifyArguments),
}

#[derive(Args, Debug)]
pub(crate) struct IssueArguments {
    /// The link, or - for standard input
    link: String,
    /// The audience that redeems it
    #[arg(long)]
    audience: Option<String>,
    /// How many minutes it lives; without: as the deployment says
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct RenewArguments {
    /// The session, or - for standard input
    session: String,
    /// The audience that verifies it
    #[arg(long)]
    audience: Option<String>,
}

pub(crate) fn run(global: &Global, command: SessionCommand) -> Result<Report, Failure> {
    match command {
        SessionCommand::Issue(arguments) => issue(global, &arguments),
        SessionCommand::Renew(RenewArguments { session, audience }) => {
            redeem::renew(global, &session, audience.as_deref())
        }
        SessionCommand::Verify(arguments) => verify(global, &arguments),
    }
}

fn issue(global: &Global, arguments: &IssueArguments) -> Result<Report, Failure> {
    if global.store.is_some() {
        return redeem::issue(global, &arguments.link, arguments.audience.as_deref(), arguments.minutes);
    }
    let text = read::token(&arguments.link)?;
    let portal = Portal::open(global)?;
    let verifier = portal.verifier(read::identifier_of(arguments.audience.as_deref())?)?;
    let link = verifier.verify_link(&text, portal.now)?;
    let lifetime = arguments.minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let limits = SessionLimits { lifetime, ..SessionLimits::default() };
    let session = portal.issuer().issue_session(&link, &limits, portal.now.wall)?;
    let redeemed = event(Operation::Link(EventKind::Redeemed)).of(*link.tenant()).about(Subject::Entry(link.link_id()));
    events::tell(global, redeemed)?;
    Ok(redeem::made(&session).fact("link_id", report::hex(&link.link_id())))
}

fn verify(global: &Global, arguments: &VerifyArguments) -> Result<Report, Failure> {
    let text = read::token(&arguments.token)?;
    let portal = Portal::open(global)?;
    let verifier = portal.verifier(read::identifier_of(arguments.audience.as_deref())?)?;
    let access = verifier.verify_session(&text, portal.now)?;
    link::allowed(&access, arguments, &portal.deployment.vocabulary)?;
    Ok(link::granted(&access, &portal.deployment.vocabulary).fact("link_id", report::hex(&access.link_id())))
}
