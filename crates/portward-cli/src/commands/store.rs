//! `portward store`: the database with the links, and what is revoked, of all machines.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use portward::{Authority, FeedError, Keyring, Stamp};
use portward_store::files::{self, StampText};
use portward_store::store::{Recovery, StoreError};

use crate::commands::initialise;
use crate::context;
use crate::events;
use crate::failure::{Exit, Failure};
use crate::global::Global;
use crate::report::Report;
use crate::store::{Links, Waiter};
use crate::{named, read};

#[derive(Subcommand, Debug)]
pub(crate) enum StoreCommand {
    /// Make the tables, or bring them up to date, and begin the feed with what the directory's view knows
    Init,
    /// Show how far the store is, and how much is revoked
    Status,
    /// Read every row
    Check,
    /// Drop what has expired: entries of the feed, redemptions, and links that ended long ago
    Compact {
        /// For how many days links are kept after their signed expiry
        #[arg(long, value_name = "N", default_value_t = 90)]
        keep_days: u64,
    },
    /// Begin a new life of a store that was restored from a backup, copied, or promoted
    Recover {
        /// The newest view that was exported or saved anywhere: with it, what is valid stays valid
        #[arg(long, value_name = "FILE", required_unless_present = "refuse_everything")]
        newer: Option<PathBuf>,
        /// There is no such view: refuse every token made so far
        #[arg(long, conflicts_with = "newer")]
        refuse_everything: bool,
    },
}

pub(crate) fn run(global: &Global, command: StoreCommand) -> Result<Report, Failure> {
    match command {
        StoreCommand::Init => initialise::run(global),
        StoreCommand::Status => status(global),
        StoreCommand::Check => check(global),
        StoreCommand::Compact { keep_days } => compact(global, keep_days),
        StoreCommand::Recover { newer, .. } => recover(global, newer.as_deref()),
    }
}

fn status(global: &Global) -> Result<Report, Failure> {
    let links = named::links(global, None)?;
    Ok(Report::new()
        .fact("stamp", stamp(links.store.stamp()))
        .fact("fresh", links.store.is_fresh())
        .fact("entries", links.store.cell().load().entries()))
}

fn check(global: &Global) -> Result<Report, Failure> {
    let links = named::links(global, None)?;
    let checked = links.wait(links.store.check())?;
    Ok(Report::new()
        .fact("links", checked.links)
        .fact("events", checked.events)
        .fact("chains", checked.chains)
        .fact("redemptions", checked.redemptions)
        .fact("changes", checked.changes))
}

fn compact(global: &Global, keep_days: u64) -> Result<Report, Failure> {
    let links = named::links(global, None)?;
    let compacted = links.wait(links.store.compact(read::days(keep_days)))?;
    Ok(Report::new()
        .fact("links", compacted.links)
        .fact("redemptions", compacted.redemptions)
        .fact("changes", compacted.changes)
        .fact("signed_again", compacted.signed_again)
        .fact("not_believed", compacted.not_believed))
}

fn recover(global: &Global, newer: Option<&Path>) -> Result<Report, Failure> {
    let name = global.store.as_ref().ok_or_else(named::needed)?;
    let location = name.location()?;
    let directory = context::directory(global)?;
    let deployment = context::deployment(&directory)?;
    let keyring = Arc::new(context::open_keyring(global, &directory, &deployment)?.keyring);
    let message = newer.map(|file| read_view(file, &keyring)).transpose()?;
    Links::must_exist(&location)?;
    let waiter = Waiter::new(&location)?;
    let (recorder, now) = (events::recorder(global)?, context::now().wall);
    let recovered = waiter.ask(Recovery::run(&location, &keyring, message.as_deref(), &recorder, now));
    let recovered = recovered.map_err(|error| match error {
        StoreError::Feed(FeedError::Rollback) => {
            let failure = Failure { exit: Exit::Refused, ..Failure::from(FeedError::Rollback) };
            failure.hint("the view is older than what the store has: find a newer one, or, if an older view was merged by mistake, put the copy back first")
        }
        error => waiter.failed(error),
    })?;
    let report = Report::new()
        .fact("found", stamp(Some(recovered.found)))
        .fact("begins", stamp(Some(recovered.begins)))
        .fact("merged", recovered.merged);
    Ok(if recovered.merged {
        report.note("what was revoked after that view was saved must be revoked again; export the view now: older exports do not fit any more")
    } else {
        report.note("every token made so far is refused: make new links, and export the view now")
    })
}

/// What is wrong with the file itself is said of it.
fn read_view(file: &Path, keyring: &Arc<Keyring>) -> Result<Vec<u8>, Failure> {
    let message = files::read_message(file).map_err(|error| Failure::file(file, error))?;
    Authority::resume(Arc::clone(keyring), &message)?;
    Ok(message.to_vec())
}

fn stamp(stamp: Option<Stamp>) -> Option<String> {
    stamp.map(|stamp| StampText(stamp).to_string())
}
