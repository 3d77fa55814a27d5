//! Rows as they are to be taken: believed, of who was asked for, and destroyed where there is a tombstone.

use std::collections::HashSet;
use std::sync::Arc;

use portward::envelope::{DataScope, KeyId, UnwrapKey, WrapKey};
use portward::{Identifier, ViewCell};
use sqlx::any::AnyRow;

use crate::database::{Work, record};
use crate::keys::error::KeyStoreError;
use crate::keys::rows::{DataKeyRow, MinimumRow, TenantKekRow, TombstoneRow};
use crate::keys::shelf::Shelf;

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> Shelf<K> {
    /// The versions of a tenant's KEK. One under a tombstone is destroyed, whatever its row says.
    pub(super) async fn kek_rows(&self, work: &mut Work, tenant: Identifier) -> Result<Vec<TenantKekRow>> {
        let query =
            work.query("SELECT * FROM tenant_kek WHERE tenant = $1 ORDER BY id, version").bind(tenant.to_string());
        let mut rows = Vec::new();
        for row in query.fetch_all(&mut **work).await? {
            let row = record::read::<TenantKekRow>(&row, &self.keyring)?;
            let row = if row.tenant == tenant { row } else { return Err(KeyStoreError::Malformed) };
            rows.push(if self.is_dead(work, tenant, row.id).await? { row.buried() } else { row });
        }
        Ok(rows)
    }

    /// The data keys of a tenant, or of one scope of it. One under a tombstone, or whose KEK is, is destroyed, whatever its row says.
    pub(super) async fn data_key_rows(
        &self,
        work: &mut Work,
        tenant: Identifier,
        scope: Option<&DataScope>,
    ) -> Result<Vec<DataKeyRow>> {
        let sql =
            "SELECT * FROM data_key WHERE tenant = $1 AND (CAST($2 AS TEXT) IS NULL OR scope = $2) ORDER BY scope, id";
        let query = work.query(sql).bind(tenant.to_string()).bind(scope.map(DataScope::as_str));
        let mut rows = Vec::new();
        for row in query.fetch_all(&mut **work).await? {
            let row = record::read::<DataKeyRow>(&row, &self.keyring)?;
            if row.tenant != tenant || scope.is_some_and(|scope| *scope != row.scope) {
                return Err(KeyStoreError::Malformed);
            }
            let kek: Option<KeyId> = row.slot.as_ref().and_then(|slot| slot.kek().id().try_into().ok());
            let mut is_dead = self.is_dead(work, tenant, row.id).await?;
            if let Some(kek) = kek.filter(|_| !is_dead) {
                is_dead = self.is_dead(work, tenant, kek).await?;
            }
            rows.push(if is_dead { row.buried() } else { row });
        }
        Ok(rows)
    }

    pub(super) async fn minimum_row(
        &self,
        work: &mut Work,
        tenant: Identifier,
        id: KeyId,
    ) -> Result<Option<MinimumRow>> {
        let query = work.query("SELECT * FROM tenant_minimum WHERE tenant = $1 AND id = $2");
        let row = query.bind(tenant.to_string()).bind(id.as_slice()).fetch_optional(&mut **work).await?;
        let Some(row) = row else { return Ok(None) };
        let row = record::read::<MinimumRow>(&row, &self.keyring)?;
        if row.tenant == tenant && row.id == id { Ok(Some(row)) } else { Err(KeyStoreError::Malformed) }
    }

    /// Whether the store or the view has a tombstone of a key.
    async fn is_dead(&self, work: &mut Work, tenant: Identifier, key: KeyId) -> Result<bool> {
        let seen = |view: &Arc<ViewCell>| view.load().is_tombstoned(&tenant, key);
        Ok(self.view.as_ref().is_some_and(seen) || self.tombstone(work, tenant, key).await?.is_some())
    }

    /// A key's own tombstone row. However many there are, one is looked for.
    pub(super) async fn tombstone(
        &self,
        work: &mut Work,
        tenant: Identifier,
        key: KeyId,
    ) -> Result<Option<TombstoneRow>> {
        let query = work.query("SELECT * FROM key_tombstone WHERE tenant = $1 AND id = $2");
        let row = query.bind(tenant.to_string()).bind(key.as_slice()).fetch_optional(&mut **work).await?;
        row.map(|row| self.believed(&row, tenant)).transpose()
    }

    /// All of a tenant's.
    pub(super) async fn tombstones(&self, work: &mut Work, tenant: Identifier) -> Result<HashSet<KeyId>> {
        let query = work.query("SELECT * FROM key_tombstone WHERE tenant = $1").bind(tenant.to_string());
        let rows = query.fetch_all(&mut **work).await?;
        rows.iter().map(|row| self.believed(row, tenant).map(|row| row.id)).collect()
    }

    fn believed(&self, row: &AnyRow, tenant: Identifier) -> Result<TombstoneRow> {
        let row = record::read::<TombstoneRow>(row, &self.keyring)?;
        if row.tenant == tenant { Ok(row) } else { Err(KeyStoreError::Malformed) }
    }
}
