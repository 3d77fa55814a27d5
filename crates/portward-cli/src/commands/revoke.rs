//! `portward revoke`: changes of the view, which this directory decides about, or a store.

use clap::{Args, Subcommand, ValueEnum};
use portward::{Change, KeyringError, RootId, Stamp, Unit};
use portward_store::events::{Event, EventKind, Operation, Subject};
use portward_store::files::StampText;
use portward_store::store::Target as Stored;

use crate::commands::target::{Act, TargetArguments};
use crate::commands::{stored, told};
use crate::context::{self, Portal};
use crate::events::{self, event};
use crate::failure::Failure;
use crate::global::Global;
use crate::read;
use crate::report::Report;

#[derive(Subcommand, Debug)]
pub(crate) enum RevokeCommand {
    /// One link, with its copies and sessions
    Link(TargetArguments),
    /// One narrowed copy, with what was narrowed from it; the link lives
    Copy(TargetArguments),
    /// One session
    Session(TargetArguments),
    /// Every token of a client made so far
    Client {
        /// Whose client
        #[arg(long)]
        tenant: String,
        /// Which client
        #[arg(long)]
        client: String,
    },
    /// Every token of a tenant made so far
    Tenant {
        /// Which tenant
        tenant: String,
    },
    /// Every token made so far
    Everything,
    /// Every token under a root key, for ever; not the active one
    Root {
        /// The id of the root: 8 hexadecimal digits
        root: String,
    },
    /// Refuse a link, copy or session until it is restored
    Pause(UnitArguments),
    /// End a pause
    Restore(UnitArguments),
}

#[derive(Args, Debug)]
pub(crate) struct UnitArguments {
    /// What kind of thing
    unit: UnitName,
    #[command(flatten)]
    target: TargetArguments,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum UnitName {
    Link,
    Copy,
    Session,
}

impl From<UnitName> for Unit {
    fn from(name: UnitName) -> Self {
        match name {
            UnitName::Link => Self::Link,
            UnitName::Copy => Self::Copy,
            UnitName::Session => Self::Session,
        }
    }
}

pub(crate) fn run(global: &Global, command: RevokeCommand) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let mut portal = Portal::locked(global, &locked)?;
    // Nobody is turned away here, so there is no public answer.
    let (report, stamp, event) = commit(&mut portal, command).map_err(|failure| Failure { public: None, ..failure })?;
    let report = report.fact("stamp", StampText(stamp).to_string());
    if portal.links.is_some() {
        return Ok(report);
    }
    locked.replace_view(portal.authority.view(), &portal.keyring, event)?;
    Ok(report)
}

/// And what is told where no store tells it.
fn commit(portal: &mut Portal, command: RevokeCommand) -> Result<(Report, Stamp, Event), Failure> {
    match command {
        RevokeCommand::Link(target) => unit(portal, Act::Revoke, Unit::Link, &target),
        RevokeCommand::Copy(target) => unit(portal, Act::Revoke, Unit::Copy, &target),
        RevokeCommand::Session(target) => unit(portal, Act::Revoke, Unit::Session, &target),
        RevokeCommand::Pause(UnitArguments { unit: name, target }) => unit(portal, Act::Pause, name.into(), &target),
        RevokeCommand::Restore(UnitArguments { unit: name, target }) => {
            unit(portal, Act::Restore, name.into(), &target)
        }
        RevokeCommand::Root { root } => {
            let id = read::root_id(&root)?;
            let change = refuse_root(portal, id)?;
            let report = Report::new().fact("revoked", format!("every token under root {root}, for ever"));
            let event = Event::committed(context::now().wall, &[change]);
            Ok((report, made(portal, change)?, event))
        }
        RevokeCommand::Client { tenant, client } => {
            let (tenant, client) = (read::identifier(&tenant)?, read::identifier(&client)?);
            let report = told::seen(Report::new(), portal, &tenant)?;
            let report = report.fact("revoked", format!("every token of client {client} of {tenant} made so far"));
            let stamp = match &portal.links {
                Some(links) => links.wait(links.store.revoke(tenant, Stored::Client(client)))?,
                None => portal.authority.revoke_client(tenant, client)?,
            };
            Ok((report, stamp, event(Operation::ClientRevoked).of(tenant).about(Subject::Client(client))))
        }
        RevokeCommand::Tenant { tenant } => {
            let tenant = read::identifier(&tenant)?;
            let report = told::seen(Report::new(), portal, &tenant)?;
            let report = report.fact("revoked", format!("every token of {tenant} made so far"));
            let stamp = match &portal.links {
                Some(links) => links.wait(links.store.revoke(tenant, Stored::Tenant))?,
                None => portal.authority.revoke_tenant(tenant)?,
            };
            Ok((report, stamp, event(Operation::TenantRevoked).of(tenant)))
        }
        RevokeCommand::Everything => {
            let stamp = match &portal.links {
                Some(links) => links.wait(links.store.revoke_everything())?,
                None => portal.authority.revoke_everything()?,
            };
            let report = Report::new().fact("revoked", "every token made so far");
            Ok((report, stamp, event(Operation::EverythingRevoked)))
        }
    }
}

fn unit(
    portal: &mut Portal,
    act: Act,
    unit: Unit,
    target: &TargetArguments,
) -> Result<(Report, Stamp, Event), Failure> {
    let target = target.resolve(portal, unit)?;
    let event = event(operation(act, unit)).of(target.tenant).about(Subject::Entry(target.id));
    let report = told::told(portal, act, unit, &target)?;
    let Some(links) = &portal.links else {
        return Ok((report, portal.authority.commit(vec![stored::change(act, unit, &target)])?, event));
    };
    let (stamp, has_row) = stored::unit(links, act, unit, &target)?;
    let unlisted = "the store has no row of this link: it was made elsewhere, or taken away by store compact";
    Ok((if has_row { report } else { report.note(unlisted) }, stamp, event))
}

const fn operation(act: Act, unit: Unit) -> Operation {
    match (act, unit) {
        (Act::Revoke, Unit::Link) => Operation::Link(EventKind::Revoked),
        (Act::Revoke, Unit::Copy) => Operation::Link(EventKind::CopyRevoked),
        (Act::Revoke, Unit::Session) => Operation::SessionRevoked,
        (Act::Pause, _) => Operation::Link(EventKind::Paused),
        (Act::Restore, _) => Operation::Link(EventKind::Restored),
    }
}

fn made(portal: &mut Portal, change: Change) -> Result<Stamp, Failure> {
    match &portal.links {
        Some(links) => links.commit(&[change]),
        None => Ok(portal.authority.commit(vec![change])?),
    }
}

/// A mistyped id would refuse nothing. That the active root is not refused is the authority's to say.
fn refuse_root(portal: &Portal, id: RootId) -> Result<Change, Failure> {
    let known = portal.keyring.roots().any(|known| known.id == id);
    if known { Ok(Change::RefuseRoot(id)) } else { Err(KeyringError::UnknownRoot.into()) }
}
