//! `portward link history`.

use clap::Args;
use portward_store::events::EventKind;
use portward_store::store::LinkEvent;
use serde_json::{Value, json};

use crate::commands::registry::facts::LinkArgument;
use crate::failure::Failure;
use crate::global::Global;
use crate::report::{self, Report};
use crate::{named, read};

#[derive(Args, Debug)]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    link: LinkArgument,
    /// At most so many lines, the newest first
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Those before the one with this number
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

pub(crate) fn run(global: &Global, arguments: &HistoryArguments) -> Result<Report, Failure> {
    let links = named::links(global, None)?;
    let (tenant, id) = arguments.link.read()?;
    let events = links.wait(links.store.history(tenant, id, arguments.before, arguments.limit))?;
    let mut text = format!("{:>6}  {:20}  {:12}  detail\n", "number", "at", "what");
    for event in &events {
        let (at, kind) = (event.at.to_string(), event.kind.name());
        text += &format!("{:>6}  {at:20}  {kind:12}  {}\n", event.number, report::human(&detail(event)));
    }
    let first = events.last().map_or(0, |event| event.number);
    let report = Report::new().fact("events", events.iter().map(to_json).collect::<Vec<_>>()).plain(text);
    Ok(if first == 0 { report } else { report.note(format!("there are more: --before {first}")) })
}

fn to_json(event: &LinkEvent) -> Value {
    let (at, kind) = (report::time(event.at), event.kind.name());
    json!({ "number": event.number, "at": at, "what": kind, "detail": detail(event) })
}

/// A time as one.
fn detail(event: &LinkEvent) -> Value {
    let Some(detail) = &event.detail else { return Value::Null };
    match event.kind {
        EventKind::Shortened | EventKind::Extended => {
            read::time(detail).map_or_else(|_| detail.clone().into(), report::time)
        }
        _ => detail.clone().into(),
    }
}
