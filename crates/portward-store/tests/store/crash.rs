use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use portward::{Clock as _, Standing, Unit};

use crate::process::Process;
use crate::world::{World, tenant, token_bytes, token_id};

conformance! {
    what_was_acknowledged_is_there_after_every_kill,
}

/// What was acknowledged of a link.
#[derive(Default, Debug)]
pub(crate) struct Said {
    pub(crate) token: String,
    /// The ids of the nonces.
    pub(crate) redeemed: BTreeSet<Vec<u8>>,
    pub(crate) revoked: bool,
}

/// A worker is killed at random points, again and again: 200 times, or 10,000 in the long form.
async fn what_was_acknowledged_is_there_after_every_kill(world: World) {
    let kills: u32 = if std::env::var_os("PORTWARD_LONG").is_some() { 10_000 } else { 200 };
    let mut links: BTreeMap<Vec<u8>, Said> = BTreeMap::new();
    for kill in 0..kills {
        let mut worker = Process::worker(&world);
        // From before the first answer to some operations later, in steps that no period of the work divides. Later and later, until a worker
        // has had time for all of its work.
        let longer = if links.values().any(|said| said.revoked) { 0 } else { kill * 5_000 };
        let until = tokio::time::Instant::now() + Duration::from_micros(u64::from(kill * 7919 % (60_000 + longer)));
        let killer = tokio::task::spawn_blocking(move || {
            std::thread::sleep(until.saturating_duration_since(tokio::time::Instant::now()));
            worker.kill();
            std::iter::from_fn(move || worker.said()).collect::<Vec<_>>()
        });
        for said in killer.await.unwrap() {
            let mut words = said.split(' ');
            let (what, token) = (words.next().unwrap(), words.next().unwrap());
            let link = links.entry(token_id(token).to_vec()).or_default();
            link.token = token.to_owned();
            link.redeemed.extend(words.next().map(nonce_id));
            link.revoked |= what == "revoked";
        }
    }
    assert!(links.values().any(|said| said.revoked), "the kills came later than everything");
    rows_and_feed_have_all_of_it(&world, &links).await;
    assert!(world.store.check().await.is_ok(), "and every row is believed");
}

/// Rows are read as they lie there, and the feed by who has seen nothing of it before: neither can speak for the other.
pub(crate) async fn rows_and_feed_have_all_of_it(world: &World, links: &BTreeMap<Vec<u8>, Said>) {
    let rows: Vec<(Vec<u8>, String, i64)> = world.rows("SELECT id, state, uses FROM link").await;
    let rows: BTreeMap<_, _> = rows.into_iter().map(|(id, state, uses)| (id, (state, uses))).collect();
    let redemptions = of_links(world, "SELECT link, id FROM redemption").await;
    let events: Vec<(Vec<u8>, String)> = world.rows("SELECT link, kind FROM link_event").await;
    let chains: Vec<(Vec<u8>, i64)> = world.rows("SELECT link, uses FROM chain").await;
    let fresh = world.another().await;
    let view = fresh.cell().load();
    for (id, said) in links {
        assert!(rows.contains_key(id), "it was issued");
        let known = redemptions.get(id).cloned().unwrap_or_default();
        assert!(said.redeemed.is_subset(&known), "{said:?}");
        // What was under way may have been done as well.
        assert!(known.len() <= said.redeemed.len() + 1, "{said:?}");
        let verified = fresh.verifier().verify_link(&said.token, world.clock.now());
        let is_active = rows[id].0 == "active";
        assert_eq!(
            verified.map(drop).map_err(|error| error.code()),
            if is_active { Ok(()) } else { Err("link_revoked") }
        );
        assert!(!said.revoked || !is_active, "{said:?}");
    }
    for (id, (state, uses)) in &rows {
        let revoked = view.entries_of(&tenant()).standing(Unit::Link, id[..].try_into().unwrap()) == Standing::Revoked;
        assert_eq!(revoked, state == "revoked", "row and feed say the same");
        let counted = |kind: &str| events.iter().filter(|(link, found)| link == id && found == kind).count();
        assert_eq!((counted("issued"), counted("revoked")), (1, usize::from(revoked)), "none is half there");
        let redeemed = usize::try_from(*uses).unwrap();
        let of_chains: i64 = chains.iter().filter(|(link, _)| link == id).map(|(_, uses)| uses).sum();
        assert_eq!((counted("redeemed"), of_chains), (redeemed, *uses));
        assert_eq!(redemptions.get(id).map_or(0, BTreeSet::len), redeemed);
    }
}

async fn of_links(world: &World, query: &str) -> BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> {
    let mut of_links = BTreeMap::<_, BTreeSet<_>>::new();
    for (link, id) in world.rows::<(Vec<u8>, Vec<u8>)>(query).await {
        of_links.entry(link).or_default().insert(id);
    }
    of_links
}

/// Behind version, root and expiry: `spec/redeem.md`.
pub(crate) fn nonce_id(text: &str) -> Vec<u8> {
    token_bytes(text)[10..26].to_vec()
}
