//! `portward link show`.

use clap::Args;
use portward::{EntryId, Unit};

use crate::commands::registry::facts;
use crate::commands::target;
use crate::context::Portal;
use crate::failure::Failure;
use crate::global::Global;
use crate::report::Report;
use crate::{named, read};

#[derive(Args, Debug)]
pub(crate) struct ShowArguments {
    /// The id of the link, 32 hexadecimal digits; or the link itself, or - for standard input
    link: String,
    /// Whose link
    #[arg(long)]
    tenant: String,
    /// Make its token again and print it; that is written into its history
    #[arg(long)]
    token: bool,
}

pub(crate) fn run(global: &Global, arguments: &ShowArguments) -> Result<Report, Failure> {
    if global.store.is_none() {
        return Err(named::needed());
    }
    let portal = Portal::open(global)?;
    let links = portal.links.as_ref().ok_or_else(named::needed)?;
    let tenant = read::identifier(&arguments.tenant)?;
    let id = id(&portal, &arguments.link)?;
    let again = arguments.token.then(|| links.wait(links.store.show(tenant, id))).transpose()?;
    let link = links.wait(links.store.link(tenant, id))?;
    let report = facts::told(&link, &portal.deployment.vocabulary);
    Ok(match again {
        Some(token) => report.fact("token", token.text()).plain(format!("{}\n", token.text())),
        None => report,
    })
}

/// A link in hand tells its id once it is authentic; whose it is, the row tells.
fn id(portal: &Portal, argument: &str) -> Result<EntryId, Failure> {
    let argument = argument.trim_ascii();
    if argument != "-" && !argument.starts_with("pwl_") {
        return read::entry_id(argument);
    }
    // Nobody is turned away here, so there is no public answer.
    let link = target::of_token(portal, Unit::Link, &read::token(argument)?, None);
    Ok(link.map_err(|failure| Failure { public: None, ..failure })?.id)
}
