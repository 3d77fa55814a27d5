//! Freshness, the feed and its followers: stale, never wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portward::*;

use crate::common::*;

fn revoke_link(link: &IssuedToken) -> Change {
    Change::Tenant(id("studio"), revoke(Unit::Link, link.id(), link.expires_at()))
}

#[test]
fn a_view_is_fresh_for_as_long_as_it_was_said_and_no_longer() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    let verifier = world.verifier();
    assert_eq!(code(verify(&verifier, link.text(), NOW)), "view_stale", "nothing was confirmed yet");
    world.sync(NOW);
    assert_eq!(code(verify(&verifier, link.text(), later(30))), "ok");
    let stale = verify(&verifier, link.text(), later(31)).err().unwrap();
    assert_eq!((stale.code(), stale.is_stale()), ("view_stale", true));
    world.sync(later(31));
    assert_eq!(code(verify(&verifier, link.text(), later(31))), "ok", "an empty answer confirms too");
}

#[test]
fn no_clock_makes_a_view_fresh_again() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    let verifier = world.verifier();
    world.sync(NOW);
    let set_back = Now { wall: NOW.wall, ..later(31) };
    assert_eq!(code(verify(&verifier, link.text(), set_back)), "view_stale", "the calendar does not count");
    let rebooted = Now { steady: Steady::from_millis(1), ..NOW };
    assert_eq!(code(verify(&verifier, link.text(), rebooted)), "view_stale", "earlier than the request is not fresh");
    assert_eq!(code(verify(&verifier, link.text(), NOW)), "ok", "the control");
}

#[test]
fn freshness_counts_from_when_the_request_was_sent() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    let challenge = world.follower.request(NOW.steady).unwrap();
    let slow = world.authority.answer(&Scope::ALL, None, challenge).unwrap();
    world.follower.accept(&slow, later(29).wall).unwrap();
    assert_eq!(code(verify(&world.verifier(), link.text(), later(30))), "ok");
    assert_eq!(code(verify(&world.verifier(), link.text(), later(31))), "view_stale");
}

#[test]
fn a_follower_that_misses_a_delta_turns_stale_never_wrong() {
    let mut world = World::new();
    let (link, other) = (world.link("studio", "42"), world.link("studio", "43"));
    world.sync(NOW);
    let verifier = world.verifier();
    let stamp = world.authority.commit(vec![revoke_link(&link)]).unwrap();
    world.authority.commit(vec![]).unwrap();
    let challenge = world.follower.request(later(20).steady).unwrap();
    let gap = world.authority.answer(&Scope::ALL, Some(stamp), challenge).unwrap();
    assert_eq!(world.follower.accept(&gap, later(20).wall), Err(FeedError::Gap));
    assert_eq!(code(verify(&verifier, link.text(), later(30))), "ok", "the old view is good for its time");
    assert_eq!(code(verify(&verifier, link.text(), later(31))), "view_stale");
    world.sync(later(31));
    let revoked = verify(&verifier, link.text(), later(31)).err().unwrap();
    assert_eq!((revoked.code(), revoked.is_stale()), ("link_revoked", false));
    assert_eq!(code(verify(&verifier, other.text(), later(31))), "ok");
}

#[test]
fn a_revocation_can_be_waited_for() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    world.sync(NOW);
    let stamp = world.authority.commit(vec![revoke_link(&link)]).unwrap();
    assert!(!world.follower.cell().load().is_at_least(stamp));
    world.sync(NOW);
    assert!(world.follower.cell().load().is_at_least(stamp));
}

#[test]
fn a_pause_ends_and_a_revocation_does_not() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    world.sync(NOW);
    let verifier = world.verifier();
    let (unit, expires_at) = (Unit::Link, link.expires_at());
    let pause = TenantChange::Suspend { unit, id: link.id(), expires_at };
    let restore = TenantChange::Restore { unit, id: link.id() };
    for (change, expected) in [
        (pause, "link_suspended"),
        (restore, "ok"),
        (revoke(unit, link.id(), expires_at), "link_revoked"),
        (restore, "link_revoked"),
    ] {
        world.authority.commit(vec![Change::Tenant(id("studio"), change)]).unwrap();
        world.sync(NOW);
        assert_eq!(code(verify(&verifier, link.text(), NOW)), expected);
    }
}

