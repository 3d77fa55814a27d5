use std::collections::BTreeMap;

use portward::envelope::{KekName, UnwrapKey, WrapKey};

use crate::keys::error::KeyStoreError;
use crate::keys::rows::{DataKeyRow, TenantKekRow};
use crate::keys::store::KeyStore;

/// How many keys lie under what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// Wrapped keys under each KEK.
    pub keks: BTreeMap<KekName, u64>,
    /// Rows under each root, by its id.
    pub roots: BTreeMap<[u8; 4], u64>,
}

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// What lies under which KEK and root.
    ///
    /// # Errors
    /// [`KeyStoreError::Row`] for a row that is not as it was written, [`KeyStoreError::Database`].
    pub async fn census(&self) -> Result<Census, KeyStoreError> {
        let mut connection = self.shelf.pool.begin().await?;
        let mut census = Census::default();
        let count = |counts: &mut BTreeMap<KekName, u64>, name: &KekName| {
            let known = counts.entry(name.clone()).or_default();
            *known = known.saturating_add(1);
        };
        for row in sqlx::query("SELECT * FROM tenant_kek").fetch_all(&mut *connection).await? {
            let row = TenantKekRow::read(&row, &self.shelf.keyring)?;
            row.slot.iter().for_each(|slot| count(&mut census.keks, slot.kek()));
        }
        for row in sqlx::query("SELECT * FROM data_key").fetch_all(&mut *connection).await? {
            let row = DataKeyRow::read(&row, &self.shelf.keyring)?;
            row.slot.iter().for_each(|slot| count(&mut census.keks, slot.kek()));
        }
        let roots = "SELECT root FROM tenant_kek UNION ALL SELECT root FROM data_key UNION ALL SELECT root FROM key_tombstone UNION ALL SELECT root FROM tenant_minimum";
        for (root,) in sqlx::query_as::<_, (Vec<u8>,)>(roots).fetch_all(&mut *connection).await? {
            let root = root.try_into().map_err(|_| KeyStoreError::Malformed)?;
            let known = census.roots.entry(root).or_default();
            *known = known.saturating_add(1);
        }
        Ok(census)
    }
}
