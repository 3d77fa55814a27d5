use std::time::Duration;

use portward::{Resources, Timestamp};
use portward_store::events::EventKind;
use portward_store::store::{LinkEdit, LinkFilter, LinkState, LinkTerms, StoreError, Target};

use crate::world::{World, client, tenant};

conformance! {
    a_link_is_issued_listed_and_shown_again,
    pages_follow_each_other_without_gaps,
    filters_select,
    limits_move_below_what_was_signed,
    a_link_is_paused_restored_and_revoked,
    another_tenant_sees_nothing,
    a_dump_gives_no_access,
    counters_show_in_the_list,
    edits_and_redemptions_at_once_lose_nothing,
}

async fn a_link_is_issued_listed_and_shown_again(world: World) {
    let terms = LinkTerms { label: Some("Ms Gray, spring".to_owned()), ..LinkTerms::default() };
    let (token, link) = world.store.issue(&world.request(), terms).await.unwrap();
    assert_eq!((link.id, link.state, link.uses, link.client), (token.id(), LinkState::Active, 0, client()));
    assert_eq!((link.expires_at, link.ceiling), (token.expires_at(), token.expires_at()));
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap(), link);
    assert_eq!(
        world.store.list(tenant(), &LinkFilter::default(), None, 10).await.unwrap().links,
        std::slice::from_ref(&link)
    );

    let again = world.another().await.show(tenant(), link.id).await.unwrap();
    assert_eq!(again.text(), token.text());
    let history = world.store.history(tenant(), link.id, None, 10).await.unwrap();
    assert_eq!(history.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Shown, EventKind::Issued]);

    for label in [String::new(), "x".repeat(201), "a\nb".to_owned()] {
        let terms = LinkTerms { label: Some(label), ..LinkTerms::default() };
        assert_eq!(world.store.issue(&world.request(), terms).await.unwrap_err().code(), "label_malformed");
    }
    let terms = LinkTerms { label: Some("é".repeat(200)), ..LinkTerms::default() };
    assert!(world.store.issue(&world.request(), terms).await.is_ok());
}

async fn pages_follow_each_other_without_gaps(world: World) {
    let mut issued = Vec::new();
    for _ in 0..7 {
        issued.push(world.issue().await.1.id);
    }
    let (mut found, mut start) = (Vec::new(), None);
    loop {
        let page = world.store.list(tenant(), &LinkFilter::default(), start, 3).await.unwrap();
        assert!(page.links.len() == 3 || page.next.is_none());
        found.extend(page.links.iter().map(|link| link.id));
        let Some(next) = page.next else { break };
        start = Some(next);
    }
    issued.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, issued);
}

async fn filters_select(world: World) {
    let (_, plain) = world.issue().await;
    let other = portward::LinkRequest::new(tenant(), "43".parse().unwrap(), world.permissions(&["files:read"]));
    let terms = LinkTerms { label: Some("100% Wool_Socks!".to_owned()), ..LinkTerms::default() };
    let (_, labelled) = world.store.issue(&other.lifetime(Duration::from_secs(60)), terms).await.unwrap();
    world.store.pause(tenant(), plain.id).await.unwrap();
    let found = async |filter: LinkFilter| {
        let page = world.store.list(tenant(), &filter, None, 10).await.unwrap();
        page.links.iter().map(|link| link.id).collect::<Vec<_>>()
    };
    assert_eq!(found(LinkFilter { client: Some(client()), ..LinkFilter::default() }).await, [plain.id]);
    assert_eq!(found(LinkFilter { state: Some(LinkState::Paused), ..LinkFilter::default() }).await, [plain.id]);
    let soon = Some(world.now().saturating_add(Duration::from_secs(3600)));
    assert_eq!(found(LinkFilter { expires_before: soon, ..LinkFilter::default() }).await, [labelled.id]);
    for (part, expected) in [("wool_s", 1), ("0% w", 1), ("s!", 1), ("woolxs", 0), ("%", 1), ("o%s", 0)] {
        let filter = LinkFilter { label_contains: Some(part.to_owned()), ..LinkFilter::default() };
        assert_eq!(found(filter).await.len(), expected, "{part}");
    }
}

