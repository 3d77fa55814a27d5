use core::time::Duration;

use portward::envelope::{DataScope, KeyId, UnwrapKey, WrapKey};
use portward::{Change, Identifier, KeyState, TenantChange, Timestamp};

use sqlx::Row as _;

use crate::database::{Work, record};
use crate::events::{Event, Operation, Subject};
use crate::hex::hex;
use crate::keys::error::KeyStoreError;
use crate::keys::rows::{DataKeyRow, TenantKekRow, TombstoneRow};
use crate::keys::store::KeyStore;

/// What a destruction leaves to do: its tombstones have to go into the feed, and blind indexes of the erased values have to be deleted. After
/// that of a scope, so have objects that carry its data key: the tenant's KEK, which lives on, has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Erasure {
    /// Whose keys.
    pub tenant: Identifier,
    /// The keys that are gone.
    pub keys: Vec<KeyId>,
    /// When no cache and no backup of the key store holds one of them any more, if backups are kept as long as was said and no process
    /// caches for longer than this one.
    pub complete_at: Timestamp,
}

impl Erasure {
    /// What to commit to the feed.
    pub fn changes(&self) -> Vec<Change> {
        self.keys.iter().map(|key| Change::Tenant(self.tenant, TenantChange::Tombstone(*key))).collect()
    }
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// Destroys every data key of a scope, also what of it is loaded. `backups_kept`: how long backups of this store are kept. Done again,
    /// it changes nothing and answers the same.
    ///
    /// On PostgreSQL the wrapped key stays in a dead row until VACUUM, in the write-ahead log and its archive, and in copies that follow:
    /// `backups_kept` has to cover all of these, and `VACUUM` of `portward_keys.tenant_kek` and `portward_keys.data_key` is to be run before it
    /// is over. SQLite overwrites it.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::Row`] for a row that is not believed: reinstate its root, if it is retired;
    /// [`KeyStoreError::Database`].
    pub async fn destroy_scope(
        &self,
        tenant: Identifier,
        scope: &DataScope,
        backups_kept: Duration,
    ) -> Result<Erasure> {
        let mut work = self.shelf.begin().await?;
        let rows = self.shelf.data_key_rows(&mut work, tenant, Some(scope)).await?;
        let event = self.event(Operation::ScopeDestroyed).of(tenant).about(Subject::Scope(scope.clone()));
        self.bury(work, event, tenant, (Vec::new(), rows), backups_kept).await
    }

    /// Destroys one data key that was rotated away: what was sealed under it opens no more, what was sealed since does. The key that a scope
    /// seals with goes with the scope alone, or after [`KeyStore::rotate_scope`].
    ///
    /// # Errors
    /// As [`KeyStore::destroy_scope`]; [`KeyStoreError::WrongState`] for the one that seals.
    pub async fn destroy_data_key(
        &self,
        tenant: Identifier,
        scope: &DataScope,
        key: KeyId,
        backups_kept: Duration,
    ) -> Result<Erasure> {
        let mut work = self.shelf.begin().await?;
        let mut rows = self.shelf.data_key_rows(&mut work, tenant, Some(scope)).await?;
        rows.retain(|row| row.id == key);
        if rows.iter().any(|row| row.state == KeyState::Active) {
            return Err(KeyStoreError::WrongState);
        }
        let event = self.event(Operation::DataKeyDestroyed).of(tenant).about(Subject::Scope(scope.clone()));
        self.bury(work, event.with(hex(key.as_slice())), tenant, (Vec::new(), rows), backups_kept).await
    }

    /// Destroys every KEK and data key of a tenant: nothing of it opens any more.
    ///
    /// # Errors
    /// As [`KeyStore::destroy_scope`].
    pub async fn destroy_tenant(&self, tenant: Identifier, backups_kept: Duration) -> Result<Erasure> {
        let mut work = self.shelf.begin().await?;
        let keks = self.shelf.kek_rows(&mut work, tenant).await?;
        let rows = self.shelf.data_key_rows(&mut work, tenant, None).await?;
        let event = self.event(Operation::TenantDestroyed).of(tenant);
        self.bury(work, event, tenant, (keks, rows), backups_kept).await
    }

    async fn bury(
        &self,
        mut work: Work,
        event: Event,
        tenant: Identifier,
        (keks, rows): (Vec<TenantKekRow>, Vec<DataKeyRow>),
        backups_kept: Duration,
    ) -> Result<Erasure> {
        let shelf = &self.shelf;
        let mut keys: Vec<KeyId> = keks.iter().map(|kek| kek.id).chain(rows.iter().map(|row| row.id)).collect();
        keys.dedup();
        if keys.is_empty() {
            return Err(KeyStoreError::UnknownKey);
        }
        // Also those that a tombstone had already: their rows may say otherwise.
        for kek in keks {
            record::save(&kek.changed(KeyState::Destroyed, shelf.now()), &shelf.keyring, &mut work).await?;
        }
        for row in rows {
            record::save(&row.changed(KeyState::Destroyed, shelf.now()), &shelf.keyring, &mut work).await?;
        }
        for id in &keys {
            record::keep(&TombstoneRow { tenant, id: *id, at: shelf.now() }, &shelf.keyring, &mut work).await?;
        }
        let since = self.buried_since(&mut work, tenant, &keys).await?;
        self.recorder.record(event).await?;
        self.commit(work, tenant).await?;
        shelf.dead.add(tenant, &keys);
        Ok(Erasure { tenant, keys, complete_at: since.saturating_add(backups_kept.max(shelf.lifetime)) })
    }

    /// When the last of the keys was destroyed. What was written is read back: a database that does otherwise than it says makes no erasure.
    async fn buried_since(&self, work: &mut Work, tenant: Identifier, keys: &[KeyId]) -> Result<Timestamp> {
        self.shelf.database.refuse_foreign(work).await?;
        let query = work.query(
            "SELECT id FROM tenant_kek WHERE tenant = $1 AND slot IS NOT NULL UNION ALL SELECT id FROM data_key WHERE tenant = $1 AND slot IS NOT NULL",
        );
        let slots = query.bind(tenant.to_string()).fetch_all(&mut **work).await?;
        let ids =
            slots.iter().map(|slot| slot.try_get::<Vec<u8>, _>(0)).collect::<core::result::Result<Vec<_>, _>>()?;
        let mut since = Timestamp::from_unix(0);
        for key in keys {
            let stone = self.shelf.tombstone(&mut *work, tenant, *key).await?.ok_or(KeyStoreError::Malformed)?;
            since = since.max(stone.at);
        }
        let is_left = ids.iter().any(|id| keys.iter().any(|key| key.as_slice() == id.as_slice()));
        if is_left { Err(KeyStoreError::Malformed) } else { Ok(since) }
    }
}
