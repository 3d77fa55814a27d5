use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::Duration;

use portward::envelope::KekError;
use portward_store::keys::KeyStoreOptions;

use crate::world::{Gate, World, code};

const LIFETIME: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn keys_are_loaded_once_however_many_ask() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    world.store_under(&gate).await.new_tenant(world.tenant).await.unwrap();
    let store = Arc::new(world.store_under(&gate).await);
    let before = gate.calls.load(Ordering::SeqCst);
    let ask = || {
        let (store, scope) = (Arc::clone(&store), world.scope.clone());
        let tenant = world.tenant;
        tokio::spawn(async move { store.scope(tenant, &scope).await.unwrap() })
    };
    let asked: Vec<_> = (0..32).map(|_| ask()).collect();
    let mut keys = Vec::new();
    for asked in asked {
        keys.push(asked.await.unwrap());
    }
    assert!(keys.iter().all(|one| Arc::ptr_eq(one, &keys[0])));
    assert_eq!(gate.calls.load(Ordering::SeqCst) - before, 1);
    let other = store.scope(world.tenant, &"subject:bob".parse().unwrap()).await.unwrap();
    assert!(!Arc::ptr_eq(&other, &keys[0]), "the control: another scope has other keys");
}

/// The lifetime begins with the loading, and use does not prolong it.
#[tokio::test]
async fn what_is_held_has_an_end() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    let store = world.store_under(&gate).await;
    store.new_tenant(world.tenant).await.unwrap();
    let first = store.scope(world.tenant, &world.scope).await.unwrap();
    gate.shut(KekError::Unavailable);
    for _ in 0..29 {
        world.clock.pass(10 * SECOND);
        let again = store.scope(world.tenant, &world.scope).await.unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        tokio::task::yield_now().await;
    }
    world.clock.pass(10 * SECOND);
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "kek_unavailable");
    gate.open();
    let later = store.scope(world.tenant, &world.scope).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &later));
}