async fn limits_move_below_what_was_signed(world: World) {
    let (token, link) = world.issue().await;
    let edit = async |edit: LinkEdit| world.store.edit(tenant(), link.id, edit).await;
    let at = |seconds: u64| Timestamp::from_unix(token.expires_at().unix() - seconds);
    let expires = |at| LinkEdit { expires_at: Some(at), ..LinkEdit::default() };
    let permits = |names: &[&str]| LinkEdit { permissions: Some(world.permissions(names)), ..LinkEdit::default() };

    let shorter = edit(expires(at(500))).await.unwrap();
    assert_eq!((shorter.expires_at, shorter.revision), (at(500), 1));
    let longer = edit(expires(at(0))).await.unwrap();
    assert_eq!((longer.expires_at, longer.revision), (at(0), 1), "extending ends no session");
    let beyond = Timestamp::from_unix(token.expires_at().unix() + 1);
    assert_eq!(edit(expires(beyond)).await.unwrap_err().code(), "over_ceiling");

    let narrower = edit(permits(&["files:read"])).await.unwrap();
    assert_eq!((narrower.permissions, narrower.revision), (world.permissions(&["files:read"]), 2));
    assert_eq!(edit(permits(&["files:*", "invoices:read"])).await.unwrap().revision, 2);
    assert_eq!(edit(permits(&["messages:read"])).await.unwrap_err().code(), "over_ceiling");
    let nothing = LinkEdit { permissions: Some(portward::Permissions::NONE), ..LinkEdit::default() };
    assert_eq!(edit(nothing).await.unwrap_err().code(), "nothing_granted");

    let only = |list: &[&str]| LinkEdit {
        resources: Some(Resources::Only(list.iter().map(|name| name.parse().unwrap()).collect())),
        ..LinkEdit::default()
    };
    assert_eq!(edit(only(&["a.pdf", "b.pdf"])).await.unwrap().revision, 3);
    assert_eq!(edit(only(&[])).await.unwrap_err().code(), "nothing_granted");
    let capped = edit(LinkEdit { uses_max: Some(Some(5)), ..LinkEdit::default() }).await.unwrap();
    assert_eq!((capped.uses_max, capped.revision), (Some(5), 3));
    let none = LinkEdit { uses_max: Some(Some(0)), ..LinkEdit::default() };
    assert_eq!(edit(none).await.unwrap_err().code(), "nothing_granted");
    let ends = |expires_at| LinkTerms { expires_at: Some(expires_at), ..LinkTerms::default() };
    let issue = async |expires_at| world.store.issue(&world.request(), ends(expires_at)).await.map(drop);
    assert_eq!(issue(world.now()).await.unwrap_err().code(), "nothing_granted", "it has ended");
    assert!(issue(world.now().saturating_add(Duration::from_secs(10))).await.is_ok());

    let kinds: Vec<_> = world.store.history(tenant(), link.id, None, 100).await.unwrap();
    let kinds: Vec<_> = kinds.iter().rev().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["issued", "shortened", "extended", "narrowed", "widened", "narrowed", "capped"]);
}

async fn a_link_is_paused_restored_and_revoked(world: World) {
    let (token, link) = world.issue().await;
    let verify = || {
        let verified = world.store.verifier().verify_link(token.text(), portward::Clock::now(&*world.clock));
        verified.map(drop).map_err(|error| error.code())
    };
    assert_eq!(verify(), Ok(()));
    let paused = world.store.pause(tenant(), link.id).await.unwrap();
    assert_eq!(verify(), Err("link_suspended"));
    assert_eq!(world.store.pause(tenant(), link.id).await.unwrap_err().code(), "link_state");
    let restored = world.store.restore(tenant(), link.id).await.unwrap();
    assert!(restored > paused);
    assert_eq!(verify(), Ok(()));
    let revoked = world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    assert_eq!(world.store.stamp(), Some(revoked), "the local view shows it");
    assert_eq!(verify(), Err("link_revoked"));
    assert_eq!(world.store.restore(tenant(), link.id).await.unwrap_err().code(), "link_state");
    assert_eq!(world.store.edit(tenant(), link.id, LinkEdit::default()).await.unwrap_err().code(), "link_revoked");
    assert_eq!(world.store.show(tenant(), link.id).await.unwrap_err().code(), "link_revoked");
    assert!(world.store.revoke(tenant(), Target::Link(link.id)).await.is_ok(), "once more");
    assert_eq!(world.store.link(tenant(), link.id).await.unwrap().state, LinkState::Revoked);
}

