use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use portward::envelope::{Header, Keep, OpenError, RootKeks, SealError, Usage};
use portward::{KeyState, Keyring};
use portward_store::keys::{KeyStore, Rewrapped};

use crate::world::{ALONE, DAY, Gate, NOW, World, code};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

#[tokio::test]
async fn a_retired_key_opens_again_when_it_is_reinstated() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    let embedded = keys.seal(&world.context(), b"x", Keep::Embedded, ONE).unwrap();
    let id = object[4..20].try_into().unwrap();
    let open = async |object: &[u8]| {
        let keys = store.scope(world.tenant, &world.scope).await.unwrap();
        keys.open(&world.context(), object, ONE).map(|_| ())
    };
    assert_eq!(code(store.retire_key(world.tenant, &world.scope, id).await), "key_state", "it seals");
    assert_eq!(code(store.retire_key(world.tenant, &world.scope, [7; 16]).await), "unknown_key");
    store.rotate_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(open(&object).await, Ok(()), "the control");
    store.retire_key(world.tenant, &world.scope, id).await.unwrap();
    assert_eq!(open(&object).await, Err(OpenError::DataKeyRetired));
    assert_eq!(open(&embedded).await, Err(OpenError::DataKeyRetired));
    assert_eq!(code(store.retire_key(world.tenant, &world.scope, id).await), "key_state");
    store.reinstate_key(world.tenant, &world.scope, id).await.unwrap();
    assert_eq!((open(&object).await, open(&embedded).await), (Ok(()), Ok(())));
    store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    assert_eq!(code(store.reinstate_key(world.tenant, &world.scope, id).await), "key_state");
}

#[tokio::test]
async fn versions_of_a_kek_are_retired_and_a_minimum_only_rises() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let embedded = keys.seal(&world.context(), b"x", Keep::Embedded, ONE).unwrap();
    let detached = keys.seal_record(&world.context(), b"x").unwrap();
    // Not of the store, so that only the slot counts.
    let open = async |object: &[u8]| {
        let keys = store.known_scope(world.tenant, &world.scope).await.unwrap();
        keys.open(&world.context(), object, ONE).map(|_| ())
    };
    assert_eq!(code(store.retire_kek(world.tenant, 1).await), "key_state", "it wraps");
    assert_eq!(code(store.raise_minimum(world.tenant, 2).await), "minimum_version", "there is no second yet");
    assert_eq!(store.rotate_tenant(world.tenant).await.unwrap(), 2);
    assert_eq!(open(&embedded).await, Ok(()), "the control");
    assert_eq!(code(store.retire_kek(world.tenant, 1).await), "key_in_use", "others may still embed under it");
    assert_eq!(code(store.raise_minimum(world.tenant, 2).await), "key_in_use");
    world.clock.pass(Duration::from_secs(300));

    store.retire_kek(world.tenant, 1).await.unwrap();
    assert_eq!(open(&embedded).await, Err(OpenError::NoSlot));
    assert_eq!(open(&detached).await, Ok(()), "its key lies under the new version");
    store.reinstate_kek(world.tenant, 1).await.unwrap();
    assert_eq!(open(&embedded).await, Ok(()));

    store.raise_minimum(world.tenant, 2).await.unwrap();
    assert_eq!(open(&embedded).await, Err(OpenError::NoSlot));
    assert_eq!(code(store.raise_minimum(world.tenant, 1).await), "minimum_version");
    assert_eq!(open(&detached).await, Ok(()));
    let again = world.store().await;
    let keys = again.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(keys.open(&world.context(), &embedded, ONE), Err(OpenError::NoSlot), "it is written");
}

/// A key that cannot be had does not hinder the others of its scope.
#[tokio::test]
async fn one_bad_row_is_one_bad_key() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let seal = async || {
        let keys = store.scope(world.tenant, &world.scope).await.unwrap();
        keys.seal_record(&world.context(), b"x").unwrap()
    };
    let first = seal().await;
    store.rotate_scope(world.tenant, &world.scope).await.unwrap();
    let second = seal().await;
    // An old row of the second key, under the first version of the KEK, is put back when that version does not open any more.
    world.tamper("CREATE TABLE old_keys AS SELECT * FROM data_key WHERE state = 'active'").await;
    store.rotate_scope(world.tenant, &world.scope).await.unwrap();
    store.rotate_tenant(world.tenant).await.unwrap();
    world.clock.pass(Duration::from_secs(300));
    store.raise_minimum(world.tenant, 2).await.unwrap();
    world.tamper("DELETE FROM data_key WHERE state = 'active'").await;
    world
        .tamper(
            "DELETE FROM data_key WHERE id IN (SELECT id FROM old_keys); INSERT INTO data_key SELECT * FROM old_keys",
        )
        .await;
    let store = world.store().await;
    let keys = store.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(keys.open_record(&world.context(), &second), Err(OpenError::NoSlot));
    assert_eq!(keys.open_record(&world.context(), &first).unwrap(), b"x");
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "no_slot", "to seal under it is refused at once");
}

