use portward_store::store::{LinkEdit, LinkFilter, Target};

use crate::world::{World, tenant};

conformance! {
    an_edited_row_is_not_believed,
    a_row_of_another_link_is_not_believed,
    a_missing_line_of_the_history_shows,
    an_edited_feed_is_not_believed,
    what_has_triggers_is_refused,
    a_spoilt_row_does_not_hinder_its_revocation,
    a_missing_row_does_not_hinder_its_revocation,
    planted_rows_do_not_hinder_a_revocation,
    narrowing_ends_sessions_also_where_the_row_is_an_older_one,
    a_store_is_not_begun_anew,
}

async fn an_edited_row_is_not_believed(world: World) {
    for edit in ["expires = expires - 1", "uses_max = 9", "state = 'paused'", "label = 'x'", "revision = 9", "uses = 1"]
    {
        let (_, link) = world.issue().await;
        assert!(world.store.link(tenant(), link.id).await.is_ok());
        world.sql(&format!("UPDATE link SET {edit}")).await;
        assert_eq!(world.store.link(tenant(), link.id).await.unwrap_err().code(), "row_forged", "{edit}");
        let listed = world.store.list(tenant(), &LinkFilter::default(), None, 10).await;
        assert_eq!(listed.unwrap_err().code(), "row_forged");
        assert_eq!(world.store.check().await.unwrap_err().code(), "row_forged");
        world.sql("DELETE FROM link").await;
    }
}

/// The attacker's own link, with the victim's id over it, and the other way round.
async fn a_row_of_another_link_is_not_believed(world: World) {
    let (_, link) = world.issue().await;
    let (other, _) = world.issue_with(1).await;
    let hex = |id: [u8; 16]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let literal = |id| match &world.location {
        portward_store::database::Location::Sqlite(_) => format!("x'{}'", hex(id)),
        portward_store::database::Location::Postgres(_) => format!("'\\x{}'", hex(id)),
    };
    world.sql(&format!("DELETE FROM link WHERE id = {}", literal(other.id()))).await;
    world.sql(&format!("UPDATE link SET id = {}", literal(other.id()))).await;
    assert_eq!(world.store.link(tenant(), other.id()).await.unwrap_err().code(), "row_forged");
    let peeked = world.store.peek(other.text(), None).unwrap();
    let refused = world.store.redeem(other.text(), &peeked.cookie, &peeked.nonce).await.unwrap_err();
    assert_eq!(refused.code(), "row_forged");
    world.sql(&format!("UPDATE link SET id = {}", literal(link.id))).await;
    assert!(world.store.link(tenant(), link.id).await.is_ok());
}

async fn a_missing_line_of_the_history_shows(world: World) {
    let (_, link) = world.issue().await;
    world.store.show(tenant(), link.id).await.unwrap();
    world.store.show(tenant(), link.id).await.unwrap();
    assert_eq!(world.store.history(tenant(), link.id, None, 10).await.unwrap().len(), 3);
    world.sql("DELETE FROM link_event WHERE number = 1").await;
    assert_eq!(world.store.history(tenant(), link.id, None, 10).await.unwrap_err().code(), "link_malformed");
}

async fn an_edited_feed_is_not_believed(world: World) {
    let (_, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    assert!(world.reopened().await.is_ok());
    world.sql("UPDATE feed SET sequence = 0").await;
    assert_eq!(world.reopened().await.err().unwrap().code(), "row_forged");
    world.sql("UPDATE feed SET sequence = 1").await;
    world.sql("CREATE TABLE kept AS SELECT * FROM feed_change; DELETE FROM feed_change").await;
    assert_eq!(world.reopened().await.err().unwrap().code(), "gap");
    world.sql("INSERT INTO feed_change SELECT * FROM kept; UPDATE feed_change SET body = history").await;
    assert_eq!(world.reopened().await.err().unwrap().code(), "row_forged");
}

async fn what_has_triggers_is_refused(world: World) {
    assert!(world.reopened().await.is_ok());
    world.sql("CREATE VIEW spy AS SELECT * FROM link").await;
    assert_eq!(world.reopened().await.err().unwrap().code(), "store_schema");
    assert_eq!(world.store.check().await.unwrap_err().code(), "store_schema");
    world.sql("DROP VIEW spy").await;
    assert!(world.reopened().await.is_ok());
}

async fn a_spoilt_row_does_not_hinder_its_revocation(world: World) {
    let (token, link) = world.issue().await;
    let (good, _) = world.issue().await;
    world.sql("UPDATE link SET uses = uses + 1").await;
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap_err().code(), "row_forged");
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let fresh = world.another().await;
    let now = || portward::Clock::now(&*world.clock);
    assert_eq!(fresh.verifier().verify_link(token.text(), now()).unwrap_err().code(), "link_revoked");
    assert!(fresh.verifier().verify_link(good.text(), now()).is_ok());
}

