//! Clocks that jump: both readings of one, or each alone.

use std::time::Duration;

use portward::Clock as _;
use portward_store::store::{LinkEdit, LinkState, Peeked, Redeemed, StoreError, Target};

use crate::world::{World, tenant};

conformance! {
    both_readings_that_jump_grant_nothing,
    the_steady_reading_alone_makes_a_view_stale,
    a_wall_clock_that_jumps_forwards_and_back_costs_nothing,
    a_wall_clock_that_jumps_backwards_and_on_again_costs_nothing,
    a_compaction_while_the_clock_is_ahead_forgets_nothing,
    a_reading_from_before_the_view_was_renewed_refuses_nobody,
}

const HOUR: i64 = 3600;

fn link(world: &World, link: &str) -> Result<(), &'static str> {
    world.store.verifier().verify_link(link, world.clock.now()).map(drop).map_err(|error| error.code())
}

fn session(world: &World, session: &Redeemed) -> Result<(), &'static str> {
    let verified = world.store.verifier().verify_session(session.session.text(), world.clock.now());
    verified.map(drop).map_err(|error| error.code())
}

fn peek(world: &World, link: &str) -> Peeked {
    world.store.peek(link, None).unwrap()
}

async fn redeem(world: &World, link: &str, peeked: &Peeked) -> Result<Redeemed, &'static str> {
    world.store.redeem(link, &peeked.cookie, &peeked.nonce).await.map_err(|error: StoreError| error.code())
}

async fn renew(world: &World, session: &Redeemed) -> Result<Redeemed, &'static str> {
    world.store.renew(session.session.text()).await.map_err(|error| error.code())
}

async fn both_readings_that_jump_grant_nothing(world: World) {
    world.clock.advance(Duration::from_secs(3600));
    world.store.refresh().await.unwrap();
    let (token, _) = world.issue().await;
    let code = || {
        let verified = world.store.verifier().verify_link(token.text(), world.clock.now());
        verified.map(drop).map_err(|error| error.code())
    };
    assert_eq!(code(), Ok(()));
    world.clock.set_back(Duration::from_secs(20));
    assert_eq!(code(), Err("view_stale"), "a reading earlier than the view's");
    world.store.refresh().await.unwrap();
    assert_eq!(code(), Ok(()), "within the skew");
    world.clock.set_back(Duration::from_secs(120));
    world.store.refresh().await.unwrap();
    assert_eq!(code(), Err("not_yet_valid"));
    world.clock.advance(Duration::from_secs(365 * 86_400));
    world.store.refresh().await.unwrap();
    assert_eq!(code(), Err("expired"));
}

/// `spec/revocation.md` section 1: setting the wall clock makes no view stale, and none fresh.
async fn the_steady_reading_alone_makes_a_view_stale(world: World) {
    let (token, row) = world.issue_with(1).await;
    world.clock.advance(Duration::from_secs(7200));
    world.store.refresh().await.unwrap();
    let peeked = peek(&world, token.text());
    world.clock.wall_jumps(HOUR);
    assert_eq!((world.store.is_fresh(), link(&world, token.text())), (true, Ok(())));
    world.clock.wall_jumps(-HOUR);
    assert_eq!((world.store.is_fresh(), link(&world, token.text())), (true, Ok(())));
    world.clock.steady_jumps(31);
    for jump in [0, HOUR, -HOUR, -HOUR, HOUR] {
        world.clock.wall_jumps(jump);
        assert_eq!((world.store.is_fresh(), link(&world, token.text())), (false, Err("view_stale")));
        assert_eq!(redeem(&world, token.text(), &peeked).await.unwrap_err(), "view_stale");
    }
    world.store.refresh().await.unwrap();
    assert_eq!(link(&world, token.text()), Ok(()));
    world.clock.steady_jumps(-20);
    assert_eq!(link(&world, token.text()), Err("view_stale"), "a reading earlier than the view's");
    world.store.refresh().await.unwrap();
    assert_eq!(world.store.link(tenant(), row.id).await.unwrap().uses, 0, "nothing was counted");
    assert!(redeem(&world, token.text(), &peeked).await.is_ok());
}

