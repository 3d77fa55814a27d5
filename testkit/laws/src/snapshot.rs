//! An authentic snapshot is taken or refused as a whole; what is taken is written again the same, and teaches the next follower the same.
//!
//! Input: whose revocations (1), body.

use std::sync::Arc;
use std::time::Duration;

use portward::{Authority, Change, FeedError, Follower, Scope, TenantChange};

use crate::draft::saved;
use crate::pool::TENANTS;
use crate::world::{NOW, WORLD};
use crate::{model::Model, wire};

pub(crate) fn holds(data: &[u8]) {
    let Some((scope, body)) = data.split_first() else { return };
    let scope = scope_of(*scope);
    let mut follower = follower(&scope);
    let taken = follower.accept(&saved(&scope, body), NOW.wall);
    let view = follower.cell().load();
    let Ok(stamp) = taken else {
        assert_eq!(taken, Err(FeedError::Malformed));
        assert!(view.to_changes().is_empty() && view.stamp().is_none() && follower.highest().is_none());
        return;
    };
    assert_eq!((view.stamp(), follower.highest()), (Some(stamp), Some(stamp)));

    let changes = view.to_changes();
    assert_eq!(Model::of(&changes).changes(), changes, "as a snapshot orders them");
    let written = wire::body(&changes);
    let message = view.save(&WORLD.keyring).unwrap();
    assert_eq!(message, saved(&scope, &written));
    // An entry that is there twice, paused and revoked, is revoked; all else has one form.
    let suspended: usize = changes.iter().map(|change| suspended_too(change, body)).sum();
    assert!(written == body || suspended > 0, "two forms of one view");
    assert!(written.len() <= body.len() && body.len() - written.len() <= suspended, "more than that was left out");
    let mut next = self::follower(&scope);
    next.accept(&message, NOW.wall).unwrap();
    assert_eq!(next.cell().load().to_changes(), changes);
    if scope == Scope::ALL {
        let authority = Authority::resume(Arc::clone(&WORLD.keyring), &message).unwrap();
        assert_eq!((authority.view().to_changes(), authority.stamp()), (changes.clone(), stamp));
    }

    let mut model = Model::of(&changes);
    model.collect(NOW.wall);
    follower.collect(NOW.wall);
    assert_eq!(follower.cell().load().to_changes(), model.changes());
}

/// How many bytes say of an entry that is revoked that it is suspended, too.
fn suspended_too(change: &Change, body: &[u8]) -> usize {
    let Change::Tenant(_, TenantChange::Revoke { unit, id, .. }) = change else { return 0 };
    let suspended = [&[0x14, wire::unit(*unit)], &id[..]].concat();
    // With the time, which may be another one.
    if body.windows(suspended.len()).any(|window| window == suspended) { suspended.len() + 5 } else { 0 }
}

/// The whole deployment, or the tenants whose bits are set.
pub(crate) fn scope_of(bits: u8) -> Scope {
    let tenants = (0..).zip(TENANTS).filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name.parse().unwrap());
    Scope::tenants(tenants).unwrap_or(Scope::ALL)
}

pub(crate) fn follower(scope: &Scope) -> Follower {
    Follower::new(Arc::clone(&WORLD.keyring), scope.clone(), Duration::from_secs(60), None).unwrap()
}
