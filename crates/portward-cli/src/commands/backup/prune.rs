use clap::Args;
use portward_store::backup::Retention;

use crate::commands::backup::place::{PlaceArguments, told};
use crate::context;
use crate::failure::Failure;
use crate::global::Global;
use crate::read;
use crate::report::Report;

#[derive(Args, Debug)]
pub(crate) struct PruneArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// How long backups of key stores are kept: tenant destroy --backups-kept says no less
    #[arg(long, value_name = "DAYS", default_value_t = 35)]
    keep_keys: u64,
    /// How long the others are kept; without it, for ever
    #[arg(long, value_name = "DAYS")]
    keep_data: Option<u64>,
    /// Take away sealed files that the catalogue does not know, too
    #[arg(long)]
    strays: bool,
}

pub(super) fn run(global: &Global, arguments: &PruneArguments) -> Result<Report, Failure> {
    let place = arguments.place.open(global)?;
    let others = arguments.keep_data.map(read::days);
    let retention = Retention { keys: Some(read::days(arguments.keep_keys)), data: others, streams: others };
    let pruned = place.wait(place.backups.prune(retention, context::now().wall))?;
    let strays = match arguments.strays {
        true => place.wait(place.backups.remove_strays())?,
        false => Vec::new(),
    };
    let report = Report::new()
        .fact("removed", pruned.removed.iter().map(told).collect::<Vec<_>>())
        .fact("overdue", pruned.overdue.iter().map(told).collect::<Vec<_>>())
        .fact("strays", strays);
    Ok(match pruned.overdue.is_empty() {
        true => report,
        false => report.note("the newest of a kind is older than it is kept, and stays: make a new one"),
    })
}