async fn a_wall_clock_that_jumps_forwards_and_back_costs_nothing(world: World) {
    let ((token, row), (gone, gone_row)) = (world.issue_with(2).await, world.issue().await);
    world.store.revoke(tenant(), Target::Link(gone_row.id)).await.unwrap();
    let (first, waiting) = (peek(&world, token.text()), peek(&world, token.text()));
    let live = redeem(&world, token.text(), &first).await.unwrap();
    let ends = world.now().saturating_add(Duration::from_secs(1800));
    let (ending, ending_row) = world.issue().await;
    world
        .store
        .edit(tenant(), ending_row.id, LinkEdit { expires_at: Some(ends), ..LinkEdit::default() })
        .await
        .unwrap();

    world.clock.wall_jumps(HOUR);
    assert_eq!(link(&world, token.text()), Ok(()));
    assert_eq!(link(&world, gone.text()), Err("link_revoked"));
    assert_eq!(session(&world, &live), Err("expired"));
    assert_eq!(renew(&world, &live).await.unwrap_err(), "expired");
    for nonce in [&first, &waiting] {
        assert_eq!(redeem(&world, token.text(), nonce).await.unwrap_err(), "nonce_expired");
    }
    assert_eq!(redeem(&world, ending.text(), &peek(&world, ending.text())).await.unwrap_err(), "link_ended");
    let meanwhile = redeem(&world, token.text(), &peek(&world, token.text())).await.unwrap();
    assert_eq!(session(&world, &meanwhile), Ok(()), "the control: who looks anew is let in");
    let ((early, _), (killed, killed_row)) = (world.issue().await, world.issue().await);
    world.store.revoke(tenant(), Target::Link(killed_row.id)).await.unwrap();
    // It takes the redemptions whose nonce seems to have ended.
    assert_eq!(world.store.compact(Duration::from_secs(86_400)).await.unwrap().redemptions, 1);

    world.clock.wall_jumps(-HOUR);
    assert_eq!((link(&world, token.text()), session(&world, &live)), (Ok(()), Ok(())));
    assert!(renew(&world, &live).await.is_ok());
    assert_eq!(link(&world, gone.text()), Err("link_revoked"));
    assert!(redeem(&world, ending.text(), &peek(&world, ending.text())).await.is_ok());
    for nonce in [&first, &waiting] {
        let refused = redeem(&world, token.text(), nonce).await.unwrap_err();
        assert_eq!(refused, "uses_exhausted", "no use comes back, also where it is not known whose it was");
    }
    // What was made in a time that has not come.
    assert_eq!((link(&world, early.text()), session(&world, &meanwhile)), (Err("not_yet_valid"), Err("not_yet_valid")));
    assert_eq!(world.store.peek(early.text(), None).unwrap_err().code(), "not_yet_valid");
    assert!(link(&world, killed.text()).is_err());
    assert_eq!(world.store.link(tenant(), row.id).await.unwrap().uses, 2);
    assert_eq!(world.another().await.check().await.unwrap().links, 5);

    world.clock.advance(Duration::from_secs(3600));
    world.store.refresh().await.unwrap();
    assert_eq!((link(&world, early.text()), link(&world, killed.text())), (Ok(()), Err("link_revoked")));
}

