use std::collections::BTreeMap;

use portward::envelope::{KekName, KeyId, Slot, UnwrapKey, WrapKey};
use portward::{Change, Identifier, RevocationView, TenantChange};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::record::{self, RecordError};
use crate::keys::error::KeyStoreError;
use crate::keys::graves::Graves;
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
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Rows that are as they were written.
    pub rows: u64,
    /// Rows that are not believed: table, tenant as the database names it, and why.
    pub bad: Vec<(&'static str, String, &'static str)>,
    /// Tombstones that the feed lacks: those of a destruction that was interrupted before it had them. Commit them.
    pub missing: Vec<Change>,
    /// Keys that are destroyed, and whose rows have a slot again: an older copy of the store was put back. [`KeyStore::rewrap`] takes it out.
    pub put_back: Vec<(Identifier, KeyId)>,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// What lies under which KEK and root, as it is written: rows are counted that nobody could believe, too, such as those under a root
    /// that is retired.
    ///
    /// # Errors
    /// [`KeyStoreError::Malformed`], [`KeyStoreError::Database`].
    pub async fn census(&self) -> Result<Census> {
        let mut reading = self.shelf.database.begin_reading().await?;
        let mut census = Census::default();
        let slots = "SELECT slot FROM tenant_kek WHERE slot IS NOT NULL UNION ALL SELECT slot FROM data_key WHERE slot IS NOT NULL";
        for (slot,) in reading.query_as::<(Vec<u8>,)>(slots).fetch_all(&mut *reading).await? {
            let slot = Slot::from_bytes(&slot).ok_or(KeyStoreError::Malformed)?;
            let known = census.keks.entry(slot.kek().clone()).or_default();
            *known = known.saturating_add(1);
        }
        let roots = "SELECT root, count(*) FROM (SELECT root FROM tenant_kek UNION ALL SELECT root FROM data_key UNION ALL SELECT root FROM key_tombstone UNION ALL SELECT root FROM tenant_minimum) AS every GROUP BY root";
        for (root, count) in reading.query_as::<(Vec<u8>, i64)>(roots).fetch_all(&mut *reading).await? {
            let root = root.try_into().map_err(|_| KeyStoreError::Malformed)?;
            census.roots.insert(root, u64::try_from(count).map_err(|_| KeyStoreError::Malformed)?);
        }
        Ok(census)
    }

    /// Looks at every row, for tombstones that the view does not show, and for keys that are destroyed by it or by the store and are there again.
    ///
    /// # Errors
    /// [`KeyStoreError::Database`].
    pub async fn check(&self, view: &RevocationView) -> Result<Checked> {
        let keyring = &self.shelf.keyring;
        let mut reading = self.shelf.database.begin_reading().await?;
        let mut checked = Checked::default();
        let mut graves = Graves::of(vec![view]);
        graves.add_from(&mut reading, keyring, None).await?;
        checked.put_back = graves.put_back(&mut reading, None).await?;
        for row in reading.query("SELECT * FROM tenant_kek").fetch_all(&mut *reading).await? {
            checked.note("tenant_kek", &row, record::read::<TenantKekRow>(&row, keyring));
        }
        for row in reading.query("SELECT * FROM data_key").fetch_all(&mut *reading).await? {
            checked.note("data_key", &row, record::read::<DataKeyRow>(&row, keyring));
        }
        for row in reading.query("SELECT * FROM tenant_minimum").fetch_all(&mut *reading).await? {
            checked.note("tenant_minimum", &row, record::read::<MinimumRow>(&row, keyring));
        }
        for row in reading.query("SELECT * FROM key_tombstone").fetch_all(&mut *reading).await? {
            let stone = checked.note("key_tombstone", &row, record::read::<TombstoneRow>(&row, keyring));
            let missing = stone.filter(|stone| !view.is_tombstoned(&stone.tenant, stone.id));
            checked
                .missing
                .extend(missing.map(|stone| Change::Tenant(stone.tenant, TenantChange::Tombstone(stone.id))));
        }
        Ok(checked)
    }
}

impl Checked {
    fn note<R>(&mut self, table: &'static str, row: &AnyRow, read: core::result::Result<R, RecordError>) -> Option<R> {
        match read {
            Ok(read) => {
                self.rows = self.rows.saturating_add(1);
                Some(read)
            }
            Err(error) => {
                let tenant = row.try_get("tenant").unwrap_or_default();
                self.bad.push((table, tenant, KeyStoreError::from(error).code()));
                None
            }
        }
    }
}
