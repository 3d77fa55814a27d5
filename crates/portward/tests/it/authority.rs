//! An authority whose changes are written down elsewhere, and what its view tells.

use std::sync::Arc;

use crate::common::*;
use portward::*;

fn expiring(after: u64) -> Timestamp {
    later(after).wall
}

#[test]
fn what_was_prepared_is_made_once_and_replayed_by_another() {
    let mut world = World::new();
    let beginning = world.authority.view().save(&world.keyring).unwrap();
    let mut other = Authority::resume(Arc::clone(&world.keyring), &beginning).unwrap();
    let change = || vec![Change::Tenant(id("studio"), revoke(Unit::Link, [1; 16], expiring(60)))];
    let (prepared, overtaken) =
        (world.authority.prepare(change()).unwrap(), world.authority.prepare(change()).unwrap());
    let (stamp, body, history) = (prepared.stamp(), prepared.body().to_vec(), prepared.history());
    assert_eq!(world.authority.make(prepared), Ok(stamp));
    assert_eq!(world.authority.make(overtaken), Err(AuthorityError::Overtaken));
    assert_eq!((world.authority.stamp(), world.authority.history()), (stamp, history));

    assert_eq!(other.replay(stamp.sequence + 1, &body, history), Err(FeedError::Gap));
    assert_eq!(other.replay(stamp.sequence, &body[1..], history), Err(FeedError::Malformed));
    assert_eq!(other.replay(stamp.sequence, &body, [0; 32]), Err(FeedError::Fork));
    assert_eq!(other.replay(stamp.sequence, &body, history), Ok(()));
    assert_eq!((other.stamp(), other.history()), (stamp, history));
    assert_eq!(other.view().to_changes(), world.authority.view().to_changes());
}

#[test]
fn its_own_cell_is_fresh_when_it_was_confirmed() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    let verifier = world.verifier_with(Revocation::View(world.authority.cell(), LIVE), VerifierOptions::default());
    assert_eq!(code(verify(&verifier, link.text(), NOW)), "view_stale");
    world.authority.confirm(NOW.steady);
    assert_eq!(code(verify(&verifier, link.text(), NOW)), "ok");
    world.authority.revoke_client(id("studio"), id("42")).unwrap();
    assert_eq!(code(verify(&verifier, link.text(), NOW)), "ok", "not shown yet");
    world.authority.confirm(NOW.steady);
    assert_eq!(code(verify(&verifier, link.text(), NOW)), "client_revoked");
    world.authority.revoke_everything().unwrap();
    world.authority.confirm(NOW.steady);
    assert_eq!(code(verify(&verifier, link.text(), NOW)), "deployment_revoked");
}

#[test]
fn whoever_goes_on_as_another_forgets_nothing_final() {
    let mut world = World::new();
    let suspend = TenantChange::Suspend { unit: Unit::Link, id: [2; 16], expires_at: expiring(60) };
    let changes = vec![
        Change::Tenant(id("studio"), revoke(Unit::Link, [1; 16], expiring(60))),
        Change::Tenant(id("studio"), suspend),
    ];
    world.authority.commit(changes).unwrap();
    let standings = |authority: &Authority| {
        let entries = authority.view().entries_of(&id("studio"));
        [[1; 16], [2; 16], [3; 16]].map(|link| entries.standing(Unit::Link, link))
    };
    assert_eq!(standings(&world.authority), [Standing::Revoked, Standing::Suspended, Standing::Good]);
    let elsewhere = Incarnation::generate(NOW.wall, Some(world.authority.stamp().incarnation)).unwrap();
    let restored = Authority::new(Arc::clone(&world.keyring), elsewhere).unwrap();
    let cell = world.authority.cell();
    world.authority.become_other(restored);
    assert!(Arc::ptr_eq(&cell, &world.authority.cell()));
    assert_eq!(
        standings(&world.authority),
        [Standing::Revoked, Standing::Suspended, Standing::Good],
        "of another life: kept"
    );

    let view = world.authority.view().clone();
    let incarnation = Incarnation::generate(NOW.wall, None).unwrap();
    let begun = Authority::beginning_with(Arc::clone(&world.keyring), incarnation, &[&view]).unwrap();
    assert_eq!(standings(&begun)[0], Standing::Revoked);
    assert_eq!((begun.stamp().sequence, begun.view().entries()), (0, 2));
}

#[test]
fn a_view_tells_what_it_knows_of_a_tenant() {
    let mut world = World::new();
    let ids: Vec<EntryId> = (0..100).map(|number| [number; 16]).collect();
    let dead = |number: u8| Change::Tenant(id("studio"), revoke(Unit::Link, [number; 16], expiring(60)));
    let revision = TenantChange::Revision { link: [5; 16], minimum: 3, expires_at: expiring(60) };
    let tombstone = TenantChange::Tombstone([6; 16]);
    let mut changes: Vec<Change> = [3, 64, 99].map(dead).to_vec();
    changes.extend([Change::Tenant(id("studio"), revision), Change::Tenant(id("studio"), tombstone)]);
    let stamp = world.authority.commit(changes).unwrap();
    let view = world.authority.view();
    let exceptions = |view: &RevocationView, tenant| {
        let mut told = Vec::new();
        view.entries_of(&id(tenant)).exceptions(Unit::Link, &ids, |place, standing| told.push((place, standing)));
        told
    };
    let expected = [3, 64, 99].map(|place| (place, Standing::Revoked));
    assert_eq!((exceptions(view, "studio"), exceptions(view, "other")), (expected.to_vec(), Vec::new()));
    assert_eq!(exceptions(&view.collected(NOW.wall), "studio"), expected, "settled, too");
    let entries = view.entries_of(&id("studio"));
    assert_eq!((entries.minimum_revision([5; 16]), entries.minimum_revision([4; 16])), (3, 0));
    assert_eq!((view.tombstones(&id("studio")), view.tombstones(&id("other"))), (vec![[6; 16]], Vec::new()));
    assert!(view.is_tombstoned(&id("studio"), [6; 16]) && !view.is_tombstoned(&id("other"), [6; 16]));
    assert!(view.is_at_least(stamp) && !view.is_refused(world.keyring.roots().next().unwrap().id));
    assert_eq!((view.deployment_generation(), view.scope()), (0, &Scope::ALL));
}
