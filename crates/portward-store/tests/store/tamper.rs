use std::time::Duration;

use portward_store::database::Location;
use portward_store::events::Recorder;
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
    an_older_row_spends_no_use_for_nothing,
    planted_rows_do_not_hinder_a_compaction,
    a_store_is_not_begun_anew,
    an_emptied_store_refuses_what_was_made_before,
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
        Location::Sqlite(_) => format!("x'{}'", hex(id)),
        Location::Postgres(_) => format!("'\\x{}'", hex(id)),
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
    let ((token, link), (good, _)) = (world.issue().await, world.issue().await);
    world.sql("CREATE TABLE kept AS SELECT * FROM link; DELETE FROM link").await;
    let told = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap_err();
    assert_eq!(told.code(), "link_unknown", "who mistyped it has to know");
    world.sql("INSERT INTO link SELECT * FROM kept").await;
    let fresh = world.another().await;
    let verify = |text| fresh.verifier().verify_link(text, portward::Clock::now(&*world.clock));
    assert_eq!(verify(token.text()).unwrap_err().code(), "link_revoked");
    assert!(verify(good.text()).is_ok());
}

/// Rows that stand where the next ones are to come.
async fn planted_rows_do_not_hinder_a_revocation(world: World) {
    let ((token, link), (good, _)) = (world.issue().await, world.issue().await);
    world.store.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    world.sql("INSERT INTO link_event SELECT tenant, link, 1, at, kind, detail, root, mac FROM link_event").await;
    world.sql("INSERT INTO feed_change SELECT incarnation, 2, body, history, root, mac FROM feed_change").await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let fresh = world.another().await;
    let verify = |text| fresh.verifier().verify_link(text, portward::Clock::now(&*world.clock));
    assert_eq!(verify(token.text()).unwrap_err().code(), "link_revoked");
    assert!(verify(good.text()).is_ok());
    assert_eq!(fresh.history(tenant(), link.id, None, 10).await.unwrap().len(), 2);
}

async fn narrowing_ends_sessions_also_where_the_row_is_an_older_one(world: World) {
    let (token, link) = world.issue().await;
    world.sql("CREATE TABLE old AS SELECT * FROM link; CREATE TABLE old_event AS SELECT * FROM link_event").await;
    let edit = async |names: &[&str]| {
        let (expires_at, permissions) = (Some(link.ceiling), Some(world.permissions(names)));
        let resources = Some(portward::Resources::All);
        let edit = LinkEdit { expires_at, permissions, resources, ..LinkEdit::default() };
        world.store.edit(tenant(), link.id, edit).await.unwrap()
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

async fn an_older_row_spends_no_use_for_nothing(world: World) {
    let (token, link) = world.issue_with(1).await;
    world.sql("CREATE TABLE old AS SELECT * FROM link").await;
    let permissions = Some(world.permissions(&["files:read"]));
    world.store.edit(tenant(), link.id, LinkEdit { permissions, ..LinkEdit::default() }).await.unwrap();
    world.sql("DELETE FROM link; INSERT INTO link SELECT * FROM old").await;
    let peeked = world.store.peek(token.text(), None).unwrap();
    let redeem = async || world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await;
    assert_eq!(redeem().await.unwrap_err().code(), "link_outdated");
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().uses, 0);
    let edit = async |edit: LinkEdit| world.store.edit(tenant(), link.id, edit).await.map_err(|error| error.code());
    let (ends, all) = (Some(link.ceiling), Some(portward::Resources::All));
    let none = LinkEdit { label: Some(None), ..LinkEdit::default() };
    let all_but_one = [
        LinkEdit { permissions, resources: all.clone(), ..none.clone() },
        LinkEdit { expires_at: ends, resources: all.clone(), ..none.clone() },
        LinkEdit { expires_at: ends, permissions, ..none.clone() },
    ];
    for edited in [[none.clone()].as_slice(), &all_but_one].concat() {
        assert_eq!(edit(edited).await.unwrap_err(), "link_outdated", "what was taken away would come back");
    }
    edit(LinkEdit { expires_at: ends, permissions, resources: all, ..none }).await.unwrap();
    let session = redeem().await.unwrap().session;
    let now = portward::Clock::now(&*world.clock);
    let access = world.store.verifier().verify_session(session.text(), now).unwrap();
    assert_eq!(Some(access.permissions()), permissions);
    let history = world.store.history(tenant(), link.id, None, 10).await.unwrap();
    let kinds: Vec<_> = history.iter().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["redeemed", "narrowed", "narrowed", "issued"], "and what is written down stays");
}

