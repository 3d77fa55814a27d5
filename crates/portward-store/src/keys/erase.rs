use core::time::Duration;

use portward::envelope::{DataScope, KeyId, UnwrapKey, WrapKey};
use portward::{Identifier, KeyState, Timestamp};
use sqlx::{Sqlite, Transaction};

use crate::keys::KeyStoreError;
use crate::keys::rows::TombstoneRow;
use crate::keys::store::KeyStore;

/// What a destruction leaves to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Erasure {
    /// Whose keys.
    pub tenant: Identifier,
    /// The keys that are gone. Append a [`Tombstone`](portward::TenantChange::Tombstone) for each to the feed.
    pub keys: Vec<KeyId>,
    /// When the last backup of the key store that holds one of them is gone, if backups are kept as long as was said.
    pub complete_at: Timestamp,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey> KeyStore<K> {
    /// Destroys every data key of a scope. `backups_kept`: how long backups of this store are kept.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::Database`].
    pub async fn destroy_scope(
        &self,
        tenant: Identifier,
        scope: &DataScope,
        now: Timestamp,
        backups_kept: Duration,
    ) -> Result<Erasure> {
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let rows = self.data_keys(&mut work, tenant, Some(scope)).await?;
        if rows.is_empty() {
            return Err(KeyStoreError::UnknownKey);
        }
        let keys = rows.iter().map(|row| row.id).collect();
        for row in rows {
            row.changed(KeyState::Destroyed, now).save(&self.keyring, &mut work).await?;
        }
        self.bury(work, tenant, keys, now, backups_kept).await
    }

    /// Destroys every KEK and data key of a tenant: nothing of it opens any more.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::Database`].
    pub async fn destroy_tenant(&self, tenant: Identifier, now: Timestamp, backups_kept: Duration) -> Result<Erasure> {
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let keks = self.kek_rows(&mut work, tenant).await?;
        if keks.is_empty() {
            return Err(KeyStoreError::UnknownKey);
        }
        let rows = self.data_keys(&mut work, tenant, None).await?;
        let mut keys: Vec<KeyId> = keks.iter().map(|kek| kek.id).chain(rows.iter().map(|row| row.id)).collect();
        keys.dedup();
        for kek in keks {
            kek.changed(KeyState::Destroyed, now).save(&self.keyring, &mut work).await?;
        }
        for row in rows {
            row.changed(KeyState::Destroyed, now).save(&self.keyring, &mut work).await?;
        }
        self.bury(work, tenant, keys, now, backups_kept).await
    }

    async fn bury(
        &self,
        mut work: Transaction<'_, Sqlite>,
        tenant: Identifier,
        keys: Vec<KeyId>,
        now: Timestamp,
        backups_kept: Duration,
    ) -> Result<Erasure> {
        for id in &keys {
            TombstoneRow { tenant, id: *id, at: now }.save(&self.keyring, &mut work).await?;
        }
        work.commit().await?;
        Ok(Erasure { tenant, keys, complete_at: now.saturating_add(backups_kept) })
    }
}
