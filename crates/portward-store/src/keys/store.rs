use std::collections::HashSet;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portward::envelope::{
    DataKey, DataScope, KekError, KeyId, RootKeks, ScopeKeys, TenantKek, TenantKeks, UnwrapKey, WrapKey,
};
use portward::{Deployment, Identifier, KeyState, Keyring, Timestamp, ViewCell};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};

use crate::keys::KeyStoreError;
use crate::keys::rows::{DataKeyRow, TenantKekRow, TombstoneRow};

/// Keeps the wrapped keys of tenants: makes them, rotates them, and destroys them for good.
///
/// It holds no key in the clear. Back it up apart from the data, and keep its backups for a shorter time: an erasure is complete when
/// the last backup with the key is gone.
pub struct KeyStore<K> {
    pub(super) pool: SqlitePool,
    deployment: Arc<Deployment>,
    pub(super) keyring: Arc<Keyring>,
    pub(super) kek: Arc<K>,
    view: Option<Arc<ViewCell>>,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl KeyStore<RootKeks> {
    /// Opens the database, and makes it if it is not there. Tenant KEKs lie under the keyring.
    ///
    /// # Errors
    /// [`KeyStoreError::Database`].
    pub async fn open(path: &Path, deployment: Arc<Deployment>, keyring: Arc<Keyring>) -> Result<Self> {
        let kek = Arc::new(RootKeks::new(&keyring));
        Self::open_under(path, deployment, keyring, kek).await
    }
}

impl<K: WrapKey + UnwrapKey> KeyStore<K> {
    /// The same, with tenant KEKs under another KEK, such as one in a token.
    ///
    /// # Errors
    /// [`KeyStoreError::Database`].
    pub async fn open_under(
        path: &Path,
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        kek: Arc<K>,
    ) -> Result<Self> {
        if keyring.deployment() != deployment.id {
            return Err(KeyStoreError::DeploymentsDiffer);
        }
        create_private(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            // A write-ahead log would keep the slots of keys that were destroyed.
            .journal_mode(SqliteJournalMode::Delete)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        sqlx::migrate!("migrations/keys").run(&pool).await.map_err(sqlx::Error::from)?;
        Ok(Self { pool, deployment, keyring, kek, view: None })
    }

    /// With a view whose tombstones count as the store's own: what a restored backup has forgotten.
    #[must_use]
    pub fn with_view(self, view: Arc<ViewCell>) -> Self {
        Self { view: Some(view), ..self }
    }

    /// Makes a tenant's first KEK. A tenant that was destroyed gets a new one only here, because it is asked for.
    ///
    /// # Errors
    /// [`KeyStoreError::Exists`], [`KeyStoreError::Kek`], [`KeyStoreError::Database`].
    pub async fn new_tenant(&self, tenant: Identifier, now: Timestamp) -> Result<()> {
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let rows = self.kek_rows(&mut work, tenant).await?;
        if rows.iter().any(|row| row.state == KeyState::Active) {
            return Err(KeyStoreError::Exists);
        }
        // A row that was put back stays destroyed.
        for row in rows.iter().filter(|row| row.state == KeyState::Destroyed) {
            row.save(&self.keyring, &mut work).await?;
        }
        self.add_kek(&mut work, tenant, TenantKek::generate(&self.deployment.id)?, now).await?;
        Ok(work.commit().await?)
    }

    /// Makes the next version of a tenant's KEK, and wraps every data key anew under it. What was sealed is not touched; the version
    /// before still opens what carries its key in slots.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::Kek`], [`KeyStoreError::Database`].
    pub async fn rotate_tenant(&self, tenant: Identifier, now: Timestamp) -> Result<u32> {
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let old = self.active_kek(&mut work, tenant).await?.ok_or(KeyStoreError::UnknownKey)?;
        let opened = self.open_kek(&old)?;
        let next = opened.rotate(&self.deployment.id)?.ok_or(KeyStoreError::UnknownKey)?;
        let version = next.version();
        old.changed(KeyState::VerifyOnly, now).save(&self.keyring, &mut work).await?;
        let keks = self.tenant_keks(&mut work, tenant).await?;
        for row in self.data_keys(&mut work, tenant, None).await? {
            let Some(slot) = &row.slot else { continue };
            let key = self.open_data_key(&row, slot, &keks)?;
            let slot = Some(key.wrap(&next)?);
            let row = DataKeyRow { slot, revision: row.revision.saturating_add(1), changed: now, ..row };
            row.save(&self.keyring, &mut work).await?;
        }
        self.add_kek(&mut work, tenant, next, now).await?;
        work.commit().await?;
        Ok(version)
    }

    /// The keys of a scope, ready to seal and open. Makes a data key if the scope never had one.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`] for a tenant without a KEK; [`KeyStoreError::Destroyed`]; and as the others.
    pub async fn scope(&self, tenant: Identifier, scope: &DataScope, now: Timestamp) -> Result<ScopeKeys> {
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let rows = self.data_keys(&mut work, tenant, Some(scope)).await?;
        if rows.iter().all(|row| row.state != KeyState::Active) {
            refuse_destroyed(&rows)?;
            let kek = self.active_kek(&mut work, tenant).await?.ok_or(KeyStoreError::UnknownKey)?;
            self.add_data_key(&mut work, tenant, scope, &self.open_kek(&kek)?, now).await?;
        }
        let keys = self.scope_keys(&mut work, tenant, scope).await?;
        work.commit().await?;
        Ok(keys)
    }

    /// The keys that a scope has, to open what was sealed. Makes none.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`] for a scope that never had a key; and as the others.
    pub async fn known_scope(&self, tenant: Identifier, scope: &DataScope) -> Result<ScopeKeys> {
        let mut work = self.pool.begin().await?;
        if self.data_keys(&mut work, tenant, Some(scope)).await?.is_empty() {
            return Err(KeyStoreError::UnknownKey);
        }
        self.scope_keys(&mut work, tenant, scope).await
    }

    /// Makes a new data key for what is sealed from now on; the one before still opens.
    ///
    /// # Errors
    /// As [`KeyStore::scope`].
    pub async fn rotate_scope(&self, tenant: Identifier, scope: &DataScope, now: Timestamp) -> Result<()> {
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let rows = self.data_keys(&mut work, tenant, Some(scope)).await?;
        refuse_destroyed(&rows)?;
        let active = rows.into_iter().find(|row| row.state == KeyState::Active).ok_or(KeyStoreError::UnknownKey)?;
        active.changed(KeyState::VerifyOnly, now).save(&self.keyring, &mut work).await?;
        let kek = self.active_kek(&mut work, tenant).await?.ok_or(KeyStoreError::UnknownKey)?;
        self.add_data_key(&mut work, tenant, scope, &self.open_kek(&kek)?, now).await?;
        Ok(work.commit().await?)
    }

    async fn add_kek(
        &self,
        work: &mut SqliteConnection,
        tenant: Identifier,
        kek: TenantKek,
        now: Timestamp,
    ) -> Result<()> {
        let slot = kek.wrap(&self.deployment.id, &tenant, &*self.kek)?;
        TenantKekRow::new(tenant, &kek, slot, now).save(&self.keyring, work).await
    }

    async fn add_data_key(
        &self,
        work: &mut SqliteConnection,
        tenant: Identifier,
        scope: &DataScope,
        kek: &TenantKek,
        now: Timestamp,
    ) -> Result<()> {
        let key = DataKey::generate(&self.deployment.id, tenant, scope.clone())?;
        let slot = key.wrap(kek)?;
        DataKeyRow::new(&key, slot, now).save(&self.keyring, work).await
    }

    async fn scope_keys(
        &self,
        work: &mut SqliteConnection,
        tenant: Identifier,
        scope: &DataScope,
    ) -> Result<ScopeKeys> {
        let keks = self.tenant_keks(work, tenant).await?;
        let mut keys = ScopeKeys::new(&self.deployment, tenant, scope.clone());
        for row in self.data_keys(work, tenant, Some(scope)).await? {
            keys = match &row.slot {
                Some(slot) => keys.with_data_key(Arc::new(self.open_data_key(&row, slot, &keks)?), row.state),
                None => keys.with_tombstones([row.id]),
            };
        }
        let keys = keys.with_keks(Arc::new(keks)).with_tombstones(self.tombstones(work, tenant).await?);
        Ok(match &self.view {
            Some(view) => keys.with_view(Arc::clone(view)),
            None => keys,
        })
    }

    fn open_data_key(&self, row: &DataKeyRow, slot: &portward::envelope::Slot, keks: &TenantKeks) -> Result<DataKey> {
        let (tenant, scope) = (row.tenant, row.scope.clone());
        Ok(DataKey::unwrap(&self.deployment.id, tenant, scope, row.id, slot, Some(row.check), keks)?)
    }

    fn open_kek(&self, row: &TenantKekRow) -> Result<TenantKek> {
        let slot = row.slot.as_ref().ok_or(KeyStoreError::Destroyed)?;
        let name = (row.id, row.version);
        let opened = TenantKek::unwrap(&self.deployment.id, &row.tenant, name, slot, Some(row.check), &*self.kek);
        opened.map_err(|error: KekError| error.into())
    }

    async fn active_kek(&self, work: &mut SqliteConnection, tenant: Identifier) -> Result<Option<TenantKekRow>> {
        let rows = self.kek_rows(work, tenant).await?;
        Ok(rows.into_iter().find(|row| row.state == KeyState::Active))
    }

    async fn tenant_keks(&self, work: &mut SqliteConnection, tenant: Identifier) -> Result<TenantKeks> {
        let mut keks = Vec::new();
        for row in self.kek_rows(work, tenant).await?.into_iter().filter(|row| row.slot.is_some()) {
            keks.push((self.open_kek(&row)?, row.state));
        }
        Ok(TenantKeks::new(keks, 1))
    }

    /// The versions of a tenant's KEK. One under a tombstone is destroyed, whatever its row says.
    pub(super) async fn kek_rows(&self, work: &mut SqliteConnection, tenant: Identifier) -> Result<Vec<TenantKekRow>> {
        let query =
            sqlx::query("SELECT * FROM tenant_kek WHERE tenant = ? ORDER BY id, version").bind(tenant.to_string());
        let rows = query.fetch_all(&mut *work).await?;
        let dead = self.tombstones(work, tenant).await?;
        rows.iter()
            .map(|row| {
                let row = TenantKekRow::read(row, &self.keyring)?;
                let row = if row.tenant == tenant { row } else { return Err(KeyStoreError::Malformed) };
                Ok(if dead.contains(&row.id) { row.buried() } else { row })
            })
            .collect()
    }

    /// The data keys of a tenant, or of one scope of it. One under a tombstone, or whose KEK is, is destroyed, whatever its row says.
    pub(super) async fn data_keys(
        &self,
        work: &mut SqliteConnection,
        tenant: Identifier,
        scope: Option<&DataScope>,
    ) -> Result<Vec<DataKeyRow>> {
        let sql = "SELECT * FROM data_key WHERE tenant = ?1 AND (?2 IS NULL OR scope = ?2) ORDER BY scope, id";
        let query = sqlx::query(sql).bind(tenant.to_string()).bind(scope.map(DataScope::as_str));
        let rows = query.fetch_all(&mut *work).await?;
        let dead = self.tombstones(work, tenant).await?;
        rows.iter()
            .map(|row| {
                let row = DataKeyRow::read(row, &self.keyring)?;
                if row.tenant != tenant || scope.is_some_and(|scope| *scope != row.scope) {
                    return Err(KeyStoreError::Malformed);
                }
                let kek = row.slot.as_ref().and_then(|slot| slot.kek().id().try_into().ok());
                let is_dead = dead.contains(&row.id) || kek.is_some_and(|kek: KeyId| dead.contains(&kek));
                Ok(if is_dead { row.buried() } else { row })
            })
            .collect()
    }

    async fn tombstones(&self, work: &mut SqliteConnection, tenant: Identifier) -> Result<HashSet<KeyId>> {
        let query = sqlx::query("SELECT * FROM key_tombstone WHERE tenant = ?").bind(tenant.to_string());
        let mut dead = HashSet::new();
        for row in query.fetch_all(work).await? {
            dead.insert(TombstoneRow::read(&row, &self.keyring)?.id);
        }
        if let Some(view) = &self.view {
            dead.extend(view.load().tombstones(&tenant));
        }
        Ok(dead)
    }
}

/// Nothing is made where something was destroyed.
fn refuse_destroyed(rows: &[DataKeyRow]) -> Result<()> {
    let destroyed = rows.iter().any(|row| row.state == KeyState::Destroyed);
    if destroyed { Err(KeyStoreError::Destroyed) } else { Ok(()) }
}

/// Others may neither read it nor what the database puts beside it.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}
