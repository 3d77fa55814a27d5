use portward::{EntryId, Identifier};

use crate::database::record;
use crate::store::error::StoreError;
use crate::store::feed::integer;
use crate::store::list::link_row;
use crate::store::open::{Result, Store, within};
use crate::store::rows::{EventRow, LinkEvent};

impl Store {
    /// What happened to a link, the newest first: at most `limit` (1,000) lines before the one with this number, or from the end.
    ///
    /// # Errors
    /// [`StoreError::UnknownLink`]; [`StoreError::Malformed`] if a line is missing; those of the database.
    pub async fn history(
        &self,
        tenant: Identifier,
        link: EntryId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LinkEvent>> {
        within(async {
            let keyring = &self.inner.keyring;
            let mut work = self.inner.feed.database.begin_reading().await?;
            let row = link_row(&mut work, keyring, tenant, link).await?;
            let end = before.unwrap_or(row.events).min(row.events);
            let sql = "SELECT * FROM link_event WHERE tenant = $1 AND link = $2 AND number < $3 ORDER BY number DESC LIMIT $4";
            let query = work.query(sql).bind(tenant.to_string()).bind(link.to_vec()).bind(integer(end)?);
            let rows = query.bind(i64::from(limit.clamp(1, 1000))).fetch_all(&mut *work).await?;
            work.rollback().await?;
            let mut events = Vec::with_capacity(rows.len());
            for (row, number) in rows.iter().zip((0..end).rev()) {
                let row: EventRow = record::read(row, keyring)?;
                if (row.tenant, row.link, row.event.number) != (tenant, link, number) {
                    return Err(StoreError::Malformed);
                }
                events.push(row.event);
            }
            let expected = end.min(limit.clamp(1, 1000).into());
            let complete = u64::try_from(events.len()).is_ok_and(|found| found == expected);
            if complete { Ok(events) } else { Err(StoreError::Malformed) }
        })
        .await
    }
}
