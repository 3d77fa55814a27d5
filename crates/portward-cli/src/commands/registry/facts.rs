//! One link of a store, named and told.

use clap::Args;
use portward::{EntryId, Identifier, Resources, Vocabulary};
use portward_store::store::Link;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::read;
use crate::report::{self, Report};

#[derive(Args, Debug)]
pub(crate) struct LinkArgument {
    /// The id of the link: 32 hexadecimal digits
    id: String,
    /// Whose link
    #[arg(long)]
    tenant: String,
}

impl LinkArgument {
    pub(crate) fn read(&self) -> Result<(Identifier, EntryId), Failure> {
        Ok((read::identifier(&self.tenant)?, read::entry_id(&self.id)?))
    }
}

/// All that the store knows of it.
pub(crate) fn told(link: &Link, vocabulary: &Vocabulary) -> Report {
    Report::new()
        .fact("id", report::hex(&link.id))
        .fact("tenant", link.tenant.to_string())
        .fact("client", link.client.to_string())
        .fact("label", link.label.clone())
        .fact("state", link.state.name())
        .fact("ends_at", report::time(link.expires_at))
        .fact("signed_until", report::time(link.ceiling))
        .fact("permissions", report::names(vocabulary.names(link.permissions)))
        .fact("signed_permissions", report::names(vocabulary.names(link.permissions_ceiling)))
        .fact("resources", resources(&link.resources))
        .fact("uses", link.uses)
        .fact("uses_max", link.uses_max)
        .fact("revision", link.revision)
        .fact("created_at", report::time(link.created_at))
        .fact("changed_at", report::time(link.changed_at))
        .fact("last_used_at", link.last_used_at.map(report::time))
}

pub(crate) fn resources(resources: &Resources) -> Value {
    match resources {
        Resources::All => "all".into(),
        Resources::Only(only) => json!(only.iter().map(ToString::to_string).collect::<Vec<_>>()),
    }
}
