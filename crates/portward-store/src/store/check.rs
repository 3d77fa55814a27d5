use sqlx::AssertSqlSafe;

use crate::database::record::{self, Record};
use crate::store::open::{Result, Store};
use crate::store::rows::{ChainRow, ChangeRow, EventRow, LinkRow, RedemptionRow};

/// How many rows were read and believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Links.
    pub links: u64,
    /// Lines of their histories.
    pub events: u64,
    /// Chains.
    pub chains: u64,
    /// Redemptions.
    pub redemptions: u64,
    /// Changes of the feed.
    pub changes: u64,
}

impl Store {
    /// Reads every row, and looks whether the store has what it must not have.
    ///
    /// # Errors
    /// The first row that is not believed; [`DatabaseError::Schema`](crate::database::DatabaseError::Schema).
    pub async fn check(&self) -> Result<Checked> {
        let mut work = self.inner.feed.database.begin_reading().await?;
        self.inner.feed.database.refuse_foreign(&mut work).await?;
        work.rollback().await?;
        self.refresh().await?;
        Ok(Checked {
            links: self.check_all::<LinkRow>().await?,
            events: self.check_all::<EventRow>().await?,
            chains: self.check_all::<ChainRow>().await?,
            redemptions: self.check_all::<RedemptionRow>().await?,
            changes: self.check_all::<ChangeRow>().await?,
        })
    }

    async fn check_all<R: Record + Send>(&self) -> Result<u64> {
        use futures_util::TryStreamExt as _;
        let mut work = self.inner.feed.database.begin_reading().await?;
        let sql = format!("SELECT * FROM {}", R::TABLE.name);
        let mut checked = 0u64;
        {
            let mut rows = work.query(AssertSqlSafe(sql)).fetch(&mut *work);
            while let Some(row) = rows.try_next().await? {
                let _: R = record::read(&row, &self.inner.keyring)?;
                checked = checked.saturating_add(1);
            }
        }
        work.rollback().await?;
        Ok(checked)
    }
}
