use core::ops::{Deref, DerefMut};

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::{Query, QueryAs};
use sqlx::{Any, AnyConnection, FromRow, SqlSafeStr, Transaction};
use tokio::sync::OwnedMutexGuard;

use crate::database::error::DatabaseError;

/// A transaction: what is not committed is undone.
pub(crate) struct Work {
    pub(super) transaction: Transaction<'static, Any>,
    /// Held, and given back after the transaction has ended.
    #[expect(dead_code, reason = "dropping it is its use")]
    pub(super) turn: Option<OwnedMutexGuard<()>>,
    /// Whether statements are kept under names, which a pooler of transactions would not know at the next connection.
    pub(super) named: bool,
}

type Result<T> = core::result::Result<T, DatabaseError>;

impl Work {
    /// As `sqlx::query`.
    pub(crate) fn query(&self, sql: impl SqlSafeStr) -> Query<'static, Any, AnyArguments> {
        sqlx::query(sql).persistent(self.named)
    }

    /// As `sqlx::query_as`.
    pub(crate) fn query_as<T: for<'r> FromRow<'r, AnyRow>>(
        &self,
        sql: impl SqlSafeStr,
    ) -> QueryAs<'static, Any, T, AnyArguments> {
        sqlx::query_as(sql).persistent(self.named)
    }

    pub(crate) async fn commit(self) -> Result<()> {
        Ok(self.transaction.commit().await?)
    }

    pub(crate) async fn rollback(self) -> Result<()> {
        Ok(self.transaction.rollback().await?)
    }
}

impl Deref for Work {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Work {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}
