use crate::world::{ALONE, DAY, Follow, World, code};

#[tokio::test]
async fn a_row_that_was_changed_is_not_believed() {
    let view = Follow::new(&World::new()).cell().load();
    for sql in [
        "UPDATE data_key SET state = 'retired'",
        "UPDATE data_key SET scope = 'subject:mallory'",
        "UPDATE data_key SET tenant = 'bolt'",
        "UPDATE data_key SET slot = NULL",
        "UPDATE data_key SET cost = randomblob(16)",
        "UPDATE data_key SET created = created + 1",
        "UPDATE data_key SET revision = revision + 1",
        "UPDATE data_key SET mac = zeroblob(32)",
        "UPDATE tenant_kek SET state = 'verify_only'",
        "UPDATE tenant_kek SET version = 2",
        "UPDATE tenant_kek SET \"check\" = zeroblob(8)",
        "UPDATE tenant_kek SET changed = changed - 1",
    ] {
        let world = World::new();
        let store = world.store().await;
        store.new_tenant(world.tenant).await.unwrap();
        store.scope(world.tenant, &world.scope).await.unwrap();
        let checked = store.check(&view).await.unwrap();
        assert_eq!((checked.rows, checked.bad.len()), (2, 0), "the control");
        world.tamper(sql).await;
        let checked = store.check(&view).await.unwrap();
        assert_eq!((checked.rows, checked.bad.len(), checked.bad[0].2), (1, 1, "row_forged"), "{sql}");
    }
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    world.tamper("UPDATE tenant_kek SET root = zeroblob(4)").await;
    assert_eq!(store.check(&view).await.unwrap().bad, [("tenant_kek", "acme".into(), "unknown_root")]);
    let elsewhere = World::new();
    let wrong = elsewhere.open(&world.location(), ALONE, elsewhere.options()).await.unwrap();
    assert_eq!(wrong.check(&view).await.unwrap().bad[0].2, "unknown_root", "another deployment's keyring");
}

/// Somebody who can write the database puts an old row back, whose MAC is good.
#[tokio::test]
async fn a_row_that_is_put_back_stays_destroyed() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant).await.unwrap();
    store.scope(world.tenant, &world.scope).await.unwrap();
    world.tamper("CREATE TABLE old_keys AS SELECT * FROM data_key").await;
    world.tamper("CREATE TABLE old_keks AS SELECT * FROM tenant_kek").await;
    store.destroy_scope(world.tenant, &world.scope, DAY).await.unwrap();
    world
        .tamper(
            "DELETE FROM data_key WHERE id IN (SELECT id FROM old_keys); INSERT INTO data_key SELECT * FROM old_keys",
        )
        .await;
    assert_eq!(code(store.scope(world.tenant, &world.scope).await), "key_destroyed");
    assert_eq!(code(store.rotate_scope(world.tenant, &world.scope).await), "key_destroyed");
    assert_eq!(code(store.rotate_tenant(world.tenant).await), "ok", "the control: the tenant lives");

    store.destroy_tenant(world.tenant, DAY).await.unwrap();
    world.tamper("DELETE FROM tenant_kek WHERE (id, version) IN (SELECT id, version FROM old_keks); INSERT INTO tenant_kek SELECT * FROM old_keks").await;
    assert_eq!(code(store.rotate_tenant(world.tenant).await), "unknown_key");
    assert_eq!(code(store.scope(world.tenant, &"subject:bob".parse().unwrap()).await), "unknown_key");
    store.new_tenant(world.tenant).await.unwrap();
    let census = store.census().await.unwrap();
    assert_eq!(census.keks.values().sum::<u64>(), 1, "only the new beginning is wrapped under anything");
    assert!(census.roots.values().sum::<u64>() >= 5, "and destroyed rows are kept");
}

/// What somebody plants for one tenant stops neither another's rewrapping nor the look at its rows.
#[tokio::test]
async fn a_planted_row_hinders_nobody_else() {
    let world = World::new();
    let store = world.store_of_tenant().await;
    store.new_tenant("bolt".parse().unwrap()).await.unwrap();
    world.tamper("INSERT INTO key_tombstone VALUES ('acme', zeroblob(16), 1, zeroblob(4), zeroblob(32))").await;
    world.tamper("INSERT INTO key_tombstone VALUES ('\u{1b} ', zeroblob(16), 1, zeroblob(4), zeroblob(32))").await;
    let rewrapped = store.rewrap().await.unwrap();
    let failed: Vec<_> = rewrapped.failed.iter().map(|(tenant, code)| (tenant.as_str(), *code)).collect();
    assert_eq!(failed, [("\u{1b} ", "key_store_malformed"), ("acme", "unknown_root")]);
    let checked = store.check(&Follow::new(&world).cell().load()).await.unwrap();
    assert_eq!((checked.rows, checked.bad.len(), checked.missing.len()), (2, 2, 0));
}
