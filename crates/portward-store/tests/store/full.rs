//! A disk that is full, and then has room again; one on which nothing can be written.

use std::collections::BTreeMap;

use portward::Clock as _;
use portward_store::database::Location;
use portward_store::store::{LinkTerms, StoreError, Target};
use portward_test_servers::SmallDisk;

use crate::crash::{Said, nonce_id, rows_and_feed_have_all_of_it};
use crate::world::{World, tenant};

type Links = BTreeMap<Vec<u8>, Said>;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_on_a_full_disk_loses_nothing() {
    let Some(disk) = SmallDisk::mount(4).unwrap() else { return };
    let location = Location::Sqlite(disk.path().join("store.db"));
    let world = World::at(location, tempfile::tempdir().unwrap()).await;
    loses_nothing(&world, &disk, &["store_full"], || disk.make_room().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_where_nothing_can_be_written_says_so() {
    let Some(disk) = SmallDisk::mount(4).unwrap() else { return };
    let location = Location::Sqlite(disk.path().join("store.db"));
    let world = World::at(location, tempfile::tempdir().unwrap()).await;
    let (token, link) = world.issue().await;
    world.store.close().await;
    disk.be_read_only(true).unwrap();
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_read_only");
    disk.be_read_only(false).unwrap();
    let store = world.another().await;
    assert!(store.verifier().verify_link(token.text(), world.clock.now()).is_ok(), "the control");
    store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn tables_on_a_full_disk_lose_nothing() {
    use portward_test_servers::{Durability, Postgres};

    let Some(disk) = SmallDisk::mount(24).unwrap() else { return };
    let Some(server) = Postgres::start(Durability::Synced).unwrap() else { return };
    let location = server.url(&server.create_database_on(&disk).unwrap()).parse().unwrap();
    let world = World::at(location, tempfile::tempdir().unwrap()).await;
    loses_nothing(&world, &disk, &["store_full"], || disk.make_room().unwrap()).await;
}

/// A server without room for its log ends, and does not begin again before there is.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_a_full_disk_loses_nothing() {
    use portward_test_servers::Postgres;

    let Some(disk) = SmallDisk::mount(96).unwrap() else { return };
    let Some(server) = Postgres::start_with_log_on(&disk).unwrap() else { return };
    let location = server.url(&server.create_database().unwrap()).parse().unwrap();
    let world = World::at(location, tempfile::tempdir().unwrap()).await;
    loses_nothing(&world, &disk, &["store_full", "store_unavailable", "store_timed_out"], || {
        server.kill().unwrap();
        disk.make_room().unwrap();
        server.restart().unwrap();
    })
    .await;
}

async fn loses_nothing(world: &World, disk: &SmallDisk, meanwhile: &[&str], make_room: impl FnOnce()) {
    let mut links = Links::new();
    for _ in 0..10 {
        work(world, &mut links).await.unwrap();
    }
    let (good, _) = world.issue().await;
    disk.fill().unwrap();
    let full = loop {
        if let Err(error) = work(world, &mut links).await {
            break error;
        }
    };
    assert!(meanwhile.contains(&full.code()), "{}", full.code());
    for _ in 0..3 {
        // Where there is a little room inside, something may still be done.
        if let Err(refused) = work(world, &mut links).await {
            assert!(meanwhile.contains(&refused.code()), "{}", refused.code());
        }
    }
    let verified = world.store.verifier().verify_link(good.text(), world.clock.now());
    assert!(verified.is_ok(), "whoever has a link is let in as long as the view is believed");
    make_room();
    world.store.refresh().await.unwrap();
    rows_and_feed_have_all_of_it(world, &links).await;
    for _ in 0..10 {
        work(world, &mut links).await.unwrap();
    }
    rows_and_feed_have_all_of_it(world, &links).await;
    world.store.check().await.unwrap();
}

/// One link from its beginning to its end, and what was acknowledged of it.
async fn work(world: &World, links: &mut Links) -> Result<(), StoreError> {
    let store = &world.store;
    let (token, link) = store.issue(&world.request(), LinkTerms::default()).await?;
    let said = links.entry(link.id.to_vec()).or_default();
    token.text().clone_into(&mut said.token);
    let peeked = store.peek(token.text(), None)?;
    store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await?;
    said.redeemed.insert(nonce_id(&peeked.nonce));
    store.revoke(tenant(), Target::Link(link.id)).await?;
    said.revoked = true;
    Ok(())
}