async fn planted_rows_do_not_hinder_a_compaction(world: World) {
    let (_, link) = world.issue().await;
    world.sql("CREATE TABLE planted AS SELECT * FROM link").await;
    let root = if matches!(world.location, Location::Sqlite(_)) { "x'00000000'" } else { r"'\x00000000'" };
    world.sql(&format!("UPDATE planted SET tenant = 'aaa', root = {root}")).await;
    world.sql("INSERT INTO link SELECT * FROM planted").await;
    world.clock.advance(link.ceiling.saturating_since(world.now()) + Duration::from_secs(601));
    world.store.refresh().await.unwrap();
    world.issue().await;
    world.sql("UPDATE planted SET created = 9000000000, tenant = 'aab'; INSERT INTO link SELECT * FROM planted").await;
    let compacted = world.store.compact(Duration::ZERO).await.unwrap();
    assert_eq!((compacted.links, compacted.signed_again, compacted.not_believed), (1, 0, 2));
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

/// Tables by the names of ours, which are none, or leave out what is written.
#[tokio::test(flavor = "multi_thread")]
async fn another_table_in_the_place_of_ours_stops_every_change_of_the_feed() {
    for swap in [
        "ALTER TABLE feed RENAME TO feed_real;
         CREATE VIRTUAL TABLE feed USING fts5(incarnation, sequence, history, snapshot, place, root, mac, content='feed_real');
         INSERT INTO feed(feed) VALUES ('rebuild')",
        "ALTER TABLE feed_change ADD evil INTEGER NOT NULL ON CONFLICT IGNORE DEFAULT 1",
    ] {
        let world = World::sqlite().await;
        let ((_, link), (_, other)) = (world.issue().await, world.issue().await);
        let revoke = async |id| world.store.revoke(tenant(), Target::Link(id)).await.map_err(|error| error.code());
        world.sql("CREATE TABLE notes (text TEXT); CREATE INDEX noted ON notes (text)").await;
        revoke(other.id).await.unwrap();
        world.sql(swap).await;
        assert_eq!(revoke(link.id).await, Err("store_schema"), "{swap}");
    }
}

/// An operator that fits better than the server's own would answer what is asked of the catalogue, and where the database lies.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn operators_of_others_answer_nothing() {
    let Some(world) = World::postgres().await else { return };
    let (_, link) = world.issue().await;
    for (operator, left, right, body) in [
        ("=", "oid", "regnamespace", "bool LANGUAGE sql IMMUTABLE AS 'SELECT false'"),
        ("=", "oid", "regtype", "bool LANGUAGE sql IMMUTABLE AS 'SELECT true'"),
        ("=", "oid", "oid", "bool LANGUAGE sql IMMUTABLE AS 'SELECT false'"),
        ("||", "text", "bigint", "text LANGUAGE sql IMMUTABLE AS 'SELECT ''elsewhere'''"),
        ("||", "text", "oid", "text LANGUAGE sql IMMUTABLE AS 'SELECT ''elsewhere'''"),
    ] {
        let make = format!(
            "CREATE FUNCTION portward.planted({left}, {right}) RETURNS {body};
             CREATE OPERATOR portward.{operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = portward.planted)"
        );
        world.sql(&make).await;
        world.store.refresh().await.unwrap();
        let refused = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap_err();
        assert_eq!(refused.code(), "store_schema", "{operator} {left} {right}");
        assert_eq!(world.reopened().await.err().unwrap().code(), "store_schema");
        let drop = format!(
            "DROP OPERATOR portward.{operator} ({left}, {right}); DROP FUNCTION portward.planted({left}, {right})"
        );
        world.sql(&drop).await;
    }
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
}

/// Who may only connect, or read, keeps nobody from revoking, whatever he locks.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_hinders_no_revocation() {
    use sqlx::{Connection as _, PgConnection};
    let Some(world) = World::postgres().await else { return };
    let (_, link) = world.issue().await;
    let mut reader = PgConnection::connect(&world.location_text()).await.unwrap();
    let number = i64::from_be_bytes(*b"portward");
    let locks = format!(
        "CREATE ROLE reader_{0}; GRANT USAGE ON SCHEMA portward TO reader_{0}; GRANT SELECT ON ALL TABLES IN SCHEMA portward TO reader_{0};
         SET ROLE reader_{0}; SELECT pg_advisory_lock({number}); BEGIN; SELECT * FROM portward.feed; SELECT * FROM portward.link",
        std::process::id()
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(locks)).execute(&mut reader).await.unwrap();
    for locks in [
        "LOCK TABLE portward.feed IN SHARE ROW EXCLUSIVE MODE",
        "LOCK TABLE portward.link IN EXCLUSIVE MODE",
        "SELECT 1 FROM portward.feed FOR SHARE",
        "SELECT 1 FROM portward.link FOR UPDATE",
    ] {
        sqlx::raw_sql("SAVEPOINT s").execute(&mut reader).await.unwrap();
        let refused = sqlx::raw_sql(locks).execute(&mut reader).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
        sqlx::raw_sql("ROLLBACK TO s").execute(&mut reader).await.unwrap();
    }
    world.store.pause(tenant(), link.id).await.unwrap();
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    reader.close().await.unwrap();
}

