//! The cell as a model, under every schedule that shuttle finds: one writer, a compaction beside it, readers.
//!
//! `arc-swap` cannot be instrumented, so the cell is modelled by a lock around a pointer that is held only to copy it, which is
//! what `arc-swap` promises. The follower's protocol (begin, run elsewhere, install) is the real one.

use std::sync::Arc as StdArc;

use portward::*;
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use crate::common::*;

#[test]
fn a_compaction_beside_a_writer_loses_nothing() {
    let world = StdArc::new(std::sync::Mutex::new(World::new()));
    let links: Vec<_> = (0..4).map(|n| world.lock().unwrap().link("studio", &n.to_string())).collect();
    let ids: StdArc<Vec<_>> = StdArc::new(links.iter().map(|link| (link.id(), link.expires_at())).collect());
    let keyring = StdArc::clone(&world.lock().unwrap().keyring);
    let rounds = if std::env::var_os("PORTWARD_LONG").is_some() { 20_000 } else { 300 };
    shuttle::check_random(
        move || {
            let incarnation = Incarnation::from_bytes([1; 16]);
            let mut authority = Authority::new(StdArc::clone(&keyring), incarnation).unwrap();
            let follower = Follower::new(StdArc::clone(&keyring), Scope::ALL, std::time::Duration::ZERO, None).unwrap();
            let model = Arc::new(Mutex::new(follower.cell().load()));
            let follower = Arc::new(Mutex::new(follower));
            sync(&authority, &follower, &model, None);

            let compacting = {
                let (follower, model) = (Arc::clone(&follower), Arc::clone(&model));
                thread::spawn(move || {
                    for _ in 0..2 {
                        let compaction = follower.lock().unwrap().begin_compaction();
                        thread::yield_now();
                        let compaction = compaction.run();
                        thread::yield_now();
                        let mut follower = follower.lock().unwrap();
                        follower.install(compaction);
                        *model.lock().unwrap() = follower.cell().load();
                    }
                })
            };
            let reading = {
                let model = Arc::clone(&model);
                thread::spawn(move || {
                    let mut last = (0, 0);
                    for _ in 0..6 {
                        let view = StdArc::clone(&model.lock().unwrap());
                        let seen = (view.stamp().unwrap().sequence, view.entries());
                        assert_eq!(usize::try_from(seen.0).unwrap(), seen.1, "a view shows what its stamp says");
                        assert!(seen >= last, "a view went back");
                        last = seen;
                        thread::yield_now();
                    }
                })
            };
            for (id, expires_at) in ids.iter() {
                let since = authority.stamp();
                let change = revoke(Unit::Link, *id, *expires_at);
                authority.commit(vec![Change::Tenant(crate::common::id("studio"), change)]).unwrap();
                sync(&authority, &follower, &model, Some(since));
                thread::yield_now();
            }
            compacting.join().unwrap();
            reading.join().unwrap();
            let view = follower.lock().unwrap().cell().load();
            assert_eq!((view.stamp(), view.entries()), (Some(authority.stamp()), ids.len()));
        },
        rounds,
    );
}

fn sync(
    authority: &Authority,
    follower: &Mutex<Follower>,
    model: &Mutex<StdArc<RevocationView>>,
    since: Option<Stamp>,
) {
    let mut follower = follower.lock().unwrap();
    let challenge = follower.request(NOW.steady).unwrap();
    let answer = authority.answer(&Scope::ALL, since, challenge).unwrap();
    follower.accept(&answer, NOW.wall).unwrap();
    *model.lock().unwrap() = follower.cell().load();
}
