use std::io::{Read as _, Write as _};
use std::num::NonZeroUsize;

use portward::envelope::{Keep, OpenError, ScopeKeys, SealError};
use portward::{Change, TenantChange};
use portward_store::keys::Feed;

use crate::world::{ALONE, DAY, Follow, NOW, World, code};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

#[tokio::test]
async fn a_destroyed_scope_does_not_come_back() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    let copy = world.place.backup().await;

    let erasure = store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    assert_eq!((erasure.keys.len(), erasure.complete_at), (1, NOW.saturating_add(DAY)));
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "key_destroyed", "get-or-create does not");
    assert_eq!(code(store.rotate_scope(world.tenant, &world.scope).await), "key_destroyed");
    assert!(store.scope(world.tenant, &"subject:bob".parse().unwrap()).await.is_ok(), "the control: others live");

    // Not after the backup is put back either, as long as a view shows the tombstone.
    let unaware = world.open(&copy, ALONE, world.options()).await.unwrap();
    let loaded = unaware.scope(world.tenant, &world.scope).await.unwrap();
    assert!(loaded.open_record(&world.context(), &object).is_ok(), "why the view is needed");
    let mut feed = Follow::new(&world);
    feed.publish(erasure.changes());
    let aware = world.open(&copy, Feed::View(feed.cell()), world.options()).await.unwrap();
    assert_eq!(code(aware.scope(world.tenant, &world.scope).await), "key_destroyed");
    assert_eq!(code(aware.rotate_scope(world.tenant, &world.scope).await), "key_destroyed");
    let known = aware.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(known.open_record(&world.context(), &object), Err(OpenError::DataKeyDestroyed));
    assert_eq!(known.seal_record(&world.context(), b"x"), Err(SealError::NoActiveKey));
}

/// What was loaded before, and what is half done, ends with the destruction; done again, it answers the same.
#[tokio::test]
async fn a_destruction_reaches_what_is_loaded() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let others = store.scope(world.tenant, &"subject:bob".parse().unwrap()).await.unwrap();
    let seal = |keys: &ScopeKeys| keys.seal(&world.context(), &[7; 100_000], Keep::Detached, ONE).unwrap();
    let (object, theirs) = (seal(&keys), seal(&others));
    let begun = [(&keys, &object), (&others, &theirs)].map(|(keys, object)| {
        let mut reader = keys.reader(&world.context(), &object[..], ONE).unwrap();
        reader.read_exact(&mut [0; 10]).unwrap();
        (reader, keys.writer(&world.context(), Keep::Detached, Vec::new(), ONE).unwrap())
    });
    let erasure = store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    let go_on = begun.map(|(mut reader, mut writer)| {
        (reader.read_to_end(&mut Vec::new()).is_ok(), writer.write_all(&[7; 100_000]).is_ok())
    });
    assert_eq!(go_on, [(false, false), (true, true)]);
    assert_eq!(keys.open(&world.context(), &object, ONE), Err(OpenError::DataKeyDestroyed));
    assert!(others.open(&world.context(), &theirs, ONE).is_ok());
    world.clock.pass(DAY);
    assert_eq!(store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap(), erasure);
}

/// Destroyed, and killed before the feed had it.
#[tokio::test]
async fn tombstones_that_the_feed_misses_are_found() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    store.scope(world.tenant, &world.scope).await.unwrap();
    let mut feed = Follow::new(&world);
    let missing = async |feed: &Follow| store.check(&feed.cell().load()).await.unwrap().missing;
    assert_eq!(missing(&feed).await, []);
    let erasure = store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    assert_eq!(missing(&feed).await, erasure.changes());
    feed.publish(erasure.changes());
    assert_eq!(missing(&feed).await, []);
}

#[tokio::test]
async fn a_destroyed_tenant_takes_everything_along() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let detached = keys.seal_record(&world.context(), b"x").unwrap();
    let erasure = store.destroy_tenant(world.tenant, DAY).await.unwrap();
    assert_eq!(erasure.keys.len(), 2, "a KEK and a data key");
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "key_destroyed");
    assert_eq!(code(store.rotate_tenant(world.tenant).await), "unknown_key");

    store.new_tenant(world.tenant).await.unwrap();
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "key_destroyed", "the scope stays destroyed");
    let fresh = store.scope(world.tenant, &"subject:cleo".parse().unwrap()).await.unwrap();
    assert_eq!(fresh.open_record(&world.context(), &detached), Err(OpenError::DataKeyDestroyed));
    assert!(fresh.seal(&world.context(), b"x", Keep::Detached, ONE).is_ok(), "a new beginning, asked for by name");
}

