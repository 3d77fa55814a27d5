//! Who may do what.

use portward::envelope::OpenError;
use portward_store::keys::KeyStoreOptions;

use crate::place::{at, server};
use crate::world::{ALONE, World, code};

/// A role that may use the tables and make none.
#[tokio::test]
async fn a_role_that_makes_nothing_is_enough_once_all_is_made() {
    let world = World::new();
    let (database, role) = (&world.place.database, format!("app_{}", world.place.database));
    world.place.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'app'; REVOKE ALL ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO {role}")).await;
    let location = at(&server().url_as(database, &role, "app"));
    let open = async |initialise| world.open(&location, ALONE, KeyStoreOptions { initialise, ..world.options() }).await;
    assert_eq!(code(open(false).await), "store_uninitialised");
    assert_eq!(code(open(true).await), "store_denied", "it has no right to");
    world.store().await;
    world.place.sql(&format!("GRANT USAGE ON SCHEMA portward_keys TO {role}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA portward_keys TO {role}")).await;
    for initialise in [false, true] {
        let store = open(initialise).await.unwrap();
        if !initialise {
            store.new_tenant(world.tenant).await.unwrap();
        }
        let keys = store.scope(world.tenant, &world.scope).await.unwrap();
        assert!(keys.seal_record(&world.context(), b"x").is_ok());
        store.rotate_tenant(world.tenant).await.unwrap();
    }
    let store = open(false).await.unwrap();
    let day = crate::world::DAY;
    assert_eq!(store.destroy_tenant(world.tenant, day).await.unwrap().keys.len(), 2);
}

/// What can only be read opens what was sealed, and seals nothing.
#[tokio::test]
async fn what_can_only_be_read_opens_and_seals_nothing() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    let object = store.scope(world.tenant, &world.scope).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    world.place.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", world.place.database)).await;
    let reading = world.store().await;
    assert_eq!(code(reading.scope(world.tenant, &world.scope).await), "store_read_only");
    assert_eq!(code(reading.destroy_tenant(world.tenant, crate::world::DAY).await), "store_read_only");
    let known = reading.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(known.open_record(&world.context(), &object).unwrap(), b"x");
    let other = reading.known_scope(world.tenant, &"subject:bob".parse().unwrap()).await.unwrap();
    assert_eq!(other.open_record(&world.context(), &object), Err(OpenError::UnknownDataKey), "the control");
}
