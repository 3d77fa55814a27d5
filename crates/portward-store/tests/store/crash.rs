use std::collections::BTreeMap;
use std::time::Duration;

use portward::Clock as _;
use portward_store::store::LinkState;

use crate::process::Process;
use crate::world::{World, tenant};

conformance! {
    what_was_acknowledged_is_there_after_every_kill,
}

/// What a worker said of a link.
#[derive(Default)]
struct Said {
    redeemed: u64,
    revoked: bool,
}

/// A worker is killed at random points, again and again: 200 times, or 10,000 in the long form.
async fn what_was_acknowledged_is_there_after_every_kill(world: World) {
    let kills: u32 = if std::env::var_os("PORTWARD_LONG").is_some() { 10_000 } else { 200 };
    let mut links: BTreeMap<String, Said> = BTreeMap::new();
    for kill in 0..kills {
        let mut worker = Process::worker(&world);
        // From before the first answer to some operations later, in steps that no period of the work divides.
        let until = tokio::time::Instant::now() + Duration::from_micros(u64::from(kill * 7919 % 60_000));
        let killer = tokio::task::spawn_blocking(move || {
            std::thread::sleep(until.saturating_duration_since(tokio::time::Instant::now()));
            worker.kill();
            std::iter::from_fn(move || worker.said()).collect::<Vec<_>>()
        });
        for said in killer.await.unwrap() {
            let (what, link) = said.split_once(' ').unwrap();
            let link = links.entry(link.to_owned()).or_default();
            match what {
                "redeemed" => link.redeemed += 1,
                "revoked" => link.revoked = true,
                _ => {}
            }
        }
    }
    world.store.refresh().await.unwrap();
    assert!(links.values().any(|said| said.revoked), "the kills came later than everything");
    for (text, said) in &links {
        let id = portward::UntrustedLink::parse(text).unwrap();
        assert_eq!(*id.tenant(), tenant());
        let link = world.store.link(tenant(), crate::world::token_id(text)).await.unwrap();
        // What was under way may have been done as well.
        assert!((said.redeemed..=said.redeemed + 1).contains(&link.uses), "{} of {}", link.uses, said.redeemed);
        if said.revoked {
            assert_eq!(link.state, LinkState::Revoked);
        }
        let verified = world.store.verifier().verify_link(text, world.clock.now());
        assert_eq!(verified.is_ok(), link.state == LinkState::Active, "row and feed say the same");
        let history = world.store.history(tenant(), link.id, None, 100).await.unwrap();
        let redeemed = history.iter().filter(|event| event.kind.name() == "redeemed").count();
        assert_eq!(u64::try_from(redeemed).unwrap(), link.uses, "none is half there");
    }
    assert!(world.store.check().await.is_ok());
}
