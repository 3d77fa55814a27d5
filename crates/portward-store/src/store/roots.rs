//! Which root the rows are under.

use std::collections::BTreeMap;

use portward::RootId;
use sqlx::{AssertSqlSafe, Row as _};

use crate::database::Lock;
use crate::database::record::{self, Record};
use crate::store::error::StoreError;
use crate::store::open::{Result, Store, within};
use crate::store::rows::{ChainRow, ChangeRow, EventRow, FeedRow, LinkRow, RedemptionRow};

/// Rows that are read in one transaction.
const BATCH: i64 = 1000;

impl Store {
    /// How many rows are under each root. A root with any is not to be retired: [`Store::compact`] puts them under the active one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn census(&self) -> Result<BTreeMap<[u8; 4], u64>> {
        let mut census = BTreeMap::new();
        for table in [
            LinkRow::TABLE.name,
            EventRow::TABLE.name,
            ChainRow::TABLE.name,
            RedemptionRow::TABLE.name,
            ChangeRow::TABLE.name,
            FeedRow::TABLE.name,
        ] {
            let mut work = self.inner.feed.database.begin_reading().await?;
            let sql = format!("SELECT root, count(*) AS rows FROM {table} GROUP BY root");
            for row in work.query(AssertSqlSafe(sql)).fetch_all(&mut *work).await? {
                let root: [u8; 4] = row.try_get::<Vec<u8>, _>("root")?.try_into().map_err(|_| StoreError::Malformed)?;
                let rows = u64::try_from(row.try_get::<i64, _>("rows")?).map_err(|_| StoreError::Malformed)?;
                let counted = census.entry(root).or_insert(0u64);
                *counted = counted.saturating_add(rows);
            }
            work.rollback().await?;
        }
        Ok(census)
    }

    /// Puts every row under the active root.
    pub(super) async fn sign_again(&self) -> Result<u64> {
        let active = self.inner.keyring.roots().find(|root| root.state == portward::KeyState::Active);
        let active = active.ok_or(portward::RowError::NoActiveRoot)?.id;
        let counts = [
            self.sign_table_again::<LinkRow>(active).await?,
            self.sign_table_again::<EventRow>(active).await?,
            self.sign_table_again::<ChainRow>(active).await?,
            self.sign_table_again::<RedemptionRow>(active).await?,
            self.sign_table_again::<ChangeRow>(active).await?,
        ];
        Ok(counts.into_iter().fold(0, u64::saturating_add))
    }

    async fn sign_table_again<R: Record + Send>(&self, active: RootId) -> Result<u64> {
        let mut signed = 0u64;
        loop {
            let batch = within(async {
                let mut work = self.inner.feed.database.begin(Lock::Store).await?;
                let sql = format!("SELECT * FROM {} WHERE root <> $1 LIMIT $2", R::TABLE.name);
                let query = work.query(AssertSqlSafe(sql)).bind(active.to_bytes().to_vec()).bind(BATCH);
                let rows = query.fetch_all(&mut *work).await?;
                for row in &rows {
                    record::sign_again::<R>(row, &self.inner.keyring, &mut work).await?;
                }
                work.commit().await?;
                Ok(rows.len())
            })
            .await?;
            if batch == 0 {
                return Ok(signed);
            }
            signed = signed.saturating_add(u64::try_from(batch).unwrap_or(u64::MAX));
        }
    }
}