/// An object that carries its key needs no row of it.
#[tokio::test]
async fn an_embedded_key_opens_without_its_row() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let embedded = keys.seal(&world.context(), b"x", Keep::Embedded, ONE).unwrap();
    let detached = keys.seal_record(&world.context(), b"x").unwrap();
    let root = RootKeks::new(&world.keyring);
    let under_root = keys.seal(&world.context(), b"x", Keep::EmbeddedUnder(&[&root]), ONE).unwrap();
    world.tamper("DELETE FROM data_key").await;
    let again = world.store().await.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(again.open(&world.context(), &embedded, ONE).unwrap(), b"x");
    assert_eq!(again.open(&world.context(), &under_root, ONE).unwrap(), b"x", "under the KEK of the tenant's KEK");
    assert_eq!(again.open(&world.context(), &detached, ONE), Err(OpenError::UnknownDataKey));
    assert_eq!(again.seal_record(&world.context(), b"x"), Err(SealError::NoActiveKey));
    let stranger = store.known_scope("stranger".parse().unwrap(), &world.scope).await;
    assert_eq!(code(stranger), "unknown_key");
}

/// Who has looked before there was a key opens what is sealed afterwards: here at once, in another process after a second.
#[tokio::test]
async fn a_key_that_was_made_since_is_found() {
    let world = World::new();
    let (store, other) = (world.store_of_tenant().await, world.store().await);
    for looking in [&store, &other] {
        looking.known_scope(world.tenant, &world.scope).await.unwrap();
    }
    let sealed = store.scope(world.tenant, &world.scope).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let key = Header::parse(&sealed).unwrap().0.data_key();
    let open = async |store: &KeyStore<RootKeks>, key| {
        let keys = store.known_scope_with(world.tenant, &world.scope, key).await.unwrap();
        keys.open_record(&world.context(), &sealed).map(|_| ())
    };
    assert_eq!(open(&store, key).await, Ok(()));
    assert_eq!(open(&other, key).await, Err(OpenError::UnknownDataKey), "not asked for again within a second");
    world.clock.pass(Duration::from_secs(1));
    assert_eq!(open(&other, key).await, Ok(()));
    assert_eq!(open(&other, [7; 16]).await, Ok(()), "a key that nobody knows changes nothing");
    store.rotate_scope(world.tenant, &world.scope).await.unwrap();
    let sealed = store.scope(world.tenant, &world.scope).await.unwrap().seal_record(&world.context(), b"y").unwrap();
    let key = Header::parse(&sealed).unwrap().0.data_key();
    world.clock.pass(Duration::from_secs(1));
    let keys = other.known_scope_with(world.tenant, &world.scope, key).await.unwrap();
    assert_eq!(keys.open_record(&world.context(), &sealed).unwrap(), b"y");
}

#[tokio::test]
async fn what_was_sealed_is_kept_count_of() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let cost = async || {
        let cost = world.bytes("SELECT cost FROM data_key WHERE state = 'active'").await;
        u128::from_be_bytes(cost.try_into().unwrap())
    };
    let part = Usage::of_body(1 << 40).cost();
    store.scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(cost().await, part, "reserved before anything is sealed");
    store.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(cost().await, part, "to open costs nothing");
    let keys = store.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(keys.seal_record(&world.context(), b"x"), Err(SealError::AllowanceSpent), "and seals nothing");
    world.store().await.scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(cost().await, 2 * part, "each process has its own part");

    let large = store.scope_for(world.tenant, &world.scope, 1 << 47).await.unwrap();
    assert!(large.seal_record(&world.context(), b"x").is_ok());
    assert!(!large.needs_rotation());
    assert_eq!(code(store.scope_for(world.tenant, &world.scope, (1 << 47) + 1).await), "body_too_long");
    let before = cost().await;
    assert_eq!(code(store.scope_for(world.tenant, &world.scope, u64::MAX).await), "body_too_long");
    assert_eq!(cost().await, before, "what is refused takes nothing");
    // Each reservation is written and synced: all of them take a minute.
    if std::env::var_os("PORTWARD_LONG").is_some() {
        for _ in 0..2_046 {
            store.scope_for(world.tenant, &world.scope, 1 << 47).await.unwrap();
        }
        assert!(store.scope_for(world.tenant, &world.scope, 1).await.unwrap().needs_rotation());
        assert_eq!(code(store.scope_for(world.tenant, &world.scope, 1 << 47).await), "key_exhausted");
        assert_eq!(code(store.scope_for(world.tenant, &world.scope, 1).await), "ok", "a smaller one still fits");
    }
    store.rotate_scope(world.tenant, &world.scope).await.unwrap();
    assert!(store.scope(world.tenant, &world.scope).await.is_ok(), "a new key has a new budget");
}

