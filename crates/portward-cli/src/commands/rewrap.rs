//! `portward rewrap`.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;
use portward::envelope::Header;
use portward_store::objects;
use serde_json::Value;

use crate::context::Portal;
use crate::data;
use crate::failure::Failure;
use crate::global::Global;
use crate::key_store::Keys;
use crate::progress::Meter;
use crate::report::Report;
use crate::{kek, read};

#[derive(Args, Debug)]
#[command(
    after_help = "The data key is wrapped anew, in the place of every slot that was there; the body is copied as it is.\n\
    Nothing else may write the file meanwhile."
)]
pub(crate) struct RewrapArguments {
    /// The file; a new one takes its place
    file: PathBuf,
    /// Whose it is
    #[arg(long)]
    tenant: String,
    /// The scope of its data key
    #[arg(long)]
    scope: String,
}

pub(crate) fn run(global: &Global, arguments: &RewrapArguments) -> Result<Report, Failure> {
    let RewrapArguments { file, tenant, scope } = arguments;
    let (tenant, scope) = (read::identifier(tenant)?, read::scope(scope)?);
    let portal = Portal::open(global)?;
    let keys = Keys::open(global, &portal)?;
    let of_scope = keys.wait(keys.store.known_scope(tenant, &scope))?;
    // Nobody is turned away here, so there is no public answer.
    let failed = |error| Failure { public: None, ..data::failed(error, Some(file), Some(file)) };
    // The header is as good as nothing of a file that takes its time.
    let length = fs::metadata(file).ok().map(|metadata| metadata.len());
    let meter = Meter::of(length, io::stderr().is_terminal() && !global.json);
    let rewrapped = objects::rewrap_watched(&of_scope, file, |bytes| meter.count(bytes));
    drop(meter);
    let (before, after) = rewrapped.map_err(failed)?;
    Ok(Report::new()
        .fact("rewrapped", file.to_string_lossy())
        .fact("before", slots(&before))
        .fact("after", slots(&after))
        .fact("version", after.slots().first().map(|slot| slot.kek().version())))
}

/// The KEKs that an object's data key lies under.
pub(crate) fn slots(header: &Header) -> Vec<Value> {
    header.slots().iter().map(|slot| kek::to_json(slot.kek())).collect()
}
