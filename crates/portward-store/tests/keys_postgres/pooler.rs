//! Behind a pooler of transactions.

use std::sync::Arc;

use portward_test_servers::PgBouncer;

use crate::place::{at, server};
use crate::world::{ALONE, DAY, World, code};

/// Each transaction may be on another connection: nothing that is set outlives it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_may_stand_between() {
    let world = World::new();
    let Some(pooler) = PgBouncer::start(server()).unwrap() else { return };
    let location = at(&format!("{}?statement-cache-capacity=0", pooler.url(&world.place.database)));
    let store = Arc::new(world.open(&location, ALONE, world.options()).await.unwrap());
    store.new_tenant(world.tenant).await.unwrap();
    let object = store.scope(world.tenant, &world.scope).await.unwrap().seal_record(&world.context(), b"x").unwrap();
    let ask = |number: usize| {
        let (store, tenant) = (Arc::clone(&store), world.tenant);
        let scope = format!("subject:{}", number % 7).parse().unwrap();
        tokio::spawn(async move { code(store.scope_for(tenant, &scope, 1).await) })
    };
    let asked: Vec<_> = (0..60).map(ask).collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), "ok");
    }
    assert_eq!(store.rotate_tenant(world.tenant).await.unwrap(), 2);
    let again = world.open(&location, ALONE, world.options()).await.unwrap();
    let known = again.known_scope(world.tenant, &world.scope).await.unwrap();
    assert_eq!(known.open_record(&world.context(), &object).unwrap(), b"x");
    assert_eq!(again.destroy_tenant(world.tenant, DAY).await.unwrap().keys.len(), 9);
    assert_eq!(world.place.sql("SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").await, "0");
    assert_eq!(pooler.sql(&world.place.database, "SHOW search_path").unwrap(), "\"$user\", public");
}
