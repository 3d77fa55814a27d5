//! Keys in the clear, out of their rows.

use std::sync::Arc;

use portward::envelope::{DataKey, DataScope, OpenError, ScopeKeys, Slot, TenantKek, TenantKeks, UnwrapKey, WrapKey};
use portward::{Identifier, KeyState};

use crate::database::Work;
use crate::keys::error::KeyStoreError;
use crate::keys::loaded::{LoadedKeks, Purpose};
use crate::keys::rows::{DataKeyRow, TenantKekRow};
use crate::keys::shelf::Shelf;

type Result<T> = core::result::Result<T, KeyStoreError>;

/// How often a change by others may come in between.
const ATTEMPTS: usize = 5;

impl<K: WrapKey + UnwrapKey + 'static> Shelf<K> {
    /// A transaction, and a tenant's KEKs, which in it are those that were loaded. They are loaded outside of it: their KEK can be far away.
    pub(super) async fn begin_with_keks(
        self: &Arc<Self>,
        tenant: Identifier,
        purpose: Purpose,
    ) -> Result<(Work, Arc<LoadedKeks>)> {
        for _ in 0..ATTEMPTS {
            let keks = self.tenant_keks(tenant).await?;
            let mut work = match purpose {
                Purpose::Open => self.database.begin_reading().await?,
                Purpose::Seal => self.begin().await?,
            };
            if self.is_as_loaded(&mut work, tenant, &keks).await? {
                return Ok((work, keks));
            }
            self.keks.forget(tenant);
        }
        Err(KeyStoreError::Contended)
    }

    async fn is_as_loaded(&self, work: &mut Work, tenant: Identifier, keks: &LoadedKeks) -> Result<bool> {
        let rows = self.kek_rows(work, tenant).await?;
        Ok(rows == keks.rows && self.minimum(work, tenant, &rows).await? == keks.minimum)
    }

    async fn tenant_keks(self: &Arc<Self>, tenant: Identifier) -> Result<Arc<LoadedKeks>> {
        let load = || {
            let shelf = Arc::clone(self);
            Box::pin(async move { shelf.load_keks(tenant).await })
        };
        self.keks.get_fresh(&tenant, load).await
    }

    async fn load_keks(&self, tenant: Identifier) -> Result<LoadedKeks> {
        let since = self.clock.now().steady;
        let mut reading = self.database.begin_reading().await?;
        let rows = self.kek_rows(&mut reading, tenant).await?;
        let minimum = self.minimum(&mut reading, tenant, &rows).await?;
        let dead = Arc::new(self.tombstones(&mut reading, tenant).await?);
        reading.rollback().await?;
        let opens = |row: &&TenantKekRow| {
            matches!(row.state, KeyState::Active | KeyState::VerifyOnly) && row.version >= minimum
        };
        let opening: Vec<TenantKekRow> = rows.iter().filter(opens).cloned().collect();
        let deployment = self.deployment.id;
        let unwrap = move |kek: &K| -> Result<Vec<(TenantKek, KeyState)>> {
            let keks = opening.iter().map(|row| {
                let slot = row.slot.as_ref().ok_or(KeyStoreError::Destroyed)?;
                let name = (row.id, row.version);
                let kek = TenantKek::unwrap(&deployment, &row.tenant, name, slot, Some(row.check), kek)?;
                Ok((kek, row.state))
            });
            keks.collect()
        };
        let keks = Arc::new(TenantKeks::new(self.with_kek(unwrap).await?, minimum));
        Ok(LoadedKeks { keks, rows, minimum, dead, since })
    }

    /// Of the KEK that is active; what is of an older beginning is destroyed.
    async fn minimum(&self, work: &mut Work, tenant: Identifier, rows: &[TenantKekRow]) -> Result<u32> {
        let Some(active) = rows.iter().find(|row| row.state == KeyState::Active) else { return Ok(1) };
        Ok(self.minimum_row(work, tenant, active.id).await?.map_or(1, |row| row.minimum))
    }

    /// What the rows of a scope give.
    pub(super) fn scope_keys(
        &self,
        keks: &LoadedKeks,
        rows: &[DataKeyRow],
        (tenant, scope): (Identifier, &DataScope),
    ) -> Result<ScopeKeys> {
        let mut keys = ScopeKeys::new(&self.deployment, tenant, scope.clone());
        for row in rows {
            keys = match self.openable(row, keks) {
                Ok(key) => keys.with_data_key(Arc::new(key), row.state),
                Err(OpenError::KekUnavailable) => return Err(OpenError::KekUnavailable.into()),
                Err(why) => keys.with_closed_data_key(row.id, why),
            };
        }
        // Also what an object carries under the KEK itself.
        let kek: Arc<dyn UnwrapKey> = Arc::<K>::clone(&self.kek);
        let keys = keys.with_tenant_keks(Arc::clone(&keks.keks)).with_keks(kek);
        let keys = keys.with_tombstones(Arc::clone(&keks.dead));
        let keys = keys.with_later_tombstones(Arc::clone(&self.dead));
        Ok(match &self.view {
            Some(view) => keys.with_view(Arc::clone(view)),
            None => keys,
        })
    }

    fn openable(&self, row: &DataKeyRow, keks: &LoadedKeks) -> core::result::Result<DataKey, OpenError> {
        match (row.state, &row.slot) {
            (KeyState::Active | KeyState::VerifyOnly, Some(slot)) => self.open_data_key(row, slot, keks),
            (KeyState::Retired, _) => Err(OpenError::DataKeyRetired),
            _ => Err(OpenError::DataKeyDestroyed),
        }
    }

    /// Seals nothing before it is allowed to.
    pub(super) fn open_data_key(
        &self,
        row: &DataKeyRow,
        slot: &Slot,
        keks: &LoadedKeks,
    ) -> core::result::Result<DataKey, OpenError> {
        let (tenant, scope) = (row.tenant, row.scope.clone());
        let key = DataKey::unwrap(&self.deployment.id, tenant, scope, row.id, slot, Some(row.check), &*keks.keks)?;
        key.allow(row.used, row.used);
        Ok(key)
    }
}