/// A KEK that dies in the feed takes along what was loaded from under it.
#[tokio::test]
async fn a_tombstone_of_the_kek_reaches_keys_that_are_loaded() {
    let world = World::new();
    let mut feed = Follow::new(&world);
    let store = world.store_that_follows(&feed).await;
    store.new_tenant(world.tenant).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    assert!(keys.open_record(&world.context(), &object).is_ok(), "the control");
    let census = store.census().await.unwrap();
    let kek: [u8; 16] = census.keks.keys().find_map(|kek| kek.id().try_into().ok()).unwrap();
    feed.publish(vec![Change::Tenant(world.tenant, TenantChange::Tombstone(kek))]);
    assert_eq!(keys.open_record(&world.context(), &object), Err(OpenError::DataKeyDestroyed));
    assert_eq!(keys.seal_record(&world.context(), b"x"), Err(SealError::NoActiveKey));
    assert_eq!(code(store.scope(world.tenant, &"subject:bob".parse().unwrap()).await), "unknown_key");
}

/// One data key goes by itself, once another one seals; get-or-create goes on with that, and makes none in the place of the other.
#[tokio::test]
async fn one_data_key_is_destroyed_by_itself() {
    let world = World::new();
    let mut feed = Follow::new(&world);
    let store = world.store_that_follows(&feed).await;
    store.new_tenant(world.tenant).await.unwrap();
    let (tenant, scope) = (world.tenant, &world.scope);
    let seal = async || {
        let object = store.scope(tenant, scope).await.unwrap().seal_record(&world.context(), b"x").unwrap();
        let id = portward::envelope::Header::parse(&object).unwrap().0.data_key();
        (object, id)
    };
    let (old, old_id) = seal().await;
    assert_eq!(code(store.destroy_data_key(tenant, scope, old_id, DAY).await), "key_state", "it seals");
    store.rotate_scope(tenant, scope).await.unwrap();
    let (new, new_id) = seal().await;
    assert_ne!(old_id, new_id);
    let held = store.scope(tenant, scope).await.unwrap();
    assert!(held.open_record(&world.context(), &old).is_ok(), "the control");
    assert_eq!(code(store.destroy_data_key(tenant, scope, [7; 16], DAY).await), "unknown_key");
    let bob = "subject:bob".parse().unwrap();
    assert_eq!(code(store.destroy_data_key(tenant, &bob, old_id, DAY).await), "unknown_key", "of another scope");
    let copy = world.place.backup().await;

    let erasure = store.destroy_data_key(tenant, scope, old_id, DAY).await.unwrap();
    assert_eq!((&erasure.keys[..], erasure.complete_at), (&[old_id][..], NOW.saturating_add(DAY)));
    let keys = store.scope(tenant, scope).await.unwrap();
    for keys in [&held, &keys] {
        assert_eq!(keys.open_record(&world.context(), &old), Err(OpenError::DataKeyDestroyed));
        assert!(keys.open_record(&world.context(), &new).is_ok(), "the other one lives");
    }
    assert_eq!(seal().await.1, new_id, "get-or-create gives the one that seals");
    store.rotate_scope(tenant, scope).await.unwrap();
    assert_ne!(seal().await.1, new_id, "and it is rotated");
    world.clock.pass(DAY);
    assert_eq!(store.destroy_data_key(tenant, scope, old_id, DAY).await.unwrap(), erasure);

    // A backup that is put back has it, and its view has not.
    feed.publish(erasure.changes());
    let aware = world.open(&copy, Feed::View(feed.cell()), world.options()).await.unwrap();
    let keys = aware.scope(tenant, scope).await.unwrap();
    assert_eq!(keys.open_record(&world.context(), &old), Err(OpenError::DataKeyDestroyed));
    assert!(keys.open_record(&world.context(), &new).is_ok());
}

