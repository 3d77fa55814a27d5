use portward::envelope::{KekError, OpenError, Slot, TenantKek, UnwrapKey, WrapKey};
use portward::{DeploymentId, Identifier, KeyState};

use crate::database::record;
use crate::events::Operation;
use crate::keys::error::KeyStoreError;
use crate::keys::loaded::Purpose;
use crate::keys::rows::{DataKeyRow, TenantKekRow};
use crate::keys::shelf::Shelf;
use crate::keys::store::KeyStore;

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// Makes a tenant's first KEK. A tenant that was destroyed gets a new one only here, because it is asked for.
    ///
    /// # Errors
    /// [`KeyStoreError::Exists`], [`KeyStoreError::Kek`], [`KeyStoreError::Database`].
    pub async fn new_tenant(&self, tenant: Identifier) -> Result<()> {
        let shelf = &self.shelf;
        let row = shelf.wrapped(TenantKek::generate(&shelf.deployment.id, tenant)?).await?;
        let mut work = shelf.begin().await?;
        let rows = shelf.kek_rows(&mut work, tenant).await?;
        if rows.iter().any(|row| row.state == KeyState::Active) {
            return Err(KeyStoreError::Exists);
        }
        // A row that was put back stays destroyed.
        for row in rows.iter().filter(|row| row.state == KeyState::Destroyed) {
            record::save(row, &shelf.keyring, &mut work).await?;
        }
        record::save(&row, &shelf.keyring, &mut work).await?;
        self.recorder.record(self.event(Operation::TenantKekMade).of(tenant)).await?;
        self.commit(work, tenant).await
    }

    /// Makes the next version of a tenant's KEK, and wraps every data key anew under it. What was sealed is not touched; the version
    /// before still opens what carries its key in slots. Returns the new version.
    ///
    /// # Errors
    /// [`KeyStoreError::UnknownKey`], [`KeyStoreError::Kek`], [`KeyStoreError::Contended`], [`KeyStoreError::Database`].
    pub async fn rotate_tenant(&self, tenant: Identifier) -> Result<u32> {
        let shelf = &self.shelf;
        // The new version is wrapped before the transaction begins: the KEK can be far away.
        let (before, keks) = self.heard(tenant, shelf.begin_with_keks(tenant, Purpose::Open).await)?;
        before.rollback().await?;
        let next = keks.active()?.rotate()?.ok_or(KeyStoreError::UnknownKey)?;
        let (next, row) = shelf.wrapped_beside(next).await?;
        let (mut work, keks) = self.heard(tenant, shelf.begin_with_keks(tenant, Purpose::Seal).await)?;
        let old = keks.active_row()?.clone();
        if (old.id, old.version.checked_add(1)) != (row.id, Some(row.version)) {
            return Err(KeyStoreError::Contended);
        }
        record::save(&old.changed(KeyState::VerifyOnly, shelf.now()), &shelf.keyring, &mut work).await?;
        for key in shelf.data_key_rows(&mut work, tenant, None).await? {
            let Some(slot) = &key.slot else { continue };
            let slot = Some(shelf.open_data_key(&key, slot, &keks)?.wrap(&next)?);
            let key = DataKeyRow { slot, revision: key.revision.saturating_add(1), changed: shelf.now(), ..key };
            record::save(&key, &shelf.keyring, &mut work).await?;
        }
        record::save(&row, &shelf.keyring, &mut work).await?;
        let event = self.event(Operation::TenantKekRotated).of(tenant).with(row.version.to_string());
        self.recorder.record(event).await?;
        self.commit(work, tenant).await?;
        Ok(row.version)
    }
}

impl<K: WrapKey + UnwrapKey + 'static> Shelf<K> {
    async fn wrapped(&self, kek: TenantKek) -> Result<TenantKekRow> {
        self.wrapped_beside(kek).await.map(|(_, row)| row)
    }

    /// A new KEK, and its row.
    async fn wrapped_beside(&self, kek: TenantKek) -> Result<(TenantKek, TenantKekRow)> {
        let (deployment, now) = (self.deployment.id, self.now());
        self.with_kek(move |under| {
            let slot = wrap(&deployment, &kek, under)?;
            let row = TenantKekRow::new(*kek.tenant(), &kek, slot, now);
            Ok((kek, row))
        })
        .await
    }
}

/// A slot out of which the key comes again: nothing is kept, or given up, for one that was never looked at.
pub(super) fn wrap(deployment: &DeploymentId, kek: &TenantKek, under: &(impl WrapKey + UnwrapKey)) -> Result<Slot> {
    let slot = kek.wrap(under)?;
    let name = (kek.id(), kek.version());
    match TenantKek::unwrap(deployment, kek.tenant(), name, &slot, Some(kek.check_value()), under) {
        Ok(_) => Ok(slot),
        Err(OpenError::KekUnavailable) => Err(KekError::Unavailable.into()),
        Err(_) => Err(KekError::Refused.into()),
    }
}
