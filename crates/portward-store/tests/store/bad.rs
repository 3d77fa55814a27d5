//! Databases that are not what they should be.

use portward::Clock as _;
use portward_store::database::Location;
use portward_store::store::{LinkTerms, Target};

use crate::process::Process;
use crate::world::{World, tenant};

conformance! {
    a_newer_database_is_refused,
    tables_that_are_gone_are_an_outage_and_grant_nothing,
    another_deployments_store_is_not_believed,
}

async fn a_newer_database_is_refused(world: World) {
    assert!(world.reopened().await.is_ok());
    world.sql("INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations").await;
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_newer");
}

async fn tables_that_are_gone_are_an_outage_and_grant_nothing(world: World) {
    let (token, link) = world.issue().await;
    let peeked = world.store.peek(token.text(), None).unwrap();
    world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    world.sql("DROP TABLE link").await;
    let refused = world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap_err();
    assert_eq!(refused.code(), "store_unavailable");
    let refused = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap_err().code();
    assert!(["store_unavailable", "store_schema"].contains(&refused), "{refused}");
}

async fn another_deployments_store_is_not_believed(world: World) {
    let other = World::sqlite().await;
    let opened = portward_store::store::Store::open(
        &world.location,
        other.deployment.clone(),
        other.keyring.clone(),
        Default::default(),
    );
    assert_eq!(opened.await.err().unwrap().code(), "unknown_root");
    assert!(world.reopened().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_not_made_and_another_file_is_no_database() {
    let mut world = World::sqlite().await;
    assert!(world.reopened().await.is_ok(), "the control");
    let path = world.directory().join("other.db");
    world.location = Location::Sqlite(path.clone());
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_uninitialised");
    assert!(!path.exists());
    std::fs::write(&path, "Dear diary, ".repeat(1000)).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_unavailable");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_permissions");
}

/// What was acknowledged before the disk was full is there, and the rest is not half there.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let world = World::sqlite().await;
    let mut worker = Process::worker_on_a_small_disk(&world, 1000);
    let mut revoked = Vec::new();
    while let Some(said) = worker.said() {
        revoked.extend(said.strip_prefix("revoked ").map(str::to_owned));
    }
    assert!(!revoked.is_empty());
    world.store.refresh().await.unwrap();
    for link in &revoked {
        let verified = world.store.verifier().verify_link(link, world.clock.now());
        assert_eq!(verified.unwrap_err().code(), "link_revoked");
    }
    world.store.check().await.unwrap();
    assert!(world.store.issue(&world.request(), LinkTerms::default()).await.is_ok(), "where there is room");
}

/// What an application needs on a server, and no more.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_rights_on_rows_alone_is_enough_and_one_that_only_reads_is_refused() {
    let Some(mut world) = World::postgres().await else { return };
    let owner = world.location_text();
    let role = format!("app_{}", owner.rsplit('/').next().unwrap().replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
    world
        .sql(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA portward TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA portward TO {role}"
        ))
        .await;
    let mut url = owner.parse::<url::Url>().unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("secret")).unwrap();
    world.location = url.as_str().parse().unwrap();
    let reader = world.reopened().await.unwrap();
    let refused = reader.issue(&world.request(), LinkTerms::default()).await.unwrap_err();
    assert_eq!(refused.code(), "store_denied");
    world.location = owner.parse().unwrap();
    world.sql(&format!("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA portward TO {role}")).await;
    world.location = url.as_str().parse().unwrap();
    let app = world.reopened().await.unwrap();
    let (token, link) = app.issue(&world.request(), LinkTerms::default()).await.unwrap();
    let peeked = app.peek(token.text(), None).unwrap();
    app.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    app.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    app.compact(std::time::Duration::from_secs(86_400)).await.unwrap();
    let again = portward_store::store::initialise(
        &world.location,
        &world.keyring,
        None,
        &portward_store::events::Recorder::none(),
        world.now(),
    )
    .await;
    assert!(again.is_ok(), "where all is made, nothing is");
}