/// A copy from before the destruction, put in the store's place: nothing opens by it, and a rewrapping takes the slots out.
#[tokio::test]
async fn what_a_copy_that_is_put_back_has_is_buried() {
    let world = World::new();
    let mut feed = Follow::new(&world);
    let store = world.store_that_follows(&feed).await;
    let (tenant, gone) = (world.tenant, "gone".parse().unwrap());
    let [bob, bea] = ["subject:bob", "subject:bea"].map(|scope| scope.parse().unwrap());
    for tenant in [tenant, gone] {
        store.new_tenant(tenant).await.unwrap();
        store.scope(tenant, &world.scope).await.unwrap();
        store.scope(tenant, &bob).await.unwrap();
    }
    let object = store.scope(tenant, &bea).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let before = store.scope(tenant, &bob).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let id = portward::envelope::Header::parse(&before).unwrap().0.data_key();
    store.rotate_scope(tenant, &bob).await.unwrap();
    let after = store.scope(tenant, &bob).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let copy = world.place.backup().await;
    feed.publish(store.destroy_data_key(tenant, &bob, id, DAY).await.unwrap().changes());
    feed.publish(store.destroy_scope(tenant, &world.scope, DAY).await.unwrap().changes());
    feed.publish(store.destroy_tenant(gone, DAY).await.unwrap().changes());
    let view = feed.cell().load();
    assert_eq!(store.check(&view).await.unwrap().put_back, [], "the control");
    assert_eq!(store.rewrap().await.unwrap().buried, 0, "the control");

    let aware = world.open(&copy, Feed::View(feed.cell()), world.options()).await.unwrap();
    let slots = async || aware.census().await.unwrap().keks.values().sum::<u64>();
    let put_back = aware.check(&view).await.unwrap().put_back;
    assert_eq!((put_back.len(), put_back.contains(&(tenant, id))), (5, true), "a key, a scope; a KEK and its two keys");
    assert_eq!(slots().await, 8);
    let done = aware.rewrap().await.unwrap();
    assert_eq!((done.buried, done.failed, slots().await), (5, vec![], 3), "of acme: the KEK, bob's and bea's key");
    let checked = aware.check(&view).await.unwrap();
    assert_eq!((checked.put_back, checked.bad, checked.missing), (vec![], vec![], vec![]));
    assert_eq!(aware.rewrap().await.unwrap().buried, 0);

    // Now also for who has no view.
    let unaware = world.open(&copy, ALONE, world.options()).await.unwrap();
    assert_eq!(code(unaware.scope(tenant, &world.scope).await), "key_destroyed");
    assert_eq!(code(unaware.scope(gone, &bob).await), "key_destroyed");
    let keys = unaware.scope(tenant, &bob).await.unwrap();
    assert_eq!(keys.open_record(&world.context(), &before), Err(OpenError::DataKeyDestroyed));
    assert!(keys.open_record(&world.context(), &after).is_ok(), "what lives is left alone");
    assert!(unaware.scope(tenant, &bea).await.unwrap().open_record(&world.context(), &object).is_ok());
}

/// The key in a row that is not believed is real.
#[tokio::test]
async fn a_row_that_is_not_believed_is_stripped() {
    let world = World::new();
    let mut feed = Follow::new(&world);
    let store = world.store_that_follows(&feed).await;
    store.new_tenant(world.tenant).await.unwrap();
    for scope in ["subject:anna", "subject:bob"] {
        let keys = store.scope(world.tenant, &scope.parse().unwrap()).await.unwrap();
        let object = keys.seal_record(&world.context(), b"x").unwrap();
        let id = portward::envelope::Header::parse(&object).unwrap().0.data_key();
        if scope == "subject:anna" {
            feed.publish(vec![Change::Tenant(world.tenant, TenantChange::Tombstone(id))]);
        }
    }
    world.tamper("UPDATE data_key SET created = created + 1").await;
    let checked = store.check(&feed.cell().load()).await.unwrap();
    assert_eq!((checked.put_back.len(), checked.bad.len()), (1, 2));
    assert_eq!(store.rewrap().await.unwrap().buried, 1);
    let checked = store.check(&feed.cell().load()).await.unwrap();
    assert_eq!((checked.put_back.len(), checked.bad.len()), (0, 2), "nor is it believed now");
    let left = world.bytes("SELECT slot FROM data_key WHERE slot IS NOT NULL AND scope = 'subject:bob'").await;
    assert!(!left.is_empty(), "nobody destroyed the other one");
}

#[tokio::test]
async fn a_destroyed_scope_begins_anew_only_by_name() {
    let world = World::new();
    let mut feed = Follow::new(&world);
    let store = world.store_that_follows(&feed).await;
    let (tenant, scope) = (world.tenant, &world.scope);
    assert_eq!(code(store.new_scope(tenant, scope).await), "unknown_key", "the tenant comes first");
    store.new_tenant(tenant).await.unwrap();
    store.new_scope(tenant, scope).await.unwrap();
    assert_eq!(code(store.new_scope(tenant, scope).await), "key_exists");
    let old = store.scope(tenant, scope).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let copy = world.place.backup().await;
    let erasure = store.destroy_scope(tenant, scope, DAY).await.unwrap();
    feed.publish(erasure.changes());
    assert_eq!(code(store.scope(tenant, scope).await), "key_destroyed");

    // Also where the row says that it lives.
    let put_back = world.open(&copy, Feed::View(feed.cell()), world.options()).await.unwrap();
    for store in [&store, &put_back] {
        store.new_scope(tenant, scope).await.unwrap();
        let keys = store.scope(tenant, scope).await.unwrap();
        let new = keys.seal_record(&world.context(), b"x").unwrap();
        assert!(keys.open_record(&world.context(), &new).is_ok(), "a new beginning");
        assert_eq!(keys.open_record(&world.context(), &old), Err(OpenError::DataKeyDestroyed));
        assert_eq!(code(store.new_scope(tenant, scope).await), "key_exists");
    }
    let unaware = world.open(&copy, ALONE, world.options()).await.unwrap();
    let keys = unaware.known_scope(tenant, scope).await.unwrap();
    assert_eq!(keys.open_record(&world.context(), &old), Err(OpenError::DataKeyDestroyed), "its row is buried, too");
}