#[test]
fn counters_deny_below_and_above_and_never_wrap() {
    let mut world = World::new();
    let (studio, client) = (id("studio"), id("42"));
    let old = world.link("studio", "42");
    world.sync(NOW);
    let verifier = world.verifier();
    world.authority.revoke_client(studio, client).unwrap();
    let new = world.link("studio", "42");
    assert_eq!(code(verify(&verifier, new.text(), NOW)), "generation_ahead", "newer than the view");
    world.sync(NOW);
    assert_eq!(code(verify(&verifier, old.text(), NOW)), "client_revoked");
    assert_eq!(code(verify(&verifier, new.text(), NOW)), "ok");
    let top = Change::Tenant(studio, TenantChange::Generation(u32::MAX - 1));
    world.authority.commit(vec![top]).unwrap();
    assert!(world.authority.revoke_tenant(studio).is_ok(), "the last one");
    assert_eq!(world.authority.revoke_tenant(studio), Err(AuthorityError::GenerationExhausted));
}

#[test]
fn an_edge_knows_its_own_tenants_only() {
    let mut world = World::new();
    let (own, foreign) = (world.link("studio", "42"), world.link("rival", "42"));
    let scope = Scope::tenants([id("studio")]).unwrap();
    let mut edge = Follower::new(Arc::clone(&world.keyring), scope.clone(), Duration::ZERO, None).unwrap();
    let secret = Change::Tenant(id("rival"), revoke(Unit::Link, foreign.id(), foreign.expires_at()));
    world.authority.commit(vec![secret]).unwrap();
    let challenge = edge.request(NOW.steady).unwrap();
    let whole = world.authority.answer(&Scope::ALL, None, challenge).unwrap();
    assert_eq!(edge.accept(&whole, NOW.wall), Err(FeedError::WrongScope));
    edge.accept(&world.authority.answer(&scope, None, challenge).unwrap(), NOW.wall).unwrap();
    assert_eq!(edge.cell().load().entries(), 0);
    let verifier = world.verifier_with(Revocation::View(edge.cell(), LIVE), VerifierOptions::default());
    assert_eq!(code(verify(&verifier, own.text(), NOW)), "ok");
    assert_eq!(code(verify(&verifier, foreign.text(), NOW)), "out_of_scope");
}

#[test]
fn a_published_list_is_good_between_its_times() {
    let mut world = World::new();
    let (link, gone) = (world.link("studio", "42"), world.link("studio", "43"));
    let times = |from: u64, to: u64| ListTimes { this_update: later(from).wall, next_update: later(to).wall };
    let empty = world.authority.publish(&Scope::ALL, None, times(0, 3600)).unwrap();
    world.authority.commit(vec![revoke_link(&gone)]).unwrap();
    let list = world.authority.publish(&Scope::ALL, None, times(100, 3600)).unwrap();
    assert_eq!(world.follower.accept(&list, NOW.wall), Err(FeedError::ListNotYetCurrent));
    assert_eq!(world.follower.accept(&list, later(3600).wall), Err(FeedError::ListExpired));
    world.follower.accept(&list, later(100).wall).unwrap();
    let revocation = Revocation::View(world.follower.cell(), Freshness::PublishedList);
    let verifier = world.verifier_with(revocation, VerifierOptions::default());
    assert_eq!(code(verify(&verifier, link.text(), later(3599))), "ok");
    assert_eq!(code(verify(&verifier, gone.text(), later(3599))), "link_revoked");
    assert_eq!(code(verify(&verifier, link.text(), later(3600))), "view_stale");
    assert_eq!(
        code(verify(&world.verifier(), link.text(), later(101))),
        "view_stale",
        "not for a verifier of live views"
    );
    assert_eq!(world.follower.accept(&empty, later(101).wall), Err(FeedError::Rollback));
    let mut restarted =
        Follower::new(Arc::clone(&world.keyring), Scope::ALL, Duration::ZERO, world.follower.highest()).unwrap();
    assert_eq!(restarted.accept(&empty, later(101).wall), Err(FeedError::Rollback), "the highest stamp is kept");
    assert!(restarted.accept(&list, later(101).wall).is_ok());
}

