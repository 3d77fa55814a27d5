//! Which root the rows are under.

use std::collections::BTreeMap;

use portward::RootId;
use sqlx::{AssertSqlSafe, Row as _};

use crate::database::Lock;
use crate::database::record::{self, Record, RecordError};
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

    /// Puts every row under the active root: how many were put there, and how many are not believed.
    pub(super) async fn sign_again(&self) -> Result<(u64, u64)> {
        let active = self.inner.keyring.roots().find(|root| root.state == portward::KeyState::Active);
        let active = active.ok_or(portward::RowError::NoActiveRoot)?.id;
        let counts = [
            self.sign_table_again::<LinkRow>(active).await?,
            self.sign_table_again::<EventRow>(active).await?,
            self.sign_table_again::<ChainRow>(active).await?,
            self.sign_table_again::<RedemptionRow>(active).await?,
            self.sign_table_again::<ChangeRow>(active).await?,
        ];
        let add = |(signed, bad): (u64, u64), (more, worse)| (signed.saturating_add(more), bad.saturating_add(worse));
        Ok(counts.into_iter().fold((0, 0), add))
    }

    /// Batch after batch, in the order of the table's key.
    async fn sign_table_again<R: Record + Send>(&self, active: RootId) -> Result<(u64, u64)> {
        let (mut signed, mut bad, mut last) = (0u64, 0u64, None);
        loop {
            let batch = within(async {
                let mut work = self.inner.feed.database.begin(Lock::Store).await?;
                let rows = record::under_other_roots::<R>(active, last.as_ref(), BATCH, &mut work).await?;
                let mut good = 0u64;
                for row in &rows {
                    match record::sign_again::<R>(row, &self.inner.keyring, &mut work).await {
                        Ok(()) => good = good.saturating_add(1),
                        Err(RecordError::Row(_) | RecordError::Malformed) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                work.commit().await?;
                Ok((good, rows))
            });
            let (good, rows) = batch.await?;
            let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            signed = signed.saturating_add(good);
            bad = bad.saturating_add(found.saturating_sub(good));
            last = rows.into_iter().next_back();
            if last.is_none() {
                return Ok((signed, bad));
            }
        }
    }
}