/// No trigger, and no less: what computes an index, checks a row or makes a column runs code of whoever made it, which can have a change
/// undone when it is committed.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_code_of_others_stops_every_change_of_the_feed() {
    const UNDO: &str = "CREATE SCHEMA evil; CREATE TABLE evil.kept AS SELECT * FROM feed;
        CREATE TABLE evil.note (); CREATE TABLE evil.links AS SELECT * FROM link;
        CREATE FUNCTION evil.undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            DELETE FROM portward.feed; INSERT INTO portward.feed SELECT * FROM evil.kept; DELETE FROM portward.feed_change;
            DELETE FROM portward.link; INSERT INTO portward.link SELECT * FROM evil.links; RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER undo AFTER INSERT ON evil.note INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil.undo();
        CREATE FUNCTION evil.tell() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.note DEFAULT VALUES; END $$;
        CREATE FUNCTION evil.run(n bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
            IF n > 0 THEN PERFORM evil.tell(); END IF; RETURN n; END $$";
    for foreign in [
        "CREATE INDEX evil_index ON feed (evil.run(sequence))",
        "CREATE INDEX evil_index ON feed (sequence) WHERE evil.run(sequence) IS NOT NULL",
        "ALTER TABLE feed ADD CHECK (evil.run(sequence) IS NOT NULL)",
        "ALTER TABLE feed ADD evil bigint GENERATED ALWAYS AS (evil.run(sequence)) STORED",
        "ALTER TABLE feed ADD evil bigint DEFAULT evil.run(1)",
        "CREATE DOMAIN evil.n AS bigint CHECK (evil.run(value) IS NOT NULL); ALTER TABLE feed ALTER sequence TYPE evil.n",
    ] {
        let Some(world) = World::postgres().await else { return };
        let (token, link) = world.issue().await;
        world.sql(UNDO).await;
        assert!(world.reopened().await.is_ok(), "the control");
        world.sql(foreign).await;
        let told = world.store.revoke(tenant(), Target::Link(link.id)).await.map_err(|error| error.code());
        let others = world.reopened().await;
        let says = others.as_ref().map_err(|error| error.code()).map(|store| {
            let verified = store.verifier().verify_link(token.text(), portward::Clock::now(&*world.clock));
            verified.map(drop).map_err(|error| error.code())
        });
        assert_eq!((told.err(), says), (Some("store_schema"), Err("store_schema")), "{foreign}");
    }
}

async fn a_store_is_not_begun_anew(world: World) {
    let (_, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let again =
        portward_store::store::initialise(&world.location, &world.keyring, None, &Recorder::none(), world.now()).await;
    assert!(again.is_ok(), "what is there stays");
    assert_eq!(world.another().await.stamp(), world.store.stamp());
    world.sql("DELETE FROM feed").await;
    let anew =
        portward_store::store::initialise(&world.location, &world.keyring, None, &Recorder::none(), world.now()).await;
    assert_eq!(anew.unwrap_err().code(), "link_malformed");
    assert_eq!(world.reopened().await.err().unwrap().code(), "link_malformed");
}

/// Somebody who has emptied every table has revoked nothing less.
async fn an_emptied_store_refuses_what_was_made_before(world: World) {
    let (token, link) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    let (good, _) = world.issue().await;
    let own = world.store.cell().load();
    let empty = "DELETE FROM feed; DELETE FROM feed_change; DELETE FROM feed_snapshot; DELETE FROM link";
    world.sql(empty).await;
    let code = async |token: &str| {
        let store = world.another().await;
        store.verifier().verify_link(token, portward::Clock::now(&*world.clock)).map(drop).map_err(|error| error.code())
    };
    world.store.close().await;
    let begin = async |own| {
        portward_store::store::initialise(&world.location, &world.keyring, own, &Recorder::none(), world.now()).await
    };
    assert!(begin(None).await.unwrap());
    assert_eq!(code(token.text()).await, Err("deployment_revoked"));
    assert_eq!(code(good.text()).await, Err("deployment_revoked"));
    assert!(!begin(None).await.unwrap(), "it has begun");
    world.sql(empty).await;
    assert!(begin(Some(&own)).await.unwrap());
    assert_eq!(code(token.text()).await, Err("link_revoked"));
    assert_eq!(code(good.text()).await, Ok(()), "with a view of before, what is valid stays so");
}
