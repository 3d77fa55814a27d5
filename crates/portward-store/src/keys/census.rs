use std::collections::BTreeMap;

use portward::Change;
use portward::envelope::{KekName, Slot, UnwrapKey, WrapKey};
use portward::{RevocationView, TenantChange};

use crate::keys::error::KeyStoreError;
use crate::keys::rows::{DataKeyRow, MinimumRow, TenantKekRow, TombstoneRow};
use crate::keys::store::KeyStore;

/// How many keys lie under what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// Wrapped keys under each KEK.
    pub keks: BTreeMap<KekName, u64>,
    /// Rows under each root, by its id.
    pub roots: BTreeMap<[u8; 4], u64>,
}

/// What was found when every row was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Rows, each as it was written.
    pub rows: u64,
    /// Tombstones that the feed lacks: those of a destruction that was interrupted before it had them. Commit them.
    pub missing: Vec<Change>,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// What lies under which KEK and root, as it is written: rows are counted that nobody could believe, too, such as those under a root
    /// that is retired.
    ///
    /// # Errors
    /// [`KeyStoreError::Malformed`], [`KeyStoreError::Database`].
    pub async fn census(&self) -> Result<Census> {
        let mut reading = self.shelf.pool.begin().await?;
        let mut census = Census::default();
        let slots = "SELECT slot FROM tenant_kek WHERE slot IS NOT NULL UNION ALL SELECT slot FROM data_key WHERE slot IS NOT NULL";
        for (slot,) in sqlx::query_as::<_, (Vec<u8>,)>(slots).fetch_all(&mut *reading).await? {
            let slot = Slot::from_bytes(&slot).ok_or(KeyStoreError::Malformed)?;
            let known = census.keks.entry(slot.kek().clone()).or_default();
            *known = known.saturating_add(1);
        }
        let roots = "SELECT root, count(*) FROM (SELECT root FROM tenant_kek UNION ALL SELECT root FROM data_key UNION ALL SELECT root FROM key_tombstone UNION ALL SELECT root FROM tenant_minimum) GROUP BY root";
        for (root, count) in sqlx::query_as::<_, (Vec<u8>, i64)>(roots).fetch_all(&mut *reading).await? {
            let root = root.try_into().map_err(|_| KeyStoreError::Malformed)?;
            census.roots.insert(root, u64::try_from(count).map_err(|_| KeyStoreError::Malformed)?);
        }
        Ok(census)
    }

    /// Looks at every row, and for tombstones that the view does not show.
    ///
    /// # Errors
    /// [`KeyStoreError::Row`] for a row that is not as it was written, [`KeyStoreError::Malformed`], [`KeyStoreError::Database`].
    pub async fn check(&self, view: &RevocationView) -> Result<Checked> {
        let keyring = &self.shelf.keyring;
        let mut reading = self.shelf.pool.begin().await?;
        let mut checked = Checked { rows: 0, missing: Vec::new() };
        for row in sqlx::query("SELECT * FROM tenant_kek").fetch_all(&mut *reading).await? {
            TenantKekRow::read(&row, keyring)?;
            checked.rows = checked.rows.saturating_add(1);
        }
        for row in sqlx::query("SELECT * FROM data_key").fetch_all(&mut *reading).await? {
            DataKeyRow::read(&row, keyring)?;
            checked.rows = checked.rows.saturating_add(1);
        }
        for row in sqlx::query("SELECT * FROM tenant_minimum").fetch_all(&mut *reading).await? {
            MinimumRow::read(&row, keyring)?;
            checked.rows = checked.rows.saturating_add(1);
        }
        for row in sqlx::query("SELECT * FROM key_tombstone").fetch_all(&mut *reading).await? {
            let TombstoneRow { tenant, id, .. } = TombstoneRow::read(&row, keyring)?;
            if !view.is_tombstoned(&tenant, id) {
                checked.missing.push(Change::Tenant(tenant, TenantChange::Tombstone(id)));
            }
            checked.rows = checked.rows.saturating_add(1);
        }
        Ok(checked)
    }
}
