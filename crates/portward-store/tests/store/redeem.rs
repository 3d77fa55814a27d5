use std::time::Duration;

use portward::{Clock as _, Narrowing, PeekCookie, Resources, Timestamp, UntrustedLink};
use portward_store::database::Location;
use portward_store::store::{LinkEdit, LinkState, Redeemed, Refusal, Store, StoreError, Target};

use crate::world::{World, tenant};

conformance! {
    two_hours_of_one_use,
    scanners_spend_nothing,
    a_lost_answer_costs_no_second_use,
    somebody_elses_link_in_a_victims_browser_fails,
    two_hundred_at_once_get_one_use,
    a_crowd_at_a_link_does_not_keep_its_revocation_waiting,
    given_up_in_the_middle_it_is_done_or_not_done,
    copies_count_together_and_renew_within_their_blocks,
    a_revoked_session_ends_with_all_that_were_renewed_from_it,
    what_the_row_says_is_refused_with_its_code,
    a_revoked_copy_takes_its_sessions_along,
    a_revoked_session_is_refused_and_its_sisters_are_not,
    nothing_is_redeemed_that_was_not_issued_here,
    revoked_while_it_waits_for_the_database_it_spends_no_use,
}

async fn redeem(store: &Store, link: &str) -> Result<Redeemed, StoreError> {
    let peeked = store.peek(link, None)?;
    store.redeem(link, &peeked.cookie, &peeked.nonce).await
}

/// What a session is good for: its code, or the names of its permissions.
fn uses(world: &World, session: &Redeemed) -> Result<Vec<String>, &'static str> {
    let verified = world.store.verifier().verify_session(session.session.text(), world.clock.now());
    let names =
        |access: portward::Access| world.deployment.vocabulary.names(access.permissions()).map(str::to_owned).collect();
    verified.map(names).map_err(|error| error.code())
}

/// A link for one use, two hours of activity, narrowed in between, then revoked.
async fn two_hours_of_one_use(world: World) {
    let (token, link) = world.issue_with(1).await;
    let mut session = redeem(&world.store, token.text()).await.unwrap();
    let before = uses(&world, &session).unwrap();
    assert!(before.len() > 1);
    for step in 1..=12 {
        world.clock.advance(Duration::from_secs(600));
        world.store.refresh().await.unwrap();
        if step == 6 {
            let narrower = LinkEdit { permissions: Some(world.permissions(&["files:read"])), ..LinkEdit::default() };
            world.store.edit(tenant(), link.id, narrower).await.unwrap();
            assert_eq!(uses(&world, &session), Err("session_superseded"), "live sessions end at once");
        } else {
            assert!(uses(&world, &session).is_ok());
        }
        session = world.store.renew(session.session.text()).await.unwrap();
        let expected = if step < 6 { before.clone() } else { vec!["files:read".to_owned()] };
        assert_eq!(uses(&world, &session), Ok(expected));
    }
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, 1);
    assert_eq!(redeem(&world.store, token.text()).await.unwrap_err().code(), "uses_exhausted");
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    assert_eq!(uses(&world, &session), Err("link_revoked"));
    assert_eq!(world.store.renew(session.session.text()).await.unwrap_err().code(), "link_revoked");
    assert_eq!(redeem(&world.store, token.text()).await.unwrap_err().code(), "link_revoked");
}

async fn scanners_spend_nothing(world: World) {
    let (token, link) = world.issue_with(1).await;
    for _ in 0..50 {
        world.store.peek(token.text(), None).unwrap();
    }
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, 0);
    assert!(redeem(&world.store, token.text()).await.is_ok(), "the person who comes after");
}

async fn a_lost_answer_costs_no_second_use(world: World) {
    let (token, link) = world.issue_with(1).await;
    let peeked = world.store.peek(token.text(), None).unwrap();
    let first = world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    let again = world.another().await.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    assert_ne!(first.session.id(), again.session.id());
    assert!(uses(&world, &again).is_ok());
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, 1);
    assert_eq!(redeem(&world.store, token.text()).await.unwrap_err().code(), "uses_exhausted", "another nonce");
    world.clock.advance(Duration::from_secs(600));
    world.store.refresh().await.unwrap();
    let late = world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap_err();
    assert_eq!((late.code(), late.refusal()), ("nonce_expired", Refusal::Refused));
}