async fn a_wall_clock_that_jumps_backwards_and_on_again_costs_nothing(world: World) {
    let ((old, old_row), (gone, gone_row)) = (world.issue_with(1).await, world.issue().await);
    world.clock.advance(Duration::from_secs(7200));
    world.store.refresh().await.unwrap();
    world.store.revoke(tenant(), Target::Link(gone_row.id)).await.unwrap();
    let (token, row) = world.issue_with(2).await;
    let (first, waiting) = (peek(&world, token.text()), peek(&world, token.text()));
    let live = redeem(&world, token.text(), &first).await.unwrap();

    world.clock.wall_jumps(-30);
    assert_eq!((link(&world, token.text()), session(&world, &live)), (Ok(()), Ok(())), "within the skew");
    world.clock.wall_jumps(30 - HOUR);
    assert_eq!((link(&world, token.text()), session(&world, &live)), (Err("not_yet_valid"), Err("not_yet_valid")));
    assert_eq!(renew(&world, &live).await.unwrap_err(), "not_yet_valid");
    assert_eq!(world.store.peek(token.text(), None).unwrap_err().code(), "not_yet_valid");
    assert_eq!(redeem(&world, token.text(), &waiting).await.unwrap_err(), "not_yet_valid");
    assert_eq!(link(&world, gone.text()), Err("link_revoked"));
    let nonce = peek(&world, old.text());
    let meanwhile = redeem(&world, old.text(), &nonce).await.unwrap();
    assert_eq!(session(&world, &meanwhile), Ok(()), "the control: of an older link");
    world.store.revoke(tenant(), Target::Link(old_row.id)).await.unwrap();

    world.clock.wall_jumps(HOUR);
    assert_eq!((link(&world, token.text()), session(&world, &live)), (Ok(()), Ok(())));
    assert_eq!((link(&world, old.text()), session(&world, &meanwhile)), (Err("link_revoked"), Err("expired")));
    assert!(redeem(&world, old.text(), &nonce).await.is_err());
    redeem(&world, token.text(), &first).await.unwrap();
    assert_eq!(world.store.link(tenant(), row.id).await.unwrap().uses, 1, "the same use once more");
    redeem(&world, token.text(), &waiting).await.unwrap();
    assert_eq!(world.store.link(tenant(), row.id).await.unwrap().uses, 2);
    assert_eq!(world.another().await.check().await.unwrap().links, 3);
}

async fn a_compaction_while_the_clock_is_ahead_forgets_nothing(world: World) {
    const YEAR: i64 = 365 * 86_400;
    let ((token, row), (gone, gone_row)) = (world.issue().await, world.issue().await);
    world.store.revoke(tenant(), Target::Link(gone_row.id)).await.unwrap();
    world.clock.wall_jumps(YEAR);
    world.store.refresh().await.unwrap();
    for _ in 0..3 {
        assert_eq!(world.store.compact(Duration::ZERO).await.unwrap().links, 0);
        world.store.refresh().await.unwrap();
    }
    world.clock.wall_jumps(-YEAR);
    assert_eq!(link(&world, gone.text()), Err("link_revoked"), "who goes on has not forgotten it either");
    let new = world.another().await;
    let code = |link: &str| new.verifier().verify_link(link, world.clock.now()).map(drop).map_err(|error| error.code());
    assert_eq!((code(gone.text()), code(token.text())), (Err("link_revoked"), Ok(())));
    assert_eq!(new.link(tenant(), row.id).await.unwrap().state, LinkState::Active);
    // The control: what was made since tells that the time has passed.
    world.clock.advance(Duration::from_secs(YEAR.unsigned_abs()));
    world.store.refresh().await.unwrap();
    world.issue().await;
    assert_eq!(world.store.compact(Duration::ZERO).await.unwrap().links, 2);
}

/// As when another thread renews the view between the reading of the clock and the look at the view.
async fn a_reading_from_before_the_view_was_renewed_refuses_nobody(world: World) {
    let (token, _) = world.issue().await;
    world.clock.is_read_early();
    assert_eq!(link(&world, token.text()), Err("view_stale"), "the control");
    world.clock.is_read_early();
    let peeked = peek(&world, token.text());
    world.clock.is_read_early();
    let session = redeem(&world, token.text(), &peeked).await.unwrap();
    world.clock.is_read_early();
    renew(&world, &session).await.unwrap();
}
