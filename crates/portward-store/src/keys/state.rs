//! What opens: retiring, reinstating, and the lowest version that is taken.

use portward::envelope::{DataScope, KeyId, UnwrapKey, WrapKey};
use portward::{Identifier, KeyState};

use crate::database::record;
use crate::events::{Operation, Subject};
use crate::hex::hex;
use crate::keys::error::KeyStoreError;
use crate::keys::loaded::Purpose;
use crate::keys::rows::{MinimumRow, TenantKekRow};
use crate::keys::store::KeyStore;

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// Lets a data key that was rotated away open nothing more; it is kept.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::WrongState`] for one that seals, is retired or destroyed.
    pub async fn retire_key(&self, tenant: Identifier, scope: &DataScope, key: KeyId) -> Result<()> {
        self.move_key(tenant, scope, key, [KeyState::VerifyOnly, KeyState::Retired]).await
    }

    /// Lets a retired data key open again.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::WrongState`].
    pub async fn reinstate_key(&self, tenant: Identifier, scope: &DataScope, key: KeyId) -> Result<()> {
        self.move_key(tenant, scope, key, [KeyState::Retired, KeyState::VerifyOnly]).await
    }

    /// Lets a version of a tenant's KEK that was rotated away unwrap nothing more; it is kept. Rewrap objects that carry their key
    /// under it first: they do not open then.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::WrongState`]; [`KeyStoreError::InUse`] while data keys of this store lie under it, and
    /// for one lifetime after it was rotated away.
    pub async fn retire_kek(&self, tenant: Identifier, version: u32) -> Result<()> {
        self.move_kek(tenant, version, [KeyState::VerifyOnly, KeyState::Retired]).await
    }

    /// Lets a retired version of a tenant's KEK unwrap again.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::WrongState`].
    pub async fn reinstate_kek(&self, tenant: Identifier, version: u32) -> Result<()> {
        self.move_kek(tenant, version, [KeyState::Retired, KeyState::VerifyOnly]).await
    }

    /// Lets no version of a tenant's KEK below this one unwrap anything, also not one whose old row is put back. It does not sink again, but
    /// for who can delete its row. Rewrap objects that carry their key first: below the minimum they do not open, nor are they rewrapped.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::Minimum`]; [`KeyStoreError::InUse`] while data keys of this store lie under a lower one, and for one
    /// lifetime after the rotation, in which another process may still embed under the version before.
    pub async fn raise_minimum(&self, tenant: Identifier, minimum: u32) -> Result<()> {
        let shelf = &self.shelf;
        let (mut work, keks) = self.heard(tenant, shelf.begin_with_keks(tenant, Purpose::Seal).await)?;
        let active = keks.active_row()?;
        let row = shelf.minimum_row(&mut work, tenant, active.id).await?;
        let (present, revision) = row.map_or((1, 0), |row| (row.minimum, row.revision));
        if !(present..=active.version).contains(&minimum) {
            return Err(KeyStoreError::Minimum);
        }
        let data_keys = shelf.data_key_rows(&mut work, tenant, None).await?;
        let mut slots = data_keys.iter().filter_map(|row| row.slot.as_ref());
        let is_young = self.is_young(active);
        if slots.any(|slot| slot.kek().version() < minimum) || is_young && minimum > present {
            return Err(KeyStoreError::InUse);
        }
        let row = MinimumRow { tenant, id: active.id, minimum, revision: revision.saturating_add(1) };
        record::save(&row, &shelf.keyring, &mut work).await?;
        let event = self.event(Operation::MinimumRaised).of(tenant).with(minimum.to_string());
        self.recorder.record(event).await?;
        self.commit(work, tenant).await
    }

    async fn move_key(
        &self,
        tenant: Identifier,
        scope: &DataScope,
        key: KeyId,
        [from, to]: [KeyState; 2],
    ) -> Result<()> {
        let shelf = &self.shelf;
        let mut work = shelf.begin().await?;
        let rows = shelf.data_key_rows(&mut work, tenant, Some(scope)).await?;
        let row = rows.into_iter().find(|row| row.id == key).ok_or(KeyStoreError::UnknownKey)?;
        if row.state != from {
            return Err(KeyStoreError::WrongState);
        }
        record::save(&row.changed(to, shelf.now()), &shelf.keyring, &mut work).await?;
        let operation = if to == KeyState::Retired { Operation::DataKeyRetired } else { Operation::DataKeyReinstated };
        let event = self.event(operation).of(tenant).about(Subject::Scope(scope.clone())).with(hex(key.as_slice()));
        self.recorder.record(event).await?;
        self.commit(work, tenant).await
    }

    async fn move_kek(&self, tenant: Identifier, version: u32, [from, to]: [KeyState; 2]) -> Result<()> {
        let shelf = &self.shelf;
        let mut work = shelf.begin().await?;
        let rows = shelf.kek_rows(&mut work, tenant).await?;
        let active = rows.iter().find(|row| row.state == KeyState::Active).ok_or(KeyStoreError::UnknownKey)?;
        let is_it = |row: &&TenantKekRow| (active.id, version) == (row.id, row.version);
        let row = rows.iter().find(is_it).ok_or(KeyStoreError::UnknownKey)?;
        if row.state != from {
            return Err(KeyStoreError::WrongState);
        }
        let data_keys = shelf.data_key_rows(&mut work, tenant, None).await?;
        let mut slots = data_keys.iter().filter_map(|row| row.slot.as_ref());
        if to == KeyState::Retired && (slots.any(|slot| slot.kek().version() == version) || self.is_young(active)) {
            return Err(KeyStoreError::InUse);
        }
        record::save(&row.clone().changed(to, shelf.now()), &shelf.keyring, &mut work).await?;
        let operation =
            if to == KeyState::Retired { Operation::TenantKekRetired } else { Operation::TenantKekReinstated };
        self.recorder.record(self.event(operation).of(tenant).with(version.to_string())).await?;
        self.commit(work, tenant).await
    }

    /// Another process may still hold the version before.
    fn is_young(&self, active: &TenantKekRow) -> bool {
        self.shelf.now() < active.created.saturating_add(self.shelf.lifetime)
    }
}
