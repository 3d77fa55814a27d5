//! Rows as they are to be taken: believed, of who was asked for, and destroyed where there is a tombstone.

use std::collections::HashSet;

use portward::Identifier;
use portward::envelope::{DataScope, KeyId, UnwrapKey, WrapKey};
use sqlx::SqliteConnection;

use crate::keys::error::KeyStoreError;
use crate::keys::rows::{DataKeyRow, MinimumRow, TenantKekRow, TombstoneRow};
use crate::keys::shelf::Shelf;

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> Shelf<K> {
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
    pub(super) async fn data_key_rows(
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

    pub(super) async fn minimum_row(
        &self,
        work: &mut SqliteConnection,
        tenant: Identifier,
        id: KeyId,
    ) -> Result<Option<MinimumRow>> {
        let query = sqlx::query("SELECT * FROM tenant_minimum WHERE tenant = ? AND id = ?");
        let row = query.bind(tenant.to_string()).bind(id.as_slice()).fetch_optional(work).await?;
        let Some(row) = row else { return Ok(None) };
        let row = MinimumRow::read(&row, &self.keyring)?;
        if row.tenant == tenant && row.id == id { Ok(Some(row)) } else { Err(KeyStoreError::Malformed) }
    }

    /// Those of the store and those of the view.
    pub(super) async fn tombstones(&self, work: &mut SqliteConnection, tenant: Identifier) -> Result<HashSet<KeyId>> {
        let rows = self.tombstone_rows(work, tenant).await?;
        let mut dead: HashSet<KeyId> = rows.iter().map(|row| row.id).collect();
        if let Some(view) = &self.view {
            dead.extend(view.load().tombstones(&tenant));
        }
        Ok(dead)
    }

    pub(super) async fn tombstone_rows(
        &self,
        work: &mut SqliteConnection,
        tenant: Identifier,
    ) -> Result<Vec<TombstoneRow>> {
        let query = sqlx::query("SELECT * FROM key_tombstone WHERE tenant = ?").bind(tenant.to_string());
        let rows = query.fetch_all(work).await?;
        rows.iter()
            .map(|row| {
                let row = TombstoneRow::read(row, &self.keyring)?;
                if row.tenant == tenant { Ok(row) } else { Err(KeyStoreError::Malformed) }
            })
            .collect()
    }
}
