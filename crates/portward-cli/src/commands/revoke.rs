//! `portward revoke`: changes of the view that this directory decides about.

use clap::{Args, Subcommand, ValueEnum};
use portward::{Change, KeyringError, Stamp, TenantChange, Unit};
use portward_store::files::StampText;

use crate::commands::target::{Target, TargetArguments};
use crate::context::{self, Portal};
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
    let locked = directory.lock()?;
    let mut portal = Portal::locked(global, &locked)?;
    // Nobody is turned away here, so there is no public answer.
    let stamp = commit(&mut portal, command).map_err(|failure| Failure { public: None, ..failure })?;
    locked.replace_view(portal.authority.view(), &portal.keyring)?;
    Ok(Report::new().fact("stamp", StampText(stamp).to_string()))
}

fn commit(portal: &mut Portal, command: RevokeCommand) -> Result<Stamp, Failure> {
    let change = match command {
        RevokeCommand::Link(target) => revoke(portal, Unit::Link, &target)?,
        RevokeCommand::Copy(target) => revoke(portal, Unit::Copy, &target)?,
        RevokeCommand::Session(target) => revoke(portal, Unit::Session, &target)?,
        RevokeCommand::Pause(UnitArguments { unit, target }) => {
            let Target { tenant, id, expires_at } = target.resolve(portal, unit.into())?;
            Change::Tenant(tenant, TenantChange::Suspend { unit: unit.into(), id, expires_at })
        }
        RevokeCommand::Restore(UnitArguments { unit, target }) => {
            let Target { tenant, id, .. } = target.resolve(portal, unit.into())?;
            Change::Tenant(tenant, TenantChange::Restore { unit: unit.into(), id })
        }
        RevokeCommand::Root { root } => refuse_root(portal, &root)?,
        RevokeCommand::Client { tenant, client } => {
            return Ok(portal.authority.revoke_client(read::identifier(&tenant)?, read::identifier(&client)?)?);
        }
        RevokeCommand::Tenant { tenant } => return Ok(portal.authority.revoke_tenant(read::identifier(&tenant)?)?),
        RevokeCommand::Everything => return Ok(portal.authority.revoke_everything()?),
    };
    Ok(portal.authority.commit(vec![change])?)
}

fn revoke(portal: &Portal, unit: Unit, target: &TargetArguments) -> Result<Change, Failure> {
    let Target { tenant, id, expires_at } = target.resolve(portal, unit)?;
    Ok(Change::Tenant(tenant, TenantChange::Revoke { unit, id, expires_at }))
}

/// A mistyped id would refuse nothing. That the active root is not refused is the authority's to say.
fn refuse_root(portal: &Portal, root: &str) -> Result<Change, Failure> {
    let id = read::root_id(root)?;
    let known = portal.keyring.roots().any(|known| known.id == id);
    if known { Ok(Change::RefuseRoot(id)) } else { Err(KeyringError::UnknownRoot.into()) }
}