async fn somebody_elses_link_in_a_victims_browser_fails(world: World) {
    let (token, _) = world.issue().await;
    let (other, _) = world.issue().await;
    let attacker = world.store.peek(token.text(), None).unwrap();
    let victim = PeekCookie::generate().unwrap();
    let refused = world.store.redeem(token.text(), &victim, &attacker.nonce).await.unwrap_err();
    assert_eq!((refused.code(), refused.refusal()), ("nonce_forged", Refusal::Refused));
    let refused = world.store.redeem(other.text(), &attacker.cookie, &attacker.nonce).await.unwrap_err();
    assert_eq!(refused.code(), "nonce_forged", "for another link");
    assert!(world.store.redeem(token.text(), &attacker.cookie, &attacker.nonce).await.is_ok());
}

async fn two_hundred_at_once_get_one_use(world: World) {
    let (token, link) = world.issue_with(1).await;
    let stores = [world.store.clone(), world.another().await];
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let (store, text) = (stores[number % 2].clone(), token.text().to_owned());
            tokio::spawn(async move {
                // Who finds the database busy asks again, as a person would.
                for _ in 0..20 {
                    match redeem(&store, &text).await {
                        Err(error) if error.refusal() == Refusal::Unavailable => {
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                        other => return other.map(drop).map_err(|error| error.code()),
                    }
                }
                Err("still busy")
            })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => granted += 1,
            Err(code) => assert_eq!(code, "uses_exhausted"),
        }
    }
    assert_eq!((granted, world.store.link(tenant(), link.id).await.unwrap().uses), (1, 1));
}