/// A new root, everything brought under it, the old one retired: all is there.
/// A slot is committed, and the one before given up, only once the key came out of it again.
#[tokio::test]
async fn what_a_kek_wraps_has_to_unwrap() {
    let world = World::new();
    let gate = Gate::new(&world.keyring);
    let store = world.store_under(&gate).await;
    store.new_tenant(world.tenant).await.unwrap();
    let object = store.scope(world.tenant, &world.scope).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let mut keyring = Keyring::from_json(&world.keyring.to_json(), &world.deployment).unwrap();
    let root = keyring.add(NOW).unwrap();
    keyring.activate(root, NOW.saturating_add(DAY)).unwrap();
    let keyring = Arc::new(keyring);
    let next = Gate::new(&keyring);
    let under_next = world.store_of(&keyring, &next).await;
    for garbled in [1, 2] {
        gate.garbles.store(garbled, Ordering::SeqCst);
        next.garbles.store(garbled, Ordering::SeqCst);
        assert_eq!(code(store.rotate_tenant(world.tenant).await), "kek_refused");
        assert_eq!(code(store.new_tenant("bolt".parse().unwrap()).await), "kek_refused");
        assert_eq!(under_next.rewrap().await.unwrap().failed, [("acme".into(), "kek_refused")]);
        let census = store.census().await.unwrap();
        assert_eq!((census.keks.len(), census.roots.len()), (2, 1), "nothing was written");
        let keys = under_next.known_scope(world.tenant, &world.scope).await.unwrap();
        assert!(keys.open_record(&world.context(), &object).is_ok());
    }
    gate.garbles.store(0, Ordering::SeqCst);
    next.garbles.store(0, Ordering::SeqCst);
    assert_eq!(store.rotate_tenant(world.tenant).await.unwrap(), 2, "the control");
    assert_eq!(under_next.rewrap().await.unwrap().keks, 2, "the control");
    let keys = under_next.known_scope(world.tenant, &world.scope).await.unwrap();
    assert!(keys.open_record(&world.context(), &object).is_ok());
}

#[tokio::test]
async fn everything_goes_under_a_new_root() {
    let mut world = World::new();
    let store = world.store_of_tenant().await;
    let keys = store.scope(world.tenant, &world.scope).await.unwrap();
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    store.scope(world.tenant, &"subject:bob".parse().unwrap()).await.unwrap();
    store.destroy_scope(world.tenant, &"subject:bob".parse().unwrap(), DAY).await.unwrap();
    store.rotate_tenant(world.tenant).await.unwrap();
    world.clock.pass(Duration::from_secs(300));
    store.raise_minimum(world.tenant, 2).await.unwrap();

    let old = world.keyring.roots().next().unwrap().id;
    let mut keyring = Keyring::from_json(&world.keyring.to_json(), &world.deployment).unwrap();
    let next = keyring.add(NOW).unwrap();
    keyring.activate(next, NOW).unwrap();
    world.keyring = Arc::new(keyring);
    let without_old = || {
        let mut keyring = Keyring::from_json(&world.keyring.to_json(), &world.deployment).unwrap();
        keyring.retire(old).unwrap();
        Arc::new(keyring)
    };
    let open = async |keyring| {
        let store =
            KeyStore::open(&world.location(), Arc::clone(&world.deployment), keyring, ALONE, world.options()).await?;
        let keys = store.known_scope(world.tenant, &world.scope).await?;
        Ok(keys.open_record(&world.context(), &object).unwrap())
    };
    assert_eq!(code(open(without_old()).await), "unknown_root", "why it has to be done first");
    let store = world.store().await;
    assert_eq!(
        store.rewrap().await.unwrap(),
        Rewrapped { keks: 2, rows: 4, ..Rewrapped::default() },
        "KEKs; data keys, minimum, tombstone"
    );
    assert_eq!(store.rewrap().await.unwrap(), Rewrapped::default());
    let census = store.census().await.unwrap();
    assert!(
        !census.roots.contains_key(&old.to_bytes()) && census.keks.iter().all(|(kek, _)| kek.id() != old.to_bytes())
    );
    assert_eq!(open(without_old()).await.unwrap(), b"x");
    assert!(world.keyring.roots().any(|root| root.state == KeyState::VerifyOnly));
}