/// Else who takes the row away while it is revoked, and puts it back, has the link again, and its sessions all the time.
async fn a_missing_row_does_not_hinder_its_revocation(world: World) {
    let (token, link) = world.issue().await;
    world.sql("CREATE TABLE kept AS SELECT * FROM link; DELETE FROM link").await;
    let told = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap_err();
    assert_eq!(told.code(), "link_unknown", "who mistyped it has to know");
    world.sql("INSERT INTO link SELECT * FROM kept").await;
    let fresh = world.another().await;
    let refused = fresh.verifier().verify_link(token.text(), portward::Clock::now(&*world.clock));
    assert_eq!(refused.unwrap_err().code(), "link_revoked");
}

/// Rows that stand where the next ones are to come.
async fn planted_rows_do_not_hinder_a_revocation(world: World) {
    let (token, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    world.sql("INSERT INTO link_event SELECT tenant, link, 1, at, kind, detail, root, mac FROM link_event").await;
    world.sql("INSERT INTO feed_change SELECT incarnation, 2, body, history, root, mac FROM feed_change").await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let fresh = world.another().await;
    let refused = fresh.verifier().verify_link(token.text(), portward::Clock::now(&*world.clock));
    assert_eq!(refused.unwrap_err().code(), "link_revoked");
    assert_eq!(fresh.history(tenant(), link.id, None, 10).await.unwrap().len(), 2);
}

async fn narrowing_ends_sessions_also_where_the_row_is_an_older_one(world: World) {
    let (token, link) = world.issue().await;
    world.sql("CREATE TABLE old AS SELECT * FROM link; CREATE TABLE old_event AS SELECT * FROM link_event").await;
    let edit = async |names: &[&str]| {
        let permissions = Some(world.permissions(names));
        world.store.edit(tenant(), link.id, LinkEdit { permissions, ..LinkEdit::default() }).await.unwrap()
    };
    for _ in 0..2 {
        edit(&["files:read"]).await;
        edit(&["files:*"]).await;
    }
    let peeked = world.store.peek(token.text(), None).unwrap();
    let wide = world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
    let code = || {
        let verified = world.store.verifier().verify_session(wide.session.text(), portward::Clock::now(&*world.clock));
        verified.map(drop).map_err(|error| error.code())
    };
    assert_eq!(code(), Ok(()));
    world.sql("DELETE FROM link; INSERT INTO link SELECT * FROM old").await;
    world.sql("DELETE FROM link_event; INSERT INTO link_event SELECT * FROM old_event").await;
    edit(&["files:read"]).await;
    assert_eq!(code(), Err("session_superseded"));
}

/// One that would let an acknowledged revocation never come to others.
#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_made_later_stops_every_change_of_the_feed() {
    let world = World::sqlite().await;
    let (token, link) = world.issue().await;
    let other = world.another().await;
    for table in ["feed", "feed_change"] {
        for on in ["INSERT", "DELETE"] {
            world
                .sql(&format!("CREATE TRIGGER t_{table}_{on} BEFORE {on} ON {table} BEGIN SELECT RAISE(IGNORE); END"))
                .await;
        }
    }
    let refused = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap_err();
    assert_eq!(refused.code(), "store_schema");
    for table in ["feed", "feed_change"] {
        world.sql(&format!("DROP TRIGGER t_{table}_INSERT; DROP TRIGGER t_{table}_DELETE")).await;
    }
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    other.refresh().await.unwrap();
    let now = portward::Clock::now(&*world.clock);
    assert_eq!(other.verifier().verify_link(token.text(), now).unwrap_err().code(), "link_revoked");
}

async fn a_store_is_not_begun_anew(world: World) {
    let (_, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let again = portward_store::store::initialise(&world.location, &world.keyring, world.now()).await;
    assert!(again.is_ok(), "what is there stays");
    assert_eq!(world.another().await.stamp(), world.store.stamp());
    world.sql("DELETE FROM feed").await;
    let anew = portward_store::store::initialise(&world.location, &world.keyring, world.now()).await;
    assert_eq!(anew.unwrap_err().code(), "link_malformed");
    assert_eq!(world.reopened().await.err().unwrap().code(), "link_malformed");
}
