//! The key store on a real database.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portward::envelope::{Context, DataScope, Keep, OpenError, RootKeks, SealError};
use portward::{
    Authority, Change, Deployment, Follower, Identifier, Incarnation, Keyring, RowError, Scope, Steady, TenantChange,
    Timestamp, Vocabulary,
};
use portward_store::keys::{KeyStore, KeyStoreError};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_unix(1_770_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const ONE: NonZeroUsize = NonZeroUsize::MIN;

struct World {
    folder: TempDir,
    deployment: Arc<Deployment>,
    keyring: Arc<Keyring>,
    tenant: Identifier,
    scope: DataScope,
}

impl World {
    fn new() -> Self {
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, NOW).unwrap());
        let (tenant, scope) = ("acme".parse().unwrap(), "subject:anna".parse().unwrap());
        Self { folder: tempfile::tempdir().unwrap(), deployment, keyring, tenant, scope }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keys.db")
    }

    async fn store(&self) -> KeyStore<RootKeks> {
        KeyStore::open(&self.path(), Arc::clone(&self.deployment), Arc::clone(&self.keyring)).await.unwrap()
    }

    fn context(&self) -> Context {
        Context::new(&self.tenant, "clients.phone", "7").unwrap()
    }

    /// What somebody does who can write the database and holds no key.
    async fn tamper(&self, sql: &'static str) {
        let url = format!("sqlite://{}", self.path().display());
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let changed = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
        assert!(changed > 0 || sql.starts_with("CREATE"), "{sql}");
        pool.close().await;
    }
}

fn code<T>(result: Result<T, KeyStoreError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

#[tokio::test]
async fn keys_outlive_the_process() {
    let world = World::new();
    let store = world.store().await;
    assert_eq!(code(store.scope(world.tenant, &world.scope, NOW).await), "unknown_key", "a tenant is made by name");
    store.new_tenant(world.tenant, NOW).await.unwrap();
    assert_eq!(code(store.new_tenant(world.tenant, NOW).await), "key_exists");
    let object =
        store.scope(world.tenant, &world.scope, NOW).await.unwrap().seal_record(&world.context(), b"030").unwrap();
    drop(store);

    let again = world.store().await;
    let keys = again.scope(world.tenant, &world.scope, NOW).await.unwrap();
    assert_eq!(keys.open_record(&world.context(), &object).unwrap(), b"030");
    let other = again.scope(world.tenant, &"subject:bob".parse().unwrap(), NOW).await.unwrap();
    assert_eq!(other.open_record(&world.context(), &object), Err(OpenError::UnknownDataKey));
}

#[tokio::test]
async fn many_at_once_make_one_key() {
    let world = Arc::new(World::new());
    let store = Arc::new(world.store().await);
    store.new_tenant(world.tenant, NOW).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (world, store) = (Arc::clone(&world), Arc::clone(&store));
            tokio::spawn(async move {
                let keys = store.scope(world.tenant, &world.scope, NOW).await.unwrap();
                keys.seal_record(&world.context(), b"x").unwrap()
            })
        })
        .collect();
    let keys = store.scope(world.tenant, &world.scope, NOW).await.unwrap();
    for task in tasks {
        assert!(keys.open_record(&world.context(), &task.await.unwrap()).is_ok(), "all sealed under the one key");
    }
}