/// Before its end it is loaded anew, while those who ask are answered from what is there.
#[tokio::test]
async fn keys_are_loaded_ahead_of_the_end() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let first = store.scope(world.tenant, &world.scope).await.unwrap();
    world.clock.pass(LIFETIME * 4 / 5 - SECOND);
    assert!(Arc::ptr_eq(&first, &store.scope(world.tenant, &world.scope).await.unwrap()));
    world.clock.pass(SECOND);
    assert!(Arc::ptr_eq(&first, &store.scope(world.tenant, &world.scope).await.unwrap()), "nobody waits");
    let renewed = async {
        loop {
            let now = store.scope(world.tenant, &world.scope).await.unwrap();
            if !Arc::ptr_eq(&first, &now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let renewed = tokio::time::timeout(60 * SECOND, renewed).await.unwrap();
    world.clock.pass(LIFETIME / 2);
    assert!(
        Arc::ptr_eq(&renewed, &store.scope(world.tenant, &world.scope).await.unwrap()),
        "with a lifetime of its own"
    );
}

/// A KEK that refuses ends what was held, although its lifetime is not over.
#[tokio::test]
async fn a_refusal_is_not_answered_from_what_is_held() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    let store = world.store_under(&gate).await;
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    // How often it is asked while it is loaded in the background.
    for (error, expected, times) in [(KekError::Unavailable, "ok", 200), (KekError::Refused, "unwrap_failed", 10_000)] {
        gate.shut(error);
        world.clock.pass(LIFETIME * 9 / 20);
        let mut answer = "ok";
        for _ in 0..times {
            answer = code(store.scope(world.tenant, &world.scope).await);
            if answer != "ok" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(answer, expected);
    }
}

/// Whoever hears the refusal, what is held ends.
#[tokio::test]
async fn a_refusal_that_another_call_hears_ends_what_is_held() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    let store = world.store_under(&gate).await;
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    for (error, heard, answer) in
        [(KekError::Unavailable, "kek_unavailable", "ok"), (KekError::Refused, "unwrap_failed", "unwrap_failed")]
    {
        gate.shut(error);
        world.clock.pass(LIFETIME * 9 / 20);
        assert_eq!(code(store.rotate_tenant(world.tenant).await), heard);
        assert_eq!(code(store.scope(world.tenant, &world.scope).await), answer);
    }
}

/// Keys that nobody holds are dropped at the end of their lifetime, although nobody asks.
#[tokio::test]
async fn keys_do_not_stay_in_memory() {
    let world = World::new();
    let lifetime = Duration::from_millis(300);
    let store = world.store_with(KeyStoreOptions { lifetime, ..world.options() }).await;
    store.new_tenant(world.tenant).await.unwrap();
    let held = Arc::downgrade(&store.scope(world.tenant, &world.scope).await.unwrap());
    assert!(held.upgrade().is_some(), "the control");
    tokio::time::timeout(30 * SECOND, async {
        while held.upgrade().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn only_so_many_are_held() {
    let world = World::new();
    let store = world.store_with(KeyStoreOptions { capacity: 2, ..world.options() }).await;
    store.new_tenant(world.tenant).await.unwrap();
    let mut held = Vec::new();
    for number in 0..10 {
        let scope = format!("record:{number}").parse().unwrap();
        held.push(Arc::downgrade(&store.scope(world.tenant, &scope).await.unwrap()));
    }
    tokio::time::timeout(60 * SECOND, async {
        while held.iter().filter(|held| held.upgrade().is_some()).count() > 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            // The housekeeping comes round once in a minute; a use does it too.
            store.scope(world.tenant, &"record:9".parse().unwrap()).await.unwrap();
        }
    })
    .await
    .unwrap();
    assert!(held.last().unwrap().upgrade().is_some(), "the one that was used last is there");
}

/// What is changed here is seen here at once.
#[tokio::test]
async fn a_change_ends_what_is_held() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let seal = async || {
        let keys = store.scope(world.tenant, &world.scope).await.unwrap();
        keys.seal_record(&world.context(), b"x").unwrap()[4..20].to_vec()
    };
    let first = seal().await;
    assert_eq!(seal().await, first, "the control");
    store.rotate_scope(world.tenant, &world.scope).await.unwrap();
    let second = seal().await;
    assert_ne!(second, first);
    store.rotate_tenant(world.tenant).await.unwrap();
    assert_eq!(seal().await, second);
}

/// A KEK that takes longer than the lifetime to say that it cannot be reached does not prolong it.
#[tokio::test]
async fn a_slow_outage_prolongs_nothing() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    let store = world.store_under(&gate).await;
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    gate.shut(KekError::Unavailable);
    world.clock.pass(LIFETIME * 9 / 10);
    let other = "subject:bob".parse().unwrap();
    assert_eq!(code(store.scope(world.tenant, &other).await), "ok", "the control: a quick one leaves the rest of it");
    *gate.delay.lock().unwrap() = Some((Arc::clone(&world.clock), LIFETIME));
    assert_eq!(code(store.scope(world.tenant, &"subject:cleo".parse().unwrap()).await), "kek_unavailable");
}

/// What is forgotten of one tenant leaves what is loaded of another alone, but for what falls to one count of thousands: once at most, then.
#[tokio::test]
async fn tenants_do_not_disturb_each_other() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    let store = Arc::new(world.store_under(&gate).await);
    store.new_tenant(world.tenant).await.unwrap();
    let others: Vec<_> = (0..20).map(|number| format!("other-{number}").parse().unwrap()).collect();
    let mut held = store.scope(world.tenant, &world.scope).await.unwrap();
    let before = gate.calls.load(Ordering::SeqCst);
    let mut loads = 0;
    for other in others {
        store.forget(other);
        let again = store.scope(world.tenant, &world.scope).await.unwrap();
        loads += u64::from(!Arc::ptr_eq(&held, &again));
        held = again;
    }
    assert!(loads <= 1 && gate.calls.load(Ordering::SeqCst) - before <= 1);
    store.forget(world.tenant);
    assert!(!Arc::ptr_eq(&held, &store.scope(world.tenant, &world.scope).await.unwrap()), "the control");
}

/// Somebody gives up while keys are loaded anew; the next one loads them, and hears the refusal.
#[tokio::test]
async fn a_caller_that_gives_up_stops_nobody() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    let store = world.store_under(&gate).await;
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    world.clock.pass(LIFETIME * 9 / 10);
    let bob = "subject:bob".parse().unwrap();
    gate.hold.store(true, Ordering::SeqCst);
    let (before, mut given_up) = (gate.calls.load(Ordering::SeqCst), Box::pin(store.scope(world.tenant, &bob)));
    while gate.calls.load(Ordering::SeqCst) == before {
        assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(given_up);
    gate.shut(KekError::Refused);
    gate.hold.store(false, Ordering::SeqCst);
    let cleo = "subject:cleo".parse().unwrap();
    assert_eq!(code(store.scope(world.tenant, &cleo).await), "unwrap_failed");
    gate.open();
    assert_eq!(code(store.scope(world.tenant, &cleo).await), "ok", "the control");
}
