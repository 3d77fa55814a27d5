//! `portward view`: what is revoked, and how it gets from one machine to another. What is shown, exported and published is the store's, if one is
//! named.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use portward::{Authority, AuthorityError, Change, Incarnation, ListTimes, Scope, Stamp, TenantChange, Timestamp};
use portward_store::events::Operation;
use portward_store::files::{self, FileError, FilesError, StampText};
use serde_json::{Value, json};

use crate::context::{self, Portal};
use crate::events::{self, event};
use crate::failure::Failure;
use crate::global::Global;
use crate::report::{self, Report};
use crate::{named, read};

#[derive(Subcommand, Debug)]
pub(crate) enum ViewCommand {
    /// Show the stamp and how much is revoked
    Show {
        /// Each change that would make the view, too
        #[arg(long)]
        entries: bool,
    },
    /// Save the view as a message in a file
    Export {
        /// The file; another message in it is replaced, nothing else is
        file: PathBuf,
    },
    /// Take in a saved or published message of the same deployment, unless it is older than what is known
    Import {
        /// The file
        file: PathBuf,
    },
    /// Make a list that verifiers set up for published lists believe for some hours
    Publish(PublishArguments),
    /// Begin a new feed in a directory that has no view, when no export of it is left: every older token is refused
    New {
        /// The new deployment generation: greater than any before. If that is not known, take a large one, such as 1000000
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        generation: u32,
    },
    /// Drop the entries of tokens that have expired
    Collect,
    /// Begin a new life of the feed from an older saved view; what was revoked since must be revoked again
    Restore {
        /// The saved view
        file: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct PublishArguments {
    /// The file; another message in it is replaced, nothing else is
    file: PathBuf,
    /// For how long it is believed
    #[arg(long, value_name = "N")]
    hours: u64,
    /// Only what concerns this tenant; repeat it
    #[arg(long = "tenant", value_name = "ID")]
    tenants: Vec<String>,
}

pub(crate) fn run(global: &Global, command: ViewCommand) -> Result<Report, Failure> {
    match command {
        ViewCommand::Show { .. } | ViewCommand::Export { .. } | ViewCommand::Publish(_) => {}
        ViewCommand::Collect => named::no_store(global, "store compact drops what has expired there")?,
        ViewCommand::Import { .. } | ViewCommand::New { .. } | ViewCommand::Restore { .. } => {
            named::no_store(global, "store recover brings it back after a loss")?;
        }
    }
    match command {
        ViewCommand::Show { entries } => show(global, entries),
        ViewCommand::Export { file } => export(global, &file),
        ViewCommand::Import { file } => import(global, &file),
        ViewCommand::Publish(arguments) => publish(global, &arguments),
        ViewCommand::New { generation } => new(global, generation),
        ViewCommand::Collect => collect(global),
        ViewCommand::Restore { file } => restore(global, &file),
    }
}

fn show(global: &Global, entries: bool) -> Result<Report, Failure> {
    let portal = Portal::open(global)?;
    let view = portal.authority.view();
    let report = Report::new()
        .fact("stamp", StampText(portal.authority.stamp()).to_string())
        .fact("entries", view.entries())
        .fact("highest_stamp", highest(global)?.map(|stamp| StampText(stamp).to_string()));
    if !entries {
        return Ok(report);
    }
    let changes: Vec<_> = view.to_changes().iter().map(change).collect();
    Ok(report.fact("changes", changes))
}

/// Of the directory's view; a store remembers by itself.
fn highest(global: &Global) -> Result<Option<Stamp>, Failure> {
    if global.store.is_some() { Ok(None) } else { Ok(context::directory(global)?.highest_stamp()?) }
}

fn export(global: &Global, file: &Path) -> Result<Report, Failure> {
    let portal = Portal::open(global)?;
    let message = portal.authority.view().save(&portal.keyring)?;
    write(file, &message, &portal)
}

fn publish(global: &Global, arguments: &PublishArguments) -> Result<Report, Failure> {
    let portal = Portal::open(global)?;
    let scope = match arguments.tenants.as_slice() {
        [] => Scope::ALL,
        tenants => Scope::tenants(tenants.iter().map(|text| read::identifier(text)).collect::<Result<Vec<_>, _>>()?)?,
    };
    let this_update = portal.now.wall;
    let most = Timestamp::WIRE_MAX.saturating_since(this_update).as_secs() / 3600;
    if !(1..=most).contains(&arguments.hours) {
        return Err(Failure::usage(AuthorityError::ListTimes.code(), format!("--hours is from 1 to {most}")));
    }
    let next_update = this_update.saturating_add(Duration::from_secs(arguments.hours.saturating_mul(3600)));
    let message = portal.authority.publish(&scope, None, ListTimes { this_update, next_update })?;
    Ok(write(&arguments.file, &message, &portal)?.fact("next_update", report::time(next_update)))
}

fn write(file: &Path, message: &[u8], portal: &Portal) -> Result<Report, Failure> {
    files::replace_message(file, message).map_err(|error| Failure::file(file, error))?;
    Ok(Report::new()
        .fact("file", file.to_string_lossy())
        .fact("bytes", message.len())
        .fact("stamp", StampText(portal.authority.stamp()).to_string()))
}

fn import(global: &Global, file: &Path) -> Result<Report, Failure> {
    let message = files::read_message(file).map_err(|error| Failure::file(file, error))?;
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = context::deployment(&directory)?;
    let keyring = Arc::new(context::open_keyring(global, &directory, &deployment)?.keyring);
    let mut follower = directory.follower(&keyring, SKEW).map_err(context::without_view)?;
    let stamp = follower.accept(&message, context::now().wall)?;
    let view = follower.cell().load();
    locked.replace_view(&view, &keyring, event(Operation::Committed).with("imported a view"))?;
    Ok(Report::new()
        .fact("stamp", StampText(stamp).to_string())
        .fact("entries", view.entries())
        .note("decide about revocations in one directory only: two that go on from here tell two histories"))
}

/// Tokens under a lower deployment generation are refused, so nothing that was revoked comes back with the view that is lost.
fn new(global: &Global, generation: u32) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = context::deployment(&directory)?;
    let keyring = Arc::new(context::open_keyring(global, &directory, &deployment)?.keyring);
    let highest = directory.highest_stamp()?.map(|stamp| stamp.incarnation);
    let mut authority = Authority::new(Arc::clone(&keyring), Incarnation::generate(context::now().wall, highest)?)?;
    let stamp = authority.commit(vec![Change::DeploymentGeneration(generation)])?;
    locked.create_view(authority.view(), &keyring).map_err(context::without_view)?;
    Ok(Report::new()
        .fact("stamp", StampText(stamp).to_string())
        .fact("generation", generation)
        .note("every token of a lower generation is refused: make new links")
        .note("refused roots are not remembered: revoke root again those that were")
        .note("verifiers that followed the old feed keep what it told them; where new links are refused, begin the verifier's view anew"))
}

fn collect(global: &Global) -> Result<Report, Failure> {
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let mut portal = Portal::locked(global, &locked)?;
    let before = portal.authority.view().entries();
    portal.authority.collect(portal.now.wall);
    let after = portal.authority.view().entries();
    locked.replace_view(portal.authority.view(), &portal.keyring, event(Operation::Compacted))?;
    Ok(Report::new().fact("dropped", before.saturating_sub(after)).fact("entries", after))
}

/// A new incarnation, greater than every one known here: followers merge it, so nothing they refuse is granted again.
fn restore(global: &Global, file: &Path) -> Result<Report, Failure> {
    let message = files::read_message(file).map_err(|error| Failure::file(file, error))?;
    let directory = context::directory(global)?;
    let locked = directory.lock(&events::recorder(global)?)?;
    let deployment = context::deployment(&directory)?;
    let keyring = Arc::new(context::open_keyring(global, &directory, &deployment)?.keyring);
    let saved = Authority::resume(Arc::clone(&keyring), &message)?;
    let highest = directory.highest_stamp()?.max(Some(saved.stamp()));
    let now = context::now().wall;
    let incarnation = Incarnation::generate(now, highest.map(|stamp| stamp.incarnation))?;
    let mut authority = Authority::new(Arc::clone(&keyring), incarnation)?;
    let mut changes = saved.view().to_changes();
    match directory.authority(&keyring) {
        Ok(own) => changes.extend(own.view().to_changes()), // not lost at all: keep what it knows
        Err(FilesError::File(_, FileError::Missing)) => {}
        Err(error @ FilesError::StoreDecides(..)) => return Err(context::without_view(error)),
        // It may be readable again tomorrow: what cannot be read now is not given up for an older one.
        Err(error) => {
            let hint = format!(
                "this is the view that {} has, not the one to restore: move it away first",
                global.dir.display()
            );
            return Err(Failure::from(error).hint(&hint));
        }
    }
    let stamp = authority.commit(changes)?;
    locked.replace_view(authority.view(), &keyring, event(Operation::Recovered).with("restored a view"))?;
    Ok(Report::new()
        .fact("stamp", StampText(stamp).to_string())
        .fact("entries", authority.view().entries())
        .note("revoke again what was revoked after this view was saved"))
}

/// One change, as an object with the facts that it has.
fn change(change: &Change) -> Value {
    match *change {
        Change::DeploymentGeneration(generation) => {
            json!({ "change": "deployment_generation", "generation": generation })
        }
        Change::RefuseRoot(root) => json!({ "change": "refuse_root", "root": root.to_string() }),
        Change::Tenant(tenant, change) => {
            let mut value = of_tenant(change);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("tenant".into(), tenant.to_string().into());
            }
            value
        }
    }
}

fn of_tenant(change: TenantChange) -> Value {
    match change {
        TenantChange::Generation(generation) => json!({ "change": "tenant_generation", "generation": generation }),
        TenantChange::ClientGeneration(client, generation) => {
            json!({ "change": "client_generation", "client": client.to_string(), "generation": generation })
        }
        TenantChange::Revoke { unit, id, expires_at } => {
            json!({ "change": "revoke", "unit": report::unit(unit), "id": report::hex(&id), "expires_at": report::time(expires_at) })
        }
        TenantChange::Suspend { unit, id, expires_at } => {
            json!({ "change": "pause", "unit": report::unit(unit), "id": report::hex(&id), "expires_at": report::time(expires_at) })
        }
        TenantChange::Restore { unit, id } => {
            json!({ "change": "restore", "unit": report::unit(unit), "id": report::hex(&id) })
        }
        TenantChange::Revision { link, minimum, expires_at } => {
            json!({ "change": "revision", "id": report::hex(&link), "minimum": minimum, "expires_at": report::time(expires_at) })
        }
        TenantChange::Tombstone(id) => json!({ "change": "tombstone", "id": report::hex(&id) }),
    }
}

/// How far ahead the clock of a list's maker may be.
const SKEW: Duration = Duration::from_secs(60);