#[tokio::test]
async fn rotation_opens_the_old_and_seals_the_new() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant, NOW).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope, NOW).await.unwrap();
    let old = keys.seal_record(&world.context(), b"old").unwrap();
    assert_eq!(store.rotate_tenant(world.tenant, NOW).await.unwrap(), 2);
    store.rotate_scope(world.tenant, &world.scope, NOW).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope, NOW).await.unwrap();
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
async fn a_destroyed_scope_does_not_come_back() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant, NOW).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope, NOW).await.unwrap();
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    let copy = world.folder.path().join("backup.db");
    sqlx::query("VACUUM INTO ?")
        .bind(copy.to_str().unwrap())
        .execute(&sqlx::SqlitePool::connect(&format!("sqlite://{}", world.path().display())).await.unwrap())
        .await
        .unwrap();

    let erasure = store.destroy_scope(world.tenant, &world.scope, NOW, DAY).await.unwrap();
    assert_eq!((erasure.keys.len(), erasure.complete_at), (1, NOW.saturating_add(DAY)));
    assert_eq!(code(store.scope(world.tenant, &world.scope, NOW).await), "key_destroyed", "get-or-create does not");
    assert_eq!(code(store.rotate_scope(world.tenant, &world.scope, NOW).await), "key_destroyed");
    assert!(store.scope(world.tenant, &"subject:bob".parse().unwrap(), NOW).await.is_ok(), "the control: others live");

    // Not after the backup is put back either, as long as a view shows the tombstone.
    let restored = KeyStore::open(&copy, Arc::clone(&world.deployment), Arc::clone(&world.keyring)).await.unwrap();
    let unaware = restored.scope(world.tenant, &world.scope, NOW).await.unwrap();
    assert!(unaware.open_record(&world.context(), &object).is_ok(), "why the view is needed");
    let mut authority = Authority::new(Arc::clone(&world.keyring), Incarnation::generate(NOW, None).unwrap()).unwrap();
    let buried = erasure.keys.iter().map(|key| Change::Tenant(world.tenant, TenantChange::Tombstone(*key)));
    authority.commit(buried.collect()).unwrap();
    let mut follower = Follower::new(Arc::clone(&world.keyring), Scope::ALL, DAY, None).unwrap();
    let challenge = follower.request(Steady::from_millis(1)).unwrap();
    follower.accept(&authority.answer(&Scope::ALL, None, challenge).unwrap(), NOW).unwrap();
    let loaded = restored.scope(world.tenant, &world.scope, NOW).await.unwrap().with_view(follower.cell());
    assert_eq!(loaded.open_record(&world.context(), &object), Err(OpenError::DataKeyDestroyed));
    assert_eq!(loaded.seal_record(&world.context(), b"x"), Err(SealError::NoActiveKey));
    let aware = restored.with_view(follower.cell());
    assert_eq!(code(aware.scope(world.tenant, &world.scope, NOW).await), "key_destroyed");
    assert_eq!(code(aware.rotate_scope(world.tenant, &world.scope, NOW).await), "key_destroyed");
}

#[tokio::test]
async fn a_destroyed_tenant_takes_everything_along() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant, NOW).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope, NOW).await.unwrap();
    let detached = keys.seal_record(&world.context(), b"x").unwrap();
    let erasure = store.destroy_tenant(world.tenant, NOW, DAY).await.unwrap();
    assert_eq!(erasure.keys.len(), 2, "a KEK and a data key");
    assert_eq!(code(store.scope(world.tenant, &world.scope, NOW).await), "key_destroyed");
    assert_eq!(code(store.rotate_tenant(world.tenant, NOW).await), "unknown_key");

    store.new_tenant(world.tenant, NOW).await.unwrap();
    assert_eq!(code(store.scope(world.tenant, &world.scope, NOW).await), "key_destroyed", "the scope stays destroyed");
    let fresh = store.scope(world.tenant, &"subject:cleo".parse().unwrap(), NOW).await.unwrap();
    assert_eq!(fresh.open_record(&world.context(), &detached), Err(OpenError::DataKeyDestroyed));
    assert!(fresh.seal(&world.context(), b"x", Keep::Detached, ONE).is_ok(), "a new beginning, asked for by name");
}

#[tokio::test]
async fn a_row_that_was_changed_is_not_believed() {
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
        store.new_tenant(world.tenant, NOW).await.unwrap();
        store.scope(world.tenant, &world.scope, NOW).await.unwrap();
        assert_eq!(code(store.census().await), "ok", "the control");
        world.tamper(sql).await;
        assert!(matches!(store.census().await, Err(KeyStoreError::Row(RowError::Forged))), "{sql}");
    }
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant, NOW).await.unwrap();
    world.tamper("UPDATE tenant_kek SET root = zeroblob(4)").await;
    assert_eq!(code(store.census().await), "unknown_root");
    let elsewhere = World::new();
    let wrong = KeyStore::open(&world.path(), elsewhere.deployment, elsewhere.keyring).await.unwrap();
    assert_eq!(code(wrong.census().await), "unknown_root", "another deployment's keyring");
}

