//! One link of a store, named and told.

use clap::{Args, ValueEnum};
use portward::{EntryId, Identifier, Resources, Timestamp, Vocabulary};
use portward_store::store::{Link, LinkState};
use serde_json::{Value, json};

use crate::context;
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

/// How a link stands, as its tenant is told: by what was done to it, by its time, or by its uses.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum Standing {
    /// It can be redeemed
    Active,
    /// Not until it is restored
    Paused,
    /// Never again
    Revoked,
    /// Its time is over; within what was signed it can be extended
    Ended,
    /// It was redeemed as often as it can be; the cap can be raised
    UsedUp,
}

impl Standing {
    pub(crate) fn of(link: &Link, now: Timestamp) -> Self {
        let is_used_up = link.uses_max.is_some_and(|max| link.uses >= max.into());
        match link.state {
            LinkState::Revoked => Self::Revoked,
            LinkState::Paused => Self::Paused,
            LinkState::Active if link.expires_at <= now => Self::Ended,
            LinkState::Active if is_used_up => Self::UsedUp,
            LinkState::Active => Self::Active,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => LinkState::Active.name(),
            Self::Paused => LinkState::Paused.name(),
            Self::Revoked => LinkState::Revoked.name(),
            Self::Ended => "ended",
            Self::UsedUp => "used-up",
        }
    }
}

/// All that the store knows of it.
pub(crate) fn told(link: &Link, vocabulary: &Vocabulary) -> Report {
    Report::new()
        .fact("id", report::hex(&link.id))
        .fact("tenant", link.tenant.to_string())
        .fact("client", link.client.to_string())
        .fact("label", link.label.clone())
        .fact("state", Standing::of(link, context::now().wall).name())
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