/// Its holder asks as often as the connections allow. Were the revocation behind those who have asked already, nearly all would be through
/// before it; how many are, beside a few, is how long the machine lets this task wait.
async fn a_crowd_at_a_link_does_not_keep_its_revocation_waiting(world: World) {
    let (token, link) = world.issue().await;
    redeem(&world.store, token.text()).await.unwrap();
    let crowd: Vec<_> = (0..1000)
        .map(|_| {
            let (store, text) = (world.store.clone(), token.text().to_owned());
            tokio::spawn(async move { redeem(&store, &text).await.map(drop) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before = crowd.iter().filter(|one| one.is_finished()).count();
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let after = crowd.iter().filter(|one| one.is_finished()).count();
    assert!(
        after - before < (crowd.len() - before) * 7 / 10,
        "{before} were through, and {after} before the link was revoked"
    );
    let mut granted = 1;
    for one in crowd {
        match one.await.unwrap() {
            Ok(()) => granted += 1,
            Err(error) => {
                assert!(error.code() == "link_revoked" || error.refusal() == Refusal::Unavailable, "{error:?}")
            }
        }
    }
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, granted);
}

/// As by a browser that goes away: the connection is closed, and what was under way dropped where it stood.
async fn given_up_in_the_middle_it_is_done_or_not_done(world: World) {
    let (token, link) = world.issue().await;
    for micros in (0..12_000).step_by(100) {
        let redeemed = tokio::time::timeout(Duration::from_micros(micros), redeem(&world.store, token.text())).await;
        assert!(!matches!(redeemed, Ok(Err(_))), "{redeemed:?}");
        let tombstone = portward::TenantChange::Tombstone(u128::from(micros).to_be_bytes());
        let change = vec![portward::Change::Tenant(tenant(), tombstone)];
        let committed = tokio::time::timeout(Duration::from_micros(micros), world.store.commit(change)).await;
        assert!(!matches!(committed, Ok(Err(_))), "{committed:?}");
    }
    world.store.refresh().await.unwrap();
    let fresh = world.another().await;
    let (own, theirs) = (world.store.cell().load(), fresh.cell().load());
    assert_eq!((own.stamp(), own.tombstones(&tenant())), (theirs.stamp(), theirs.tombstones(&tenant())));
    let found = world.store.link(tenant(), link.id).await.unwrap();
    let checked = fresh.check().await.unwrap();
    assert_eq!((checked.redemptions, checked.events), (found.uses, found.uses + 1));
    redeem(&world.store, token.text()).await.unwrap();
}

async fn copies_count_together_and_renew_within_their_blocks(world: World) {
    let (token, link) = world.issue_with(2).await;
    let ends = Timestamp::from_unix(world.now().unix() + 1200);
    let narrowing = Narrowing::new()
        .expires_at(ends)
        .permissions(world.permissions(&["files:read", "files:upload"]))
        .resources(["plan.pdf".parse().unwrap()])
        .unwrap()
        .recipient("bob")
        .unwrap();
    let copy = UntrustedLink::parse(token.text()).unwrap().narrow(&narrowing).unwrap();
    let session = redeem(&world.store, &copy).await.unwrap();
    let narrow = uses(&world, &session).unwrap();
    assert!(narrow.iter().all(|name| name.starts_with("files:")));
    redeem(&world.store, token.text()).await.unwrap();
    assert_eq!(redeem(&world.store, &copy).await.unwrap_err().code(), "uses_exhausted");
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, 2);

    world.clock.advance(Duration::from_secs(800));
    world.store.refresh().await.unwrap();
    let renewed = world.store.renew(session.session.text()).await.unwrap();
    assert_eq!(renewed.session.expires_at(), ends, "renewing does not go beyond the block");
    assert_eq!(uses(&world, &renewed), Ok(narrow));
    let access = world.store.verifier().verify_session(renewed.session.text(), world.clock.now()).unwrap();
    assert_eq!(*access.resources(), Resources::Only(vec!["plan.pdf".parse().unwrap()]));
    world.clock.advance(Duration::from_secs(400));
    world.store.refresh().await.unwrap();
    assert_eq!(world.store.renew(renewed.session.text()).await.unwrap_err().code(), "expired");
}

/// Whoever has stolen a session has renewed it too.
async fn a_revoked_session_ends_with_all_that_were_renewed_from_it(world: World) {
    let (token, link) = world.issue().await;
    let (stolen, other) =
        (redeem(&world.store, token.text()).await.unwrap(), redeem(&world.store, token.text()).await.unwrap());
    let renewed = world.store.renew(stolen.session.text()).await.unwrap();
    let again = world.store.renew(renewed.session.text()).await.unwrap();
    assert!(uses(&world, &again).is_ok());
    let session = stolen.session.id();
    world.store.revoke(tenant(), Target::Session { link: link.id, session }).await.unwrap();
    for revoked in [&stolen, &renewed, &again] {
        assert_eq!(uses(&world, revoked), Err("session_revoked"));
        assert_eq!(world.store.renew(revoked.session.text()).await.unwrap_err().code(), "session_revoked");
    }
    assert!(uses(&world, &other).is_ok());
    world.store.renew(other.session.text()).await.unwrap();
}

async fn what_the_row_says_is_refused_with_its_code(world: World) {
    let (token, link) = world.issue().await;
    let code = async || redeem(&world.store, token.text()).await.map(drop).map_err(|error| error.code());
    assert_eq!(code().await, Ok(()));
    let soon = Timestamp::from_unix(world.now().unix() + 60);
    let edit = |edit| world.store.edit(tenant(), link.id, edit);
    edit(LinkEdit { expires_at: Some(soon), ..LinkEdit::default() }).await.unwrap();
    let session = redeem(&world.store, token.text()).await.unwrap();
    assert_eq!(session.session.expires_at(), soon, "no longer than the row says");
    world.clock.advance(Duration::from_secs(60));
    world.store.refresh().await.unwrap();
    assert_eq!(code().await, Err("link_ended"));
    let later = LinkEdit { expires_at: Some(token.expires_at()), uses_max: Some(Some(2)), ..LinkEdit::default() };
    assert_eq!(edit(later).await.unwrap().uses, 2);
    assert_eq!(code().await, Err("uses_exhausted"));
    edit(LinkEdit { uses_max: Some(None), ..LinkEdit::default() }).await.unwrap();
    assert_eq!(code().await, Ok(()));
    world.store.pause(tenant(), link.id).await.unwrap();
    assert_eq!(code().await, Err("link_suspended"));
    world.store.restore(tenant(), link.id).await.unwrap();
    assert_eq!(code().await, Ok(()));
}

async fn a_revoked_copy_takes_its_sessions_along(world: World) {
    let (token, link) = world.issue().await;
    let narrowed = |label: &str| {
        let narrowing = Narrowing::new().recipient(label).unwrap();
        UntrustedLink::parse(token.text()).unwrap().narrow(&narrowing).unwrap()
    };
    let (bob, eve) = (narrowed("bob"), narrowed("eve"));
    let (of_bob, of_eve) = (redeem(&world.store, &bob).await.unwrap(), redeem(&world.store, &eve).await.unwrap());
    let access = world.store.verifier().verify_session(of_eve.session.text(), world.clock.now()).unwrap();
    let target = Target::Copy { link: link.id, copy: access.copies()[0] };
    world.store.revoke(tenant(), target).await.unwrap();
    assert_eq!(uses(&world, &of_eve), Err("copy_revoked"));
    assert_eq!(redeem(&world.store, &eve).await.unwrap_err().code(), "copy_revoked");
    assert_eq!(world.store.renew(of_eve.session.text()).await.unwrap_err().code(), "copy_revoked");
    assert!(uses(&world, &of_bob).is_ok());
    assert!(redeem(&world.store, token.text()).await.is_ok());
}

async fn a_revoked_session_is_refused_and_its_sisters_are_not(world: World) {
    let (token, link) = world.issue().await;
    let (first, second) =
        (redeem(&world.store, token.text()).await.unwrap(), redeem(&world.store, token.text()).await.unwrap());
    let target = Target::Session { link: link.id, session: first.session.id() };
    world.store.revoke(tenant(), target).await.unwrap();
    assert_eq!(uses(&world, &first), Err("session_revoked"));
    assert_eq!(world.store.renew(first.session.text()).await.unwrap_err().code(), "session_revoked");
    assert!(uses(&world, &second).is_ok());
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().state, LinkState::Active);
}

async fn nothing_is_redeemed_that_was_not_issued_here(world: World) {
    let issuer = portward::Issuer::new(world.deployment.clone(), world.keyring.clone());
    let token = issuer.issue_link(&world.request(), portward::Generations::default(), world.now()).unwrap();
    let peeked = world.store.peek(token.text(), None).unwrap();
    let refused = world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap_err();
    assert_eq!((refused.code(), refused.refusal()), ("link_unknown", Refusal::Refused));
    let damaged = world.store.peek("pwl_nothing", None).unwrap_err();
    assert_eq!(damaged.refusal(), Refusal::Damaged);
    let peeked = world.store.peek(token.text(), Some(peeked.cookie)).unwrap();
    let malformed = world.store.redeem(token.text(), &peeked.cookie, "pwn_").await.unwrap_err();
    assert_eq!((malformed.code(), malformed.refusal()), ("nonce_malformed", Refusal::Damaged));
    let (own, _) = world.issue().await;
    assert!(redeem(&world.store, own.text()).await.is_ok(), "the control");
}

async fn revoked_while_it_waits_for_the_database_it_spends_no_use(world: World) {
    let (token, link) = world.issue_with(1).await;
    let peeked = world.store.peek(token.text(), None).unwrap();
    let held = world.hold_links().await;
    let revoke = || {
        let store = world.store.clone();
        tokio::spawn(async move { store.revoke(tenant(), Target::Client(crate::world::client())).await })
    };
    // SQLite's writers come in their order; on a server only who wants this link waits.
    let first = matches!(world.location, Location::Sqlite(_)).then(revoke);
    if first.is_some() {
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    let redeeming = {
        let (store, text) = (world.store.clone(), token.text().to_owned());
        tokio::spawn(async move { store.redeem(&text, &peeked.cookie, &peeked.nonce).await })
    };
    let revoking = match first {
        Some(first) => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            first
        }
        None => {
            let waits =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
            while world.rows::<(i64,)>(waits).await != [(1,)] && !redeeming.is_finished() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let second = revoke();
            while !second.is_finished() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            second
        }
    };
    assert!(!redeeming.is_finished());
    held.release().await;
    revoking.await.unwrap().unwrap();
    assert_eq!(redeeming.await.unwrap().unwrap_err().code(), "client_revoked");
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, 0);
}