/// No key is in the file, nor is what was destroyed.
#[tokio::test]
async fn what_is_destroyed_is_not_in_the_file() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant, NOW).await.unwrap();
    store.scope(world.tenant, &world.scope, NOW).await.unwrap();
    let url = format!("sqlite://{}", world.path().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let (slot,): (Vec<u8>,) = sqlx::query_as("SELECT slot FROM data_key").fetch_one(&pool).await.unwrap();
    let is_in_files = |needle: &[u8]| {
        let files = std::fs::read_dir(world.folder.path()).unwrap();
        files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    };
    assert!(is_in_files(&slot), "the control");
    store.destroy_scope(world.tenant, &world.scope, NOW, DAY).await.unwrap();
    assert!(!is_in_files(&slot));
}

/// Somebody who can write the database puts an old row back, whose MAC is good.
#[tokio::test]
async fn a_row_that_is_put_back_stays_destroyed() {
    let world = World::new();
    let store = world.store().await;
    store.new_tenant(world.tenant, NOW).await.unwrap();
    store.scope(world.tenant, &world.scope, NOW).await.unwrap();
    world.tamper("CREATE TABLE old_keys AS SELECT * FROM data_key").await;
    world.tamper("CREATE TABLE old_keks AS SELECT * FROM tenant_kek").await;
    store.destroy_scope(world.tenant, &world.scope, NOW, DAY).await.unwrap();
    world.tamper("INSERT OR REPLACE INTO data_key SELECT * FROM old_keys").await;
    assert_eq!(code(store.scope(world.tenant, &world.scope, NOW).await), "key_destroyed");
    assert_eq!(code(store.rotate_scope(world.tenant, &world.scope, NOW).await), "key_destroyed");
    assert_eq!(code(store.rotate_tenant(world.tenant, NOW).await), "ok", "the control: the tenant lives");

    store.destroy_tenant(world.tenant, NOW, DAY).await.unwrap();
    world.tamper("INSERT OR REPLACE INTO tenant_kek SELECT * FROM old_keks").await;
    assert_eq!(code(store.rotate_tenant(world.tenant, NOW).await), "unknown_key");
    assert_eq!(code(store.scope(world.tenant, &"subject:bob".parse().unwrap(), NOW).await), "unknown_key");
    store.new_tenant(world.tenant, NOW).await.unwrap();
    let census = store.census().await.unwrap();
    assert_eq!(census.keks.values().sum::<u64>(), 1, "only the new beginning is wrapped under anything");
    assert!(census.roots.values().sum::<u64>() >= 5, "and destroyed rows are kept");
}

/// A KEK that dies in the feed takes along what was loaded from under it.
#[tokio::test]
async fn a_tombstone_of_the_kek_reaches_keys_that_are_loaded() {
    let world = World::new();
    let mut authority = Authority::new(Arc::clone(&world.keyring), Incarnation::generate(NOW, None).unwrap()).unwrap();
    let mut follower = Follower::new(Arc::clone(&world.keyring), Scope::ALL, DAY, None).unwrap();
    let store = world.store().await.with_view(follower.cell());
    store.new_tenant(world.tenant, NOW).await.unwrap();
    let keys = store.scope(world.tenant, &world.scope, NOW).await.unwrap();
    let object = keys.seal_record(&world.context(), b"x").unwrap();
    assert!(keys.open_record(&world.context(), &object).is_ok(), "the control");
    let census = store.census().await.unwrap();
    let kek: [u8; 16] = census.keks.keys().find_map(|kek| kek.id().try_into().ok()).unwrap();
    authority.commit(vec![Change::Tenant(world.tenant, TenantChange::Tombstone(kek))]).unwrap();
    let challenge = follower.request(Steady::from_millis(1)).unwrap();
    follower.accept(&authority.answer(&Scope::ALL, None, challenge).unwrap(), NOW).unwrap();
    assert_eq!(keys.open_record(&world.context(), &object), Err(OpenError::DataKeyDestroyed));
    assert_eq!(keys.seal_record(&world.context(), b"x"), Err(SealError::NoActiveKey));
    assert_eq!(code(store.scope(world.tenant, &"subject:bob".parse().unwrap(), NOW).await), "unknown_key");
}

#[tokio::test]
async fn parts_of_two_deployments_do_not_work_together() {
    let (here, there) = (World::new(), World::new());
    let mixed = KeyStore::open(&here.path(), Arc::clone(&here.deployment), Arc::clone(&there.keyring)).await;
    assert_eq!(code(mixed), "deployments_differ");
}
