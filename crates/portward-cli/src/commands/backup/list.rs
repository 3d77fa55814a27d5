use std::fmt::Write as _;

use crate::commands::backup::place::{PlaceArguments, told};
use crate::failure::Failure;
use crate::global::Global;
use crate::report::Report;

pub(super) fn run(global: &Global, place: &PlaceArguments) -> Result<Report, Failure> {
    let place = place.open(global)?;
    let catalogue = place.backups.catalogue().map_err(|error| place.failed(error))?;
    let strays = place.backups.unmatched().map_err(|error| place.failed(error))?.strays;
    let mut text = format!("{:>8}  {:6}  {:20}  {:>14}  name\n", "number", "kind", "created", "bytes");
    for entry in &catalogue.entries {
        let (number, kind, created) = (entry.number, entry.kind.name(), entry.created.to_string());
        let _ = writeln!(text, "{number:>8}  {kind:6}  {created:20}  {:>14}  {}", entry.length, entry.name);
    }
    let report = Report::new()
        .fact("backups", catalogue.entries.iter().map(told).collect::<Vec<_>>())
        .fact("highest", catalogue.highest)
        .fact("revision", catalogue.revision)
        .fact("strays", strays.clone())
        .plain(text);
    Ok(match strays.is_empty() {
        true => report,
        false => report
            .note(format!("the catalogue does not know {}: backup prune --strays takes it away", strays.join(", "))),
    })
}
