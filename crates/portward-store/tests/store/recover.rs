use std::sync::Arc;
use std::time::Duration;

use portward::{Clock as _, Keyring, TenantChange};
use portward_store::database::Location;
use portward_store::events::Recorder;
use portward_store::store::{Recovery, Store, Target};

use crate::world::{World, tenant};

conformance! {
    a_feed_that_was_set_back_is_refused_by_who_saw_more,
    recovered_with_a_newer_view_valid_links_work_again,
    recovered_without_one_everything_is_refused,
    recovered_twice_from_one_backup_what_was_made_in_between_is_refused,
    of_several_rows_of_the_feed_the_newest_is_recovered,
    an_older_view_is_not_merged,
    a_pause_that_only_the_view_knows_can_be_ended,
    a_pause_that_the_backup_forgot_stays_where_it_was_known,
    a_view_makes_up_for_a_feed_that_cannot_be_read,
}

fn code(world: &World, store: &Store, link: &str) -> Result<(), &'static str> {
    store.verifier().verify_link(link, world.clock.now()).map(drop).map_err(|error| error.code())
}

/// The tables of the feed as they are, and put back: what a restored backup does to them.
async fn backup(world: &World) {
    for table in ["feed", "feed_change", "feed_snapshot", "link", "link_event"] {
        world.sql(&format!("CREATE TABLE old_{table} AS SELECT * FROM {table}")).await;
    }
}

async fn put_back(world: &World) {
    for table in ["feed", "feed_change", "feed_snapshot", "link", "link_event"] {
        world.sql(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM old_{table}")).await;
    }
}

async fn recover(world: &World, newer: Option<&[u8]>) -> Result<Recovery, &'static str> {
    let keyring: &Arc<Keyring> = &world.keyring;
    let location: &Location = &world.location;
    Recovery::run(location, keyring, newer, &Recorder::none(), world.now()).await.map_err(|error| error.code())
}

async fn a_feed_that_was_set_back_is_refused_by_who_saw_more(world: World) {
    let (token, link) = world.issue().await;
    let (good, _) = world.issue().await;
    backup(&world).await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    put_back(&world).await;
    assert_eq!(world.store.refresh().await.unwrap_err().code(), "store_rolled_back");
    assert_eq!(world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap_err().code(), "store_rolled_back");
    assert_eq!(code(&world, &world.store, token.text()), Err("link_revoked"), "it forgets nothing");
    assert_eq!(code(&world, &world.store, good.text()), Ok(()));
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(code(&world, &world.store, good.text()), Err("view_stale"));
    // Another change at the same place is no better.
    let other = world.another().await;
    other.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    assert_eq!(world.store.refresh().await.unwrap_err().code(), "store_forked");
}

