//! What is revoked, paused and restored in a store: the link's row and the feed in one step.

use portward::{Change, Identifier, Stamp, Standing, TenantChange, Unit};
use portward_store::store::{LinkFilter, StoreError, Target as Stored};

use crate::commands::target::{Act, Origin, Target};
use crate::failure::Failure;
use crate::store::Links;

/// One link, copy or session. `false`: the store has no row of its link.
pub(crate) fn unit(links: &Links, act: Act, unit: Unit, target: &Target) -> Result<(Stamp, bool), Failure> {
    match links.ask(with_row(links, act, unit, target)) {
        Ok(Some(stamp)) => Ok((stamp, true)),
        Ok(None) => Ok((links.commit(&[change(act, unit, target)])?, true)),
        // A token in hand is authentic. It is not left in force because nobody wrote down that it was made.
        Err(StoreError::UnknownLink) if target.origin != Origin::Named => {
            Ok((links.commit(&[change(act, unit, target)])?, false))
        }
        // Paused by a view that was newer than the row, and that a recovery merged.
        Err(StoreError::State) if act == Act::Restore && is_suspended(links, unit, target) => {
            Ok((links.commit(&[change(act, unit, target)])?, true))
        }
        Err(error) => Err(links.failed(error)),
    }
}

fn is_suspended(links: &Links, unit: Unit, target: &Target) -> bool {
    links.store.cell().load().entries_of(&target.tenant).standing(unit, target.id) == Standing::Suspended
}

/// `None`: this concerns no row.
async fn with_row(links: &Links, act: Act, unit: Unit, target: &Target) -> Result<Option<Stamp>, StoreError> {
    let (store, tenant, id) = (&links.store, target.tenant, target.id);
    let done = match (act, unit, target.link) {
        (Act::Pause, Unit::Link, _) => store.pause(tenant, id).await,
        (Act::Restore, Unit::Link, _) => store.restore(tenant, id).await,
        (Act::Revoke, Unit::Link, _) => store.revoke(tenant, Stored::Link(id)).await,
        (Act::Revoke, Unit::Copy, Some(link)) => store.revoke(tenant, Stored::Copy { link, copy: id }).await,
        (Act::Revoke, Unit::Session, Some(link)) => store.revoke(tenant, Stored::Session { link, session: id }).await,
        _ => return Ok(None),
    };
    done.map(Some)
}

/// As the feed says it.
pub(crate) const fn change(act: Act, unit: Unit, target: &Target) -> Change {
    let Target { tenant, id, expires_at, .. } = *target;
    let change = match act {
        Act::Revoke => TenantChange::Revoke { unit, id, expires_at },
        Act::Pause => TenantChange::Suspend { unit, id, expires_at },
        Act::Restore => TenantChange::Restore { unit, id },
    };
    Change::Tenant(tenant, change)
}

/// Whether the store has a link of this tenant. One that is not believed is there, and hinders no revocation.
pub(crate) fn knows(links: &Links, tenant: Identifier) -> Result<bool, Failure> {
    match links.ask(links.store.list(tenant, &LinkFilter::default(), None, 1)) {
        Err(StoreError::Row(_) | StoreError::Malformed) => Ok(true),
        page => Ok(!page.map_err(|error| links.failed(error))?.links.is_empty()),
    }
}
