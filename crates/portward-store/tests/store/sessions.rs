//! Sessions that are in use in another process than the one in which their link is changed.

use std::time::Duration;

use portward::{Resources, Timestamp};
use portward_store::store::{LinkEdit, Target};

use crate::awaited::{comes_to_be, is_within_a_second};
use crate::process::Process;
use crate::world::{World, tenant};

conformance! {
    what_is_taken_away_reaches_another_process_within_a_second,
    what_takes_nothing_away_ends_no_session,
}

async fn session(world: &World, link: &str) -> String {
    let peeked = world.store.peek(link, None).unwrap();
    world.store.redeem(link, &peeked.cookie, &peeked.nonce).await.unwrap().session.text().to_owned()
}

#[track_caller]
fn comes_to_say(process: &mut Process, token: &str, expected: &str) -> Duration {
    comes_to_be(expected, || process.verify(token))
}

async fn what_is_taken_away_reaches_another_process_within_a_second(world: World) {
    let mut other = Process::verifier(&world);
    let ((token, link), (bystander, _)) = (world.issue().await, world.issue().await);
    let bystander = session(&world, bystander.text()).await;
    let mut live = session(&world, token.text()).await;
    let sooner = Timestamp::from_unix(token.expires_at().unix() - 500);
    let plan = Resources::Only(vec!["plan.pdf".parse().unwrap()]);
    let edits = [
        LinkEdit { expires_at: Some(sooner), ..LinkEdit::default() },
        LinkEdit { permissions: Some(world.permissions(&["files:read"])), ..LinkEdit::default() },
        LinkEdit { resources: Some(plan), ..LinkEdit::default() },
    ];
    let mut times = Vec::new();
    for edit in edits {
        comes_to_say(&mut other, &live, "ok");
        world.store.edit(tenant(), link.id, edit).await.unwrap();
        times.push(comes_to_say(&mut other, &live, "session_superseded"));
        live = world.store.renew(&live).await.unwrap().session.text().to_owned();
        // What is left is granted.
        comes_to_say(&mut other, &live, "ok");
    }
    world.store.pause(tenant(), link.id).await.unwrap();
    times.push(comes_to_say(&mut other, &live, "link_suspended"));
    world.store.restore(tenant(), link.id).await.unwrap();
    comes_to_say(&mut other, &live, "ok");
    world.store.revoke(tenant(), Target::Link(link.id)).await.unwrap();
    times.push(comes_to_say(&mut other, &live, "link_revoked"));
    is_within_a_second(&times);
    // Of another link.
    comes_to_say(&mut other, &bystander, "ok");
}

async fn what_takes_nothing_away_ends_no_session(world: World) {
    let mut other = Process::verifier(&world);
    let terms = portward_store::store::LinkTerms {
        expires_at: Some(world.now().saturating_add(Duration::from_secs(86_400))),
        ..Default::default()
    };
    let (token, link) = world.store.issue(&world.request(), terms).await.unwrap();
    let live = session(&world, token.text()).await;
    let edit = LinkEdit {
        label: Some(Some("Ms Gray".to_owned())),
        expires_at: Some(token.expires_at()),
        uses_max: Some(Some(1)),
        ..LinkEdit::default()
    };
    world.store.edit(tenant(), link.id, edit).await.unwrap();
    // By the end of this the other one has heard of what was committed after the edit.
    let (next, row) = world.issue().await;
    world.store.revoke(tenant(), Target::Link(row.id)).await.unwrap();
    comes_to_say(&mut other, next.text(), "link_revoked");
    comes_to_say(&mut other, &live, "ok");
}