async fn recovered_with_a_newer_view_valid_links_work_again(world: World) {
    let (token, link) = world.issue().await;
    let (good, _) = world.issue().await;
    backup(&world).await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let key = [7; 16];
    let erased = portward::Change::Tenant(tenant(), TenantChange::Tombstone(key));
    world.store.commit(vec![erased]).await.unwrap();
    let saved = world.store.cell().load().save(&world.keyring).unwrap();
    put_back(&world).await;
    let recovery = recover(&world, Some(&saved)).await.unwrap();
    assert!(recovery.merged && recovery.begins > recovery.found);
    let fresh = world.another().await;
    world.store.refresh().await.unwrap();
    for store in [&fresh, &world.store] {
        assert_eq!(code(&world, store, token.text()), Err("link_revoked"));
        assert_eq!(code(&world, store, good.text()), Ok(()));
        assert!(store.cell().load().is_tombstoned(&tenant(), key));
        assert_eq!(store.stamp(), Some(recovery.begins));
    }
    let peeked = fresh.peek(good.text(), None).unwrap();
    fresh.redeem(good.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
}

async fn recovered_without_one_everything_is_refused(world: World) {
    let (good, _) = world.issue().await;
    backup(&world).await;
    // The backup does not know these counters, and tokens are made under them.
    world.store.revoke_everything().await.unwrap();
    let (later, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    put_back(&world).await;
    let recovery = recover(&world, None).await.unwrap();
    assert!(!recovery.merged);
    let fresh = world.another().await;
    assert!(u64::from(fresh.cell().load().deployment_generation()) + 60 > world.now().unix());
    assert_eq!(code(&world, &fresh, good.text()), Err("deployment_revoked"));
    assert_eq!(code(&world, &fresh, later.text()), Err("deployment_revoked"));
    let (token, _) = fresh.issue(&world.request(), Default::default()).await.unwrap();
    assert_eq!(code(&world, &fresh, token.text()), Ok(()));
    world.store.refresh().await.unwrap();
    assert_eq!(code(&world, &world.store, token.text()), Ok(()), "who ran through it goes on");
}

/// What was lost between began with a raised generation, too.
async fn recovered_twice_from_one_backup_what_was_made_in_between_is_refused(world: World) {
    backup(&world).await;
    recover(&world, None).await.unwrap();
    let between = world.another().await;
    let (token, link) = between.issue(&world.request(), Default::default()).await.unwrap();
    between.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    put_back(&world).await;
    recover(&world, None).await.unwrap();
    let fresh = world.another().await;
    assert_eq!(code(&world, &fresh, token.text()), Err("deployment_revoked"));
    let (good, _) = fresh.issue(&world.request(), Default::default()).await.unwrap();
    assert_eq!(code(&world, &fresh, good.text()), Ok(()));
}

/// One row too many stops a store. Who put it there does not choose from where it is recovered.
async fn of_several_rows_of_the_feed_the_newest_is_recovered(world: World) {
    backup(&world).await;
    world.store.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    let newest = world.store.stamp().unwrap();
    world.sql("CREATE TABLE new_feed AS SELECT * FROM feed; DELETE FROM feed").await;
    world.sql("INSERT INTO feed SELECT * FROM old_feed; INSERT INTO feed SELECT * FROM new_feed").await;
    assert_eq!(world.reopened().await.err().unwrap().code(), "link_malformed");
    assert_eq!(recover(&world, None).await.unwrap().found, newest);
    assert!(world.reopened().await.is_ok());
}

async fn an_older_view_is_not_merged(world: World) {
    let old = world.store.cell().load().save(&world.keyring).unwrap();
    let (_, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    assert_eq!(recover(&world, Some(&old)).await, Err("rollback"));
    let mut damaged = world.store.cell().load().save(&world.keyring).unwrap();
    assert!(recover(&world, Some(&damaged)).await.is_ok());
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    assert_eq!(recover(&world, Some(&damaged)).await, Err("forged_message"));
}

async fn a_pause_that_only_the_view_knows_can_be_ended(world: World) {
    let (token, link) = world.issue().await;
    backup(&world).await;
    world.store.pause(tenant(), link.id).await.unwrap();
    let saved = world.store.cell().load().save(&world.keyring).unwrap();
    put_back(&world).await;
    recover(&world, Some(&saved)).await.unwrap();
    let fresh = world.another().await;
    assert_eq!(code(&world, &fresh, token.text()), Err("link_suspended"));
    fresh.restore(tenant(), link.id).await.unwrap();
    assert_eq!(code(&world, &fresh, token.text()), Ok(()));
    assert_eq!(fresh.restore(tenant(), link.id).await.unwrap_err().code(), "link_state");
}

async fn a_pause_that_the_backup_forgot_stays_where_it_was_known(world: World) {
    let (token, link) = world.issue().await;
    let saved = world.store.cell().load().save(&world.keyring).unwrap();
    backup(&world).await;
    world.store.pause(tenant(), link.id).await.unwrap();
    put_back(&world).await;
    // Not the newest view: it does not know of the pause either.
    recover(&world, Some(&saved)).await.unwrap();
    world.store.refresh().await.unwrap();
    assert_eq!(code(&world, &world.store, token.text()), Err("link_suspended"));
    assert_eq!(code(&world, &world.another().await, token.text()), Ok(()), "the control");
}

async fn a_view_makes_up_for_a_feed_that_cannot_be_read(world: World) {
    let ((token, link), (good, _)) = (world.issue().await, world.issue().await);
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let saved = world.store.cell().load().save(&world.keyring).unwrap();
    world.sql("DELETE FROM feed_change").await;
    assert_eq!(recover(&world, None).await, Err("gap"));
    assert!(recover(&world, Some(&saved)).await.unwrap().merged);
    let fresh = world.another().await;
    assert_eq!(code(&world, &fresh, token.text()), Err("link_revoked"));
    assert_eq!(code(&world, &fresh, good.text()), Ok(()));
}

/// A copy lies elsewhere than the original.
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_file_is_refused_until_it_is_recovered() {
    let mut world = World::sqlite().await;
    let (good, _) = world.issue().await;
    world.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let Location::Sqlite(path) = world.location.clone() else { unreachable!() };
    let copy = path.with_file_name("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    assert!(world.reopened().await.is_ok(), "the original");
    world.location = Location::Sqlite(copy);
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_restored");
    let saved = world.store.cell().load().save(&world.keyring).unwrap();
    recover(&world, Some(&saved)).await.unwrap();
    assert_eq!(code(&world, &world.reopened().await.unwrap(), good.text()), Ok(()));
}

/// File systems give the number of a file that was taken away to the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_taken_away_and_put_back_is_refused() {
    let world = World::sqlite().await;
    let Location::Sqlite(path) = &world.location else { unreachable!() };
    world.store.close().await;
    let copy = path.with_file_name("copy.db");
    std::fs::copy(path, &copy).unwrap();
    world.reopened().await.unwrap().close().await;
    std::fs::remove_file(path).unwrap();
    std::fs::copy(&copy, path).unwrap();
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_restored");
}