#[test]
fn a_saved_view_goes_on_and_vouches_for_nothing() {
    let mut world = World::new();
    let (link, gone) = (world.link("studio", "42"), world.link("studio", "43"));
    let stamp = world.authority.commit(vec![revoke_link(&gone)]).unwrap();
    let saved = world.authority.view().save(&world.keyring).unwrap();
    world.follower.accept(&saved, NOW.wall).unwrap();
    assert_eq!(code(verify(&world.verifier(), link.text(), NOW)), "view_stale");
    assert_eq!(code(verify(&world.verifier(), gone.text(), NOW)), "link_revoked");
    let mut resumed = Authority::resume(Arc::clone(&world.keyring), &saved).unwrap();
    assert_eq!(resumed.stamp(), stamp);
    let next = resumed.commit(vec![]).unwrap();
    assert_eq!((next.incarnation, next.sequence), (stamp.incarnation, stamp.sequence + 1));
    world.authority = resumed;
    world.sync(NOW);
    assert_eq!(code(verify(&world.verifier(), link.text(), NOW)), "ok");
}

#[test]
fn entries_are_collected_when_their_token_cannot_live_and_not_before() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    world.authority.commit(vec![revoke_link(&link)]).unwrap();
    world.sync(NOW);
    let end = link.expires_at().unix() + 600;
    world.follower.collect(Timestamp::from_unix(end - 1));
    assert_eq!(world.follower.cell().load().entries(), 1);
    world.follower.collect(Timestamp::from_unix(end));
    assert_eq!(world.follower.cell().load().entries(), 0);
}

#[test]
fn a_compaction_loses_nothing_that_comes_meanwhile() {
    let mut world = World::new();
    let links: Vec<_> = (0..20).map(|client| world.link("studio", &client.to_string())).collect();
    let verifier = world.verifier();
    world.sync(NOW);
    for (index, link) in links.iter().enumerate() {
        let first = world.follower.begin_compaction();
        world.authority.commit(vec![revoke_link(link)]).unwrap();
        world.sync(NOW);
        let second = world.follower.begin_compaction();
        world.follower.install(first.run());
        if index % 2 == 0 {
            world.follower.install(second.run());
        }
        assert!(links[..=index].iter().all(|link| code(verify(&verifier, link.text(), NOW)) == "link_revoked"));
        assert!(links[index + 1..].iter().all(|link| code(verify(&verifier, link.text(), NOW)) == "ok"));
    }
    let compaction = world.follower.begin_compaction();
    world.follower.install(compaction.run());
    assert_eq!((world.follower.unsettled(), world.follower.cell().load().entries()), (0, 20));
}

/// Eight threads verify while revocations stream in: a token is refused by each from the moment on that its stamp is shown.
#[test]
fn no_reader_accepts_after_the_stamp_is_shown() {
    let mut world = World::new();
    world.sync(NOW);
    let verifier = world.verifier();
    let cell = world.follower.cell();
    let done = AtomicBool::new(false);
    let links: Vec<_> = (0..200).map(|client| world.link("studio", &client.to_string())).collect();
    let base = world.authority.stamp().sequence;
    assert!(links.iter().all(|link| code(verify(&verifier, link.text(), NOW)) == "ok"), "the control");
    std::thread::scope(|scope| {
        for reader in 0..8usize {
            let (verifier, cell, done, links) = (&verifier, &cell, &done, &links);
            scope.spawn(move || {
                let mut last = 0;
                let mut turn = reader;
                while !done.load(Ordering::Acquire) {
                    let shown = cell.load().stamp().unwrap().sequence;
                    assert!(shown >= last, "a view went back");
                    last = shown;
                    turn = (turn + 7) % links.len();
                    let revoked = code(verify(verifier, links[turn].text(), NOW)) == "link_revoked";
                    let index = u64::try_from(turn).unwrap();
                    assert!(revoked || index >= shown - base, "accepted {turn} at {shown}");
                }
            });
        }
        for link in &links {
            world.authority.commit(vec![revoke_link(link)]).unwrap();
            world.sync(NOW);
        }
        done.store(true, Ordering::Release);
    });
    assert!(links.iter().all(|link| code(verify(&verifier, link.text(), NOW)) == "link_revoked"));
}

#[test]
fn a_deployment_change_after_a_tenant_change_reaches_a_follower_in_one_delta() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    world.sync(NOW);
    world.authority.commit(vec![revoke_link(&link)]).unwrap();
    world.authority.revoke_everything().unwrap();
    world.sync(NOW);
    assert_eq!(code(verify(&world.verifier(), link.text(), NOW)), "deployment_revoked");
    assert_eq!(code(verify(&world.verifier(), world.link("studio", "43").text(), NOW)), "ok");
}

