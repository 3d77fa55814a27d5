//! `portward link list`.

use clap::Args;
use portward::{Identifier, Timestamp, Vocabulary};
use portward_store::store::{Link, LinkFilter, PageStart};
use serde_json::{Map, Value};

use crate::commands::registry::facts::{self, Standing};
use crate::context;
use crate::failure::Failure;
use crate::global::Global;
use crate::report::{self, Report};
use crate::store::Links;
use crate::{named, read};

#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// Whose links
    #[arg(long)]
    tenant: String,
    /// Those of this client
    #[arg(long)]
    client: Option<String>,
    /// Those that stand so, whatever it was that revoked or paused them
    #[arg(long)]
    state: Option<Standing>,
    /// Those that end before this time
    #[arg(long, value_name = "TIME")]
    ends_before: Option<String>,
    /// Those whose label contains this
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Those behind this link, the last of the list before
    #[arg(long, value_name = "ID")]
    after: Option<String>,
}

pub(crate) fn run(global: &Global, arguments: &ListArguments) -> Result<Report, Failure> {
    let links = named::links(global, None)?;
    let tenant = read::identifier(&arguments.tenant)?;
    let filter = LinkFilter {
        client: read::identifier_of(arguments.client.as_deref())?,
        // What the view says goes before the row, and is not asked of the database.
        state: None,
        expires_before: arguments.ends_before.as_deref().map(read::time).transpose()?,
        label_contains: arguments.label.clone(),
    };
    let start = match &arguments.after {
        Some(id) => Some(PageStart::after(&links.wait(links.store.link(tenant, read::entry_id(id)?))?)),
        None => None,
    };
    let now = context::now().wall;
    let (found, more) = found(&links, tenant, &filter, arguments, (start, now))?;
    let next = found.last().filter(|_| more).map(|link| report::hex(&link.id));
    let vocabulary = &links.store.deployment().vocabulary;
    let mut report = Report::new()
        .fact("links", found.iter().map(|link| to_json(link, vocabulary)).collect::<Vec<_>>())
        .fact("next", next.clone())
        .plain(table(&found, now));
    if let Some(next) = next {
        report = report.note(format!("there are more: --after {next}"));
    }
    Ok(report)
}

/// Those that stand as is asked for, and whether there are more.
fn found(
    links: &Links,
    tenant: Identifier,
    filter: &LinkFilter,
    arguments: &ListArguments,
    (mut start, now): (Option<PageStart>, Timestamp),
) -> Result<(Vec<Link>, bool), Failure> {
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    loop {
        let page = links.wait(links.store.list(tenant, filter, start, arguments.limit))?;
        for link in page.links {
            if arguments.state.is_some_and(|state| state != Standing::of(&link, now)) {
                continue;
            }
            if found.len() == limit {
                return Ok((found, true));
            }
            found.push(link);
        }
        match page.next {
            Some(next) => start = Some(next),
            None => return Ok((found, false)),
        }
    }
}

fn to_json(link: &Link, vocabulary: &Vocabulary) -> Value {
    let facts = facts::told(link, vocabulary).into_facts();
    Value::Object(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn table(links: &[Link], now: Timestamp) -> String {
    let mut text = format!("{:32}  {:7}  {:20}  {:>8}  {:16}  label\n", "id", "state", "ends", "uses", "client");
    for link in links {
        let uses = link.uses_max.map_or_else(|| link.uses.to_string(), |max| format!("{}/{max}", link.uses));
        let (id, state, ends) = (report::hex(&link.id), Standing::of(link, now).name(), link.expires_at.to_string());
        let label = report::human(&link.label.clone().into());
        text += &format!("{id}  {state:7}  {ends:20}  {uses:>8}  {:16}  {label}\n", link.client.to_string());
    }
    text
}
