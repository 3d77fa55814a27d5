use std::sync::Arc;
use std::sync::atomic::Ordering;
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
    let renewed = tokio::time::timeout(10 * SECOND, renewed).await.unwrap();
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
    for (error, expected) in [(KekError::Unavailable, "ok"), (KekError::Refused, "unwrap_failed")] {
        gate.shut(error);
        world.clock.pass(LIFETIME * 9 / 20);
        let mut answer = "ok";
        for _ in 0..200 {
            answer = code(store.scope(world.tenant, &world.scope).await);
            if answer != "ok" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(answer, expected);
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
    tokio::time::timeout(10 * SECOND, async {
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
