use portward::{Change, TenantChange, Timestamp, Unit};

use crate::events::{Event, Operation, Subject};
use crate::hex::hex;

impl Event {
    /// That these changes go into the feed: of a tenant where all are of one, about what where there is one, and their kinds.
    pub fn committed(at: Timestamp, changes: &[Change]) -> Self {
        let tenant_of = |change: &Change| match change {
            Change::Tenant(tenant, _) => Some(*tenant),
            _ => None,
        };
        let tenant =
            changes.first().and_then(tenant_of).filter(|one| changes.iter().all(|c| tenant_of(c) == Some(*one)));
        let subject = if let [change] = changes { subject(change) } else { None };
        let mut told: Vec<String> = changes.iter().take(TOLD_MAX).map(described).collect();
        if let Some(more) = changes.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
            told.push(format!("and {more} more"));
        }
        Self { tenant, subject, ..Self::new(at, Operation::Committed) }.with(told.join(", "))
    }
}

/// Of changes that are named one by one.
const TOLD_MAX: usize = 16;

fn subject(change: &Change) -> Option<Subject> {
    match change {
        Change::RefuseRoot(root) => Some(Subject::Root(*root)),
        Change::Tenant(_, TenantChange::ClientGeneration(client, _)) => Some(Subject::Client(*client)),
        Change::Tenant(
            _,
            TenantChange::Revoke { id, .. }
            | TenantChange::Suspend { id, .. }
            | TenantChange::Restore { id, .. }
            | TenantChange::Revision { link: id, .. },
        ) => Some(Subject::Entry(*id)),
        _ => None,
    }
}

fn described(change: &Change) -> String {
    match change {
        Change::DeploymentGeneration(generation) => format!("deployment generation {generation}"),
        Change::RefuseRoot(root) => format!("root {root} refused"),
        Change::Tenant(_, change) => match change {
            TenantChange::Generation(generation) => format!("tenant generation {generation}"),
            TenantChange::ClientGeneration(client, generation) => format!("generation {generation} of client {client}"),
            TenantChange::Revoke { unit, id, .. } => format!("{} {} revoked", name(*unit), hex(id)),
            TenantChange::Suspend { unit, id, .. } => format!("{} {} paused", name(*unit), hex(id)),
            TenantChange::Restore { unit, id } => format!("{} {} restored", name(*unit), hex(id)),
            TenantChange::Revision { link, minimum, .. } => format!("revision {minimum} of link {}", hex(link)),
            TenantChange::Tombstone(key) => format!("key {} destroyed", hex(key)),
        },
    }
}

const fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Link => "link",
        Unit::Session => "session",
        Unit::Copy => "copy",
    }
}
