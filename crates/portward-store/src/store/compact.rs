use core::time::Duration;

use portward::{EntryId, Identifier, Stamp, Timestamp};
use sqlx::Row as _;

use crate::database::{Lock, Work, record};
use crate::events::Operation;
use crate::store::ended::ended_by;
use crate::store::feed::integer;
use crate::store::open::{Result, Store, within};
use crate::store::recover::put_snapshot;
use crate::store::rows::LinkRow;

/// What a compaction took away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Compacted {
    /// Changes of the feed that a snapshot now stands for.
    pub changes: u64,
    /// Redemptions whose nonce has ended.
    pub redemptions: u64,
    /// Links that ended long ago, with all that belongs to them.
    pub links: u64,
    /// Rows that were under an older root of the keyring and are now under the active one.
    pub signed_again: u64,
    /// Rows that are not believed, and so were left as they are.
    pub not_believed: u64,
}

/// Changes that are kept behind a snapshot, for processes that are a little behind.
const CHANGES_KEPT: u64 = 1000;
/// How long an entry of the feed outlives what it is about.
const GRACE: Duration = Duration::from_secs(600);
/// Links looked at in one transaction.
const BATCH: i64 = 1000;
impl Store {
    /// Writes a snapshot in place of old changes, drops what is revoked of tokens that have expired, takes away links whose signed expiry is
    /// longer ago than `kept`, and puts every row under the active root. Once a day is often enough, and before a root is retired. Of links and of
    /// what is revoked it takes nothing away that has not ended a day after the newest link was made: the clock may be ahead.
    ///
    /// # Errors
    /// [`StoreError::Sink`](crate::store::StoreError::Sink); those of the database, and of damaged rows.
    pub async fn compact(&self, kept: Duration) -> Result<Compacted> {
        within(self.tell(self.event(Operation::Compacted))).await?;
        let ended_at = within(async {
            let mut work = self.inner.feed.database.begin_reading().await?;
            let ended_at = ended_by(self.wall(), &self.inner.keyring, &mut work).await?;
            work.rollback().await?;
            Ok(ended_at)
        });
        let ended_at = ended_at.await?;
        let (changes, redemptions) = match self.write_snapshot(ended_at).await? {
            Some(at) => self.drop_old(at).await?,
            None => (0, 0),
        };
        let (mut links, mut behind) = (0u64, Some((String::new(), Vec::new())));
        while let Some(start) = behind {
            let taken;
            (taken, behind) = self.take_ended_links(ended_at, kept, start).await?;
            links = links.saturating_add(taken);
        }
        let (signed_again, not_believed) = self.sign_again().await?;
        Ok(Compacted { changes, redemptions, links, signed_again, not_believed })
    }

    /// Writes the snapshot, without what ended before this: as which stamp.
    async fn write_snapshot(&self, ended_at: Timestamp) -> Result<Option<Stamp>> {
        within(async {
            let mut turn = self.inner.feed.begin(Lock::Store, self.now()).await?;
            let view = turn.view().collected(ended_at);
            let Some(at) = view.stamp().filter(|at| at.sequence > 0) else {
                // There is nothing to write a snapshot of; the row comes under the active root all the same.
                turn.snapshot_at(0).await?;
                turn.commit().await?;
                return Ok(None);
            };
            turn.work.query("DELETE FROM feed_snapshot").execute(&mut *turn.work).await?;
            put_snapshot(&mut turn.work, at, &view.save(&self.inner.keyring)?).await?;
            turn.snapshot_at(at.sequence).await?;
            turn.commit().await?;
            Ok(Some(at))
        })
        .await
    }

    /// The oldest of what the snapshot stands for (never of a later life, which a recovery may begin meanwhile), and redemptions whose nonce has ended.
    async fn drop_old(&self, at: Stamp) -> Result<(u64, u64)> {
        let (incarnation, last) = (at.incarnation.to_bytes().to_vec(), at.sequence.saturating_sub(CHANGES_KEPT));
        let (last, now) = (integer(last)?, integer(self.wall().unix())?);
        let changes = self.in_batches(async |work| {
            let sql = "DELETE FROM feed_change WHERE (incarnation, sequence) IN (SELECT incarnation, sequence FROM feed_change
                WHERE incarnation < $1 OR incarnation = $1 AND sequence <= $2 ORDER BY incarnation, sequence LIMIT $3)";
            let query = work.query(sql).bind(incarnation.clone()).bind(last).bind(BATCH);
            Ok(query.execute(&mut **work).await?.rows_affected())
        });
        let changes = changes.await?;
        let redemptions = self.in_batches(async |work| {
            let sql = "DELETE FROM redemption WHERE (tenant, link, id) IN (SELECT tenant, link, id FROM redemption
                WHERE expires <= $1 LIMIT $2)";
            Ok(work.query(sql).bind(now).bind(BATCH).execute(&mut **work).await?.rows_affected())
        });
        Ok((changes, redemptions.await?))
    }

    /// Again and again, each time in a transaction of its own, until nothing is taken: however much there is, nobody waits long for the lock,
    /// and what was done stays done.
    async fn in_batches(&self, take: impl AsyncFn(&mut Work) -> Result<u64>) -> Result<u64> {
        let mut taken = 0u64;
        loop {
            let now = within(async {
                let mut work = self.inner.feed.database.begin(Lock::Store).await?;
                let now = take(&mut work).await?;
                work.commit().await?;
                Ok(now)
            });
            let now = now.await?;
            taken = taken.saturating_add(now);
            if now == 0 {
                return Ok(taken);
            }
        }
    }

    /// How many of the next batch were taken, and behind which link the one after it begins; `None` when there is nothing left to look at.
    async fn take_ended_links(&self, now: Timestamp, kept: Duration, behind: Place) -> Result<(u64, Option<Place>)> {
        within(async {
            let ended = |row: &LinkRow| now >= row.head.expires_at().saturating_add(GRACE).saturating_add(kept);
            let before = Timestamp::from_unix(now.unix().saturating_sub(kept.as_secs()));
            let mut work = self.inner.feed.database.begin(Lock::Store).await?;
            let sql = "SELECT * FROM link WHERE expires < $1 AND (tenant, id) > ($2, $3) ORDER BY tenant, id LIMIT $4";
            let query = work.query(sql).bind(integer(before.unix())?).bind(behind.0).bind(behind.1);
            let rows = query.bind(BATCH).fetch_all(&mut *work).await?;
            let (mut taken, mut last) = (0u64, None);
            for row in &rows {
                last = Some((row.try_get("tenant")?, row.try_get("id")?));
                // Who plants a row hinders nobody.
                let Ok(row) = record::read::<LinkRow>(row, &self.inner.keyring) else { continue };
                if ended(&row) {
                    take_link(&mut work, *row.head.tenant(), row.head.id()).await?;
                    taken = taken.saturating_add(1);
                }
            }
            work.commit().await?;
            Ok((taken, last))
        })
        .await
    }
}

/// Tenant and id of a link.
type Place = (String, Vec<u8>);

async fn take_link(work: &mut Work, tenant: Identifier, link: EntryId) -> Result<()> {
    for sql in [
        "DELETE FROM link WHERE tenant = $1 AND id = $2",
        "DELETE FROM chain WHERE tenant = $1 AND link = $2",
        "DELETE FROM redemption WHERE tenant = $1 AND link = $2",
        "DELETE FROM link_event WHERE tenant = $1 AND link = $2",
    ] {
        work.query(sql).bind(tenant.to_string()).bind(link.to_vec()).execute(&mut **work).await?;
    }
    Ok(())
}
