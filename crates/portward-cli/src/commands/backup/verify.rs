use clap::Args;
use portward_store::backup::{BackupError, Depth, Kind, Unmatched};

use crate::commands::backup::place::{Place, PlaceArguments};
use crate::failure::Failure;
use crate::global::Global;
use crate::report::Report;

#[derive(Args, Debug)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// Only the backup of this number
    #[arg(long, value_name = "N")]
    number: Option<u64>,
    /// Only the seal: do not count the rows, for which PostgreSQL's pg_restore is needed
    #[arg(long)]
    seal_only: bool,
}

pub(super) fn run(global: &Global, arguments: &VerifyArguments) -> Result<Report, Failure> {
    let place = arguments.place.open(global)?;
    let depth = if arguments.seal_only { Depth::Seal } else { Depth::Rows };
    let catalogue = place.backups.catalogue().map_err(|error| place.failed(error))?;
    let numbers: Vec<u64> = match arguments.number {
        Some(number) => vec![number],
        None => catalogue.entries.iter().map(|entry| entry.number).collect(),
    };
    if arguments.number.is_none() {
        refuse_unmatched(&place)?;
    }
    let (mut bytes, mut rows) = (0u64, 0u64);
    for number in &numbers {
        let of = |failure: Failure| Failure { message: format!("backup {number}: {}", failure.message), ..failure };
        let verified = place.wait(place.backups.verify(*number, depth)).map_err(of)?;
        bytes = bytes.saturating_add(verified.dump);
        rows = rows.saturating_add(verified.manifest.rows());
    }
    let report = Report::new().fact("verified", numbers.len()).fact("plaintext_bytes", bytes);
    let report = if arguments.seal_only { report } else { report.fact("rows", rows) };
    let lacks = |kind: Kind| !catalogue.entries.iter().any(|entry| entry.kind == kind);
    Ok(if lacks(Kind::Keys) {
        report.note("there is no backup of a key store here: without one, nothing that was sealed opens")
    } else {
        report
    })
}

/// All that is missing or stray is told, before anything is opened.
fn refuse_unmatched(place: &Place) -> Result<(), Failure> {
    let Unmatched { missing, strays } = place.backups.unmatched().map_err(|error| place.failed(error))?;
    let error = match (missing.is_empty(), strays.is_empty()) {
        (true, true) => return Ok(()),
        (true, false) => BackupError::Stray(strays.join(", ")),
        (false, _) => BackupError::Missing,
    };
    let failure = place.failed(error);
    if missing.is_empty() {
        return Err(failure.hint("backup prune --strays takes away what the catalogue does not know"));
    }
    let mut message = format!("{}: backup {}", failure.message, join(&missing));
    if !strays.is_empty() {
        message.push_str(&format!("; the catalogue does not know {}", strays.join(", ")));
    }
    Err(Failure { message, ..failure })
}

fn join(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}