#[test]
fn what_no_message_can_state_is_not_committed() {
    let mut world = World::new();
    let (studio, client) = (id("studio"), id("42"));
    let before = world.authority.stamp();
    let beyond = Timestamp::from_unix(Timestamp::WIRE_MAX.unix() + 1);
    for change in [
        Change::DeploymentGeneration(0),
        Change::Tenant(studio, TenantChange::Generation(0)),
        Change::Tenant(studio, TenantChange::ClientGeneration(client, 0)),
        Change::Tenant(studio, TenantChange::Revision { link: [1; 16], minimum: 0, expires_at: NOW.wall }),
        Change::Tenant(studio, revoke(Unit::Link, [1; 16], beyond)),
    ] {
        assert_eq!(world.authority.commit(vec![change]), Err(AuthorityError::OutOfRange), "{change:?}");
    }
    assert_eq!(world.authority.stamp(), before);
    world.authority.commit(vec![Change::Tenant(studio, revoke(Unit::Link, [1; 16], Timestamp::WIRE_MAX))]).unwrap();
    let saved = world.authority.view().save(&world.keyring).unwrap();
    assert!(Authority::resume(Arc::clone(&world.keyring), &saved).is_ok());
}

#[test]
fn a_compaction_of_another_follower_changes_nothing() {
    let mut world = World::new();
    let (link, good) = (world.link("studio", "42"), world.link("studio", "43"));
    world.authority.commit(vec![revoke_link(&link)]).unwrap();
    world.sync(NOW);
    let mut other = Follower::new(Arc::clone(&world.keyring), Scope::ALL, Duration::ZERO, None).unwrap();
    world.follower.begin_compaction();
    world.follower.install(other.begin_compaction().run());
    assert_eq!(code(verify(&world.verifier(), link.text(), NOW)), "link_revoked");
    assert_eq!(code(verify(&world.verifier(), good.text(), NOW)), "ok");
}

/// A message that nobody has vouched for costs no memory, whatever it claims.
#[test]
fn a_forged_message_is_not_amplified() {
    let mut world = World::new();
    world.sync(NOW);
    let real = world.authority.view().save(&world.keyring).unwrap();
    let mut forged = real[..41].to_vec(); // magic to incarnation
    forged.extend_from_slice(&[0x01, 0xA0, 0x8D, 0x06]); // a scope of 100,000 tenants, in order
    for number in 0..100_000u128 {
        forged.push(0x01);
        forged.extend_from_slice(&number.to_be_bytes());
    }
    let measured = allocation_counter::measure(|| {
        assert_eq!(world.follower.accept(&forged, NOW.wall), Err(FeedError::Malformed));
    });
    assert_eq!(measured.count_total, 0);
    assert!(world.follower.accept(&real, NOW.wall).is_ok(), "the control");
}

#[test]
fn an_entry_that_is_revoked_again_is_counted_once() {
    let mut world = World::new();
    let link = world.link("studio", "42");
    for settle in [true, false, true] {
        world.authority.commit(vec![revoke_link(&link)]).unwrap();
        world.sync(NOW);
        assert_eq!(world.follower.cell().load().entries(), 1);
        if settle {
            let compaction = world.follower.begin_compaction().run();
            world.follower.install(compaction);
        }
        assert_eq!(world.follower.cell().load().entries(), 1);
    }
}

/// What is kept for followers that are a little behind is bounded in changes, not in commits.
#[test]
fn a_large_commit_pushes_the_deltas_before_it_out() {
    let mut world = World::new();
    world.sync(NOW);
    let behind = world.follower.highest();
    let many = |from: u128, count| {
        let change =
            move |n: u128| Change::Tenant(id("studio"), revoke(Unit::Link, (from + n).to_be_bytes(), later(60).wall));
        (0..count).map(change).collect::<Vec<_>>()
    };
    world.authority.commit(many(0, 10)).unwrap();
    let answer = |world: &mut World| {
        let challenge = world.follower.request(NOW.steady).unwrap();
        world.authority.answer(&Scope::ALL, behind, challenge).unwrap()
    };
    let delta = answer(&mut world);
    world.authority.commit(many(100, 9_990)).unwrap();
    let both = answer(&mut world);
    world.authority.commit(many(20_000, 1)).unwrap();
    let snapshot = answer(&mut world);
    assert_eq!([delta[4], both[4], snapshot[4]], [0x01, 0x01, 0x02], "types of messages");
    world.follower.accept(&snapshot, NOW.wall).unwrap();
    assert_eq!(world.follower.cell().load().entries(), 10_001);
}
