//! Where the operating system gives no random bytes, no key is made and nothing is sealed; what is there opens, and can be destroyed.

use portward::envelope::OpenError;
use portward_test_randomness::{Fails, Randomness};

use crate::world::{DAY, World, code};

#[tokio::test]
async fn no_key_is_made_and_keys_are_destroyed() {
    let Some(randomness) = Randomness::here() else {
        return Randomness::again("random::no_key_is_made_and_keys_are_destroyed");
    };
    let world = World::new();
    let store = world.store_of_tenant().await;
    let (tenant, scope, other) = (world.tenant, &world.scope, &"subject:cleo".parse().unwrap());
    let keys = store.scope(tenant, scope).await.unwrap();
    let sealed = keys.seal_record(&world.context(), b"a number").unwrap();
    let before = store.census().await.unwrap();

    randomness.fails(Fails::From(1));
    for _ in ["once", "and again"] {
        assert_eq!(code(store.new_tenant("studio-8".parse().unwrap()).await), "random_unavailable");
        assert_eq!(code(store.rotate_tenant(tenant).await), "random_unavailable");
        assert_eq!(code(store.scope(tenant, other).await), "random_unavailable");
        assert_eq!(code(store.new_scope(tenant, other).await), "random_unavailable");
        assert_eq!(code(store.rotate_scope(tenant, scope).await), "random_unavailable");
        let kept = store.scope(tenant, scope).await.unwrap();
        assert_eq!(kept.seal_record(&world.context(), b"a number").unwrap_err().code(), "random_unavailable");
        assert_eq!(kept.open_record(&world.context(), &sealed).unwrap(), b"a number");
    }
    assert_eq!(format!("{:?}", store.census().await.unwrap()), format!("{before:?}"), "no row is more");

    randomness.fails(Fails::Never);
    store.rotate_tenant(tenant).await.unwrap();
    store.rotate_scope(tenant, scope).await.unwrap();
    store.scope(tenant, other).await.unwrap();

    // Nor does what is dropped from the cache need any.
    randomness.fails(Fails::From(1));
    store.destroy_scope(tenant, scope, DAY).await.unwrap();
    assert_eq!(code(store.scope(tenant, scope).await), "key_destroyed");
    let opened = store.known_scope(tenant, scope).await.unwrap().open_record(&world.context(), &sealed);
    assert_eq!(opened, Err(OpenError::DataKeyDestroyed));
    store.destroy_tenant(tenant, DAY).await.unwrap();
    assert_eq!(code(store.scope(tenant, other).await), "key_destroyed");
    assert!(!randomness.was_felt());

    // Where a key was drawn, and what wraps it was not, nothing that is known is forgotten: the cache needs no row.
    randomness.fails(Fails::Never);
    let world = World::new();
    let store = world.store_of_tenant().await;
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let sealed = keys.seal_record(&world.context(), b"a number").unwrap();
    randomness.fails(Fails::Once(2));
    assert_eq!(code(store.scope(world.tenant, other).await), "random_unavailable");
    world.tamper("DELETE FROM data_key").await;
    let kept = store.scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(kept.open_record(&world.context(), &sealed).unwrap(), b"a number");
    store.forget(world.tenant);
    let anew = store.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(anew.open_record(&world.context(), &sealed), Err(OpenError::UnknownDataKey));
}