async fn another_tenant_sees_nothing(world: World) {
    let (_, link) = world.issue().await;
    let other = "studio-8".parse().unwrap();
    assert!(world.store.link(tenant(), link.id).await.is_ok());
    let unknown = |error: StoreError| assert_eq!(error.code(), "link_unknown");
    unknown(world.store.link(other, link.id).await.unwrap_err());
    unknown(world.store.show(other, link.id).await.unwrap_err());
    unknown(world.store.revoke(other, Target::Link(link.id)).await.unwrap_err());
    unknown(world.store.pause(other, link.id).await.unwrap_err());
    unknown(world.store.history(other, link.id, None, 1).await.unwrap_err());
    unknown(world.store.edit(other, link.id, LinkEdit::default()).await.unwrap_err());
    assert_eq!(world.store.list(other, &LinkFilter::default(), None, 10).await.unwrap().links, []);
}

/// Neither the token nor a part of its tag is anywhere in the files of the database.
async fn a_dump_gives_no_access(world: World) {
    let (token, link) = world.issue().await;
    let peeked = world.store.peek(token.text(), None).unwrap();
    let session = world.store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap().session;
    let dump = crate::world::dump(&world).await;
    let bytes = crate::world::token_bytes(token.text());
    let tag = &bytes[bytes.len() - 36..bytes.len() - 4];
    let contains = |part: &[u8]| dump.windows(part.len()).any(|window| window == part);
    assert!(contains(&link.id), "the dump has the link's row");
    assert!(contains(&token.head()[..20]));
    for secret in [token.text().as_bytes(), session.text().as_bytes(), &tag[..8], &tag[24..], peeked.nonce.as_bytes()] {
        assert!(!contains(secret));
    }
}

async fn counters_show_in_the_list(world: World) {
    let (_, link) = world.issue().await;
    let state = async || world.store.link(tenant(), link.id).await.unwrap().state;
    assert_eq!(state().await, LinkState::Active);
    world.store.revoke(tenant(), Target::Client("43".parse().unwrap())).await.unwrap();
    assert_eq!(state().await, LinkState::Active);
    world.store.revoke(tenant(), Target::Client(client())).await.unwrap();
    assert_eq!(state().await, LinkState::Revoked);
    assert_eq!(world.store.show(tenant(), link.id).await.unwrap_err().code(), "link_revoked");
    let (_, next) = world.issue().await;
    assert_eq!(next.state, LinkState::Active, "what is made afterwards is good");
    world.store.revoke(tenant(), Target::Tenant).await.unwrap();
    assert_eq!(world.store.link(tenant(), next.id).await.unwrap().state, LinkState::Revoked);
    let (_, last) = world.issue().await;
    world.store.revoke_everything().await.unwrap();
    assert_eq!(world.store.link(tenant(), last.id).await.unwrap().state, LinkState::Revoked);
}

/// Both change one row; each has to see what the other did.
async fn edits_and_redemptions_at_once_lose_nothing(world: World) {
    let (token, link) = world.issue().await;
    let other = world.another().await;
    let redeems = async {
        for _ in 0..20 {
            let peeked = other.peek(token.text(), None).unwrap();
            other.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
        }
    };
    let edits = async {
        for number in 0..20 {
            let label = Some(Some(format!("label {number}")));
            world.store.edit(tenant(), link.id, LinkEdit { label, ..LinkEdit::default() }).await.unwrap();
        }
    };
    tokio::join!(redeems, edits);
    let link = world.store.link(tenant(), link.id).await.unwrap();
    assert_eq!((link.uses, link.label.as_deref()), (20, Some("label 19")));
    assert_eq!(world.store.history(tenant(), link.id, None, 100).await.unwrap().len(), 41);
}
