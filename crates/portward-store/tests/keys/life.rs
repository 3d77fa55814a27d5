use std::sync::Arc;

use portward::envelope::OpenError;
use portward_store::keys::KeyStore;

use crate::world::{ALONE, World, code};

#[tokio::test]
async fn keys_outlive_the_process() {
    let world = World::new();
    let store = world.store().await;
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "unknown_key", "a tenant is made by name");
    store.new_tenant(world.tenant).await.unwrap();
    assert_eq!(code(store.new_tenant(world.tenant).await), "key_exists");
    let object = store.scope(world.tenant, &world.scope).await.unwrap().seal_record(&world.context(), b"030").unwrap();
    drop(store);

    let again = world.store().await;
    let keys = again.scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(keys.open_record(&world.context(), &object).unwrap(), b"030");
    let other = again.scope(world.tenant, &"subject:bob".parse().unwrap()).await.unwrap();
    assert_eq!(other.open_record(&world.context(), &object), Err(OpenError::UnknownDataKey));
}

#[tokio::test]
async fn many_at_once_make_one_key() {
    let world = Arc::new(World::new());
    let store = Arc::new(world.store().await);
    store.new_tenant(world.tenant).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (world, store) = (Arc::clone(&world), Arc::clone(&store));
            tokio::spawn(async move {
                let keys = store.scope(world.tenant, &world.scope).await.unwrap();
                keys.seal_record(&world.context(), b"x").unwrap()
            })
        })
        .collect();
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    for task in tasks {
        assert!(keys.open_record(&world.context(), &task.await.unwrap()).is_ok(), "all sealed under the one key");
    }
}

#[tokio::test]
async fn rotation_opens_the_old_and_seals_the_new() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let old = keys.seal_record(&world.context(), b"old").unwrap();
    assert_eq!(store.rotate_tenant(world.tenant).await.unwrap(), 2);
    store.rotate_scope(world.tenant, &world.scope).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let new = keys.seal_record(&world.context(), b"new").unwrap();
    assert_ne!(old.get(4..20), new.get(4..20), "another data key");
    assert_eq!(keys.open_record(&world.context(), &old).unwrap(), b"old");
    assert_eq!(keys.open_record(&world.context(), &new).unwrap(), b"new");

    let census = store.census().await.unwrap();
    let under = |version| census.keks.iter().filter(move |(kek, _)| kek.id().len() == 16 && kek.version() == version);
    assert_eq!(under(1).count(), 0, "every data key was wrapped anew: the version before can go");
    assert_eq!(under(2).map(|(_, count)| *count).sum::<u64>(), 2);
    assert_eq!(census.roots.values().sum::<u64>(), 4);
}

#[tokio::test]
async fn parts_of_two_deployments_do_not_work_together() {
    let (here, there) = (World::new(), World::new());
    let open = async |keyring| {
        code(KeyStore::open(&here.location(), Arc::clone(&here.deployment), keyring, ALONE, here.options()).await)
    };
    assert_eq!(open(Arc::clone(&there.keyring)).await, "deployments_differ");
    assert_eq!(open(Arc::clone(&here.keyring)).await, "ok", "the control");
}

/// Several processes open a store that is not there yet.
#[tokio::test(flavor = "multi_thread")]
async fn many_can_be_the_first() {
    for _ in 0..20 {
        let world = Arc::new(World::new());
        let open = || {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.store().await.census().await.unwrap().roots.len() })
        };
        let opened: Vec<_> = (0..6).map(|_| open()).collect();
        for opened in opened {
            assert_eq!(opened.await.unwrap(), 0);
        }
    }
}
