//! `portward link edit`.

use clap::Args;
use portward::{Identifier, Resources, Vocabulary};
use portward_store::store::LinkEdit;

use crate::commands::registry::ends::EndsArguments;
use crate::commands::registry::facts::{self, LinkArgument};
use crate::failure::Failure;
use crate::global::Global;
use crate::report::Report;
use crate::{named, read};

/// What takes something away also ends the sessions made so far; they can be renewed.
#[derive(Args, Debug)]
pub(crate) struct EditArguments {
    #[command(flatten)]
    link: LinkArgument,
    /// What the tenant calls it
    #[arg(long, conflicts_with = "no_label")]
    label: Option<String>,
    /// Takes the label away
    #[arg(long)]
    no_label: bool,
    #[command(flatten)]
    ends: EndsArguments,
    /// What it grants from now on, such as files:read or files:*, at most what was signed; repeat it
    #[arg(long = "permission", value_name = "NAME")]
    permissions: Vec<String>,
    /// Good for this resource only from now on; repeat it
    #[arg(long = "resource", value_name = "ID", conflicts_with = "all_resources")]
    resources: Vec<String>,
    /// Good for all resources again
    #[arg(long)]
    all_resources: bool,
    /// How often it and all its copies together can be redeemed, those times included that it was
    #[arg(long, value_name = "N", conflicts_with = "no_cap", value_parser = clap::value_parser!(u32).range(1..))]
    uses: Option<u32>,
    /// As often as one likes
    #[arg(long)]
    no_cap: bool,
}

pub(crate) fn run(global: &Global, arguments: &EditArguments) -> Result<Report, Failure> {
    let links = named::links(global, None)?;
    let (tenant, id) = arguments.link.read()?;
    let vocabulary = &links.store.deployment().vocabulary;
    let edit = arguments.read(vocabulary)?;
    let link = links.wait(links.store.edit(tenant, id, edit))?;
    Ok(facts::told(&link, vocabulary))
}

impl EditArguments {
    fn read(&self, vocabulary: &Vocabulary) -> Result<LinkEdit, Failure> {
        let edit = LinkEdit {
            label: if self.no_label { Some(None) } else { self.label.clone().map(Some) },
            expires_at: self.ends.read()?,
            permissions: match self.permissions.as_slice() {
                [] => None,
                names => Some(vocabulary.expand(names)?),
            },
            resources: if self.all_resources { Some(Resources::All) } else { self.only()? },
            uses_max: if self.no_cap { Some(None) } else { self.uses.map(Some) },
        };
        let LinkEdit { label, expires_at, permissions, resources, uses_max } = &edit;
        let nothing = label.is_none() && expires_at.is_none() && permissions.is_none();
        if nothing && resources.is_none() && uses_max.is_none() {
            let message = "say what to change: --label, --ends, --ends-in-days, --permission, --resource, --uses";
            return Err(Failure::usage("usage", message));
        }
        Ok(edit)
    }

    fn only(&self) -> Result<Option<Resources>, Failure> {
        if self.resources.is_empty() {
            return Ok(None);
        }
        let resources: Result<Vec<Identifier>, _> = self.resources.iter().map(|text| read::identifier(text)).collect();
        Ok(Some(Resources::Only(resources?)))
    }
}
