//! What this process knows of the feed, and how it learns the rest. `spec/store.md` section 5.

use std::sync::Arc;

use portward::{
    Authority, Change, FeedError, Freshness, Keyring, Now, PreparedChange, RevocationView, Stamp, Steady, ViewCell,
};
use sqlx::{AssertSqlSafe, Row as _};
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

use crate::database::record::{self, Record as _};
use crate::database::{Database, DatabaseError, Lock, Work};
use crate::store::ended::ended_by;
use crate::store::error::StoreError;
use crate::store::place::Place;
use crate::store::rows::{ChangeRow, FeedRow};

type Result<T> = core::result::Result<T, StoreError>;

pub(super) struct Feed {
    pub(super) database: Database,
    pub(super) keyring: Arc<Keyring>,
    pub(super) place: Place,
    pub(super) cell: Arc<ViewCell>,
    known: Mutex<Known>,
    visitors: Semaphore,
}

/// So many connections are never those of visitors.
const KEPT: u32 = 2;

struct Known {
    authority: Authority,
    /// As which change the newest snapshot was written.
    snapshot: Stamp,
    /// What was known, shown, at this reading. `None`: not yet.
    confirmed_at: Option<Steady>,
}

/// A transaction that has read the feed to its end, under the lock of the store: nobody else changes it meanwhile.
pub(super) struct Turn<'a> {
    feed: &'a Feed,
    known: MutexGuard<'a, Known>,
    pub(super) work: Work,
    read_at: Steady,
    row: FeedRow,
    prepared: Option<PreparedChange>,
}

impl Feed {
    /// Reads the whole feed.
    pub(super) async fn load(database: Database, keyring: Arc<Keyring>, place: Place, now: Now) -> Result<Self> {
        let mut work = database.begin_reading().await?;
        let row = feed_row(&mut work, &keyring, &place).await?;
        let authority = reload(&mut work, &keyring, &row).await?;
        work.rollback().await?;
        authority.confirm(now.steady);
        Ok(Self::at(database, keyring, place, authority, row.snapshot_stamp(), Some(now.steady)))
    }

    /// Goes on from what was read before.
    pub(super) fn at(
        database: Database,
        keyring: Arc<Keyring>,
        place: Place,
        authority: Authority,
        snapshot: Stamp,
        confirmed_at: Option<Steady>,
    ) -> Self {
        let cell = authority.cell();
        let visitors = usize::try_from(database.connections().saturating_sub(KEPT)).unwrap_or_default().max(1);
        let (known, visitors) = (Mutex::new(Known { authority, snapshot, confirmed_at }), Semaphore::new(visitors));
        Self { database, keyring, place, cell, known, visitors }
    }

    /// Lets one of those in who come from outside, of whom there may be any number, and who each hold a connection while they wait for a
    /// link: who looks what is revoked, or revokes, waits behind few of them. Before any connection is asked for.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>> {
        self.visitors.acquire().await.map_err(|_| StoreError::Database(DatabaseError::TimedOut))
    }

    /// Learns what was committed, and shows it as of now. One reading serves all who asked before it began.
    pub(super) async fn refresh(&self, clock: &(impl Fn() -> Now + Sync)) -> Result<()> {
        let asked_at = clock().steady;
        let mut known = self.known.lock().await;
        let read_at = clock().steady;
        if known.confirmed_at.is_some_and(|confirmed| asked_at < confirmed && confirmed <= read_at) {
            return Ok(());
        }
        let mut work = self.database.begin_reading().await?;
        let row = known.catch_up(&mut work, self).await?;
        if known.snapshot != row.snapshot_stamp() {
            // Somebody compacted: what has ended leaves the memory, too.
            known.authority.collect(ended_by(clock().wall, &self.keyring, &mut work).await?);
            known.snapshot = row.snapshot_stamp();
        }
        work.rollback().await?;
        known.confirm(read_at);
        Ok(())
    }

    /// Begins a transaction, and looks at what is revoked as of its beginning. What is known is locked before the database everywhere, and
    /// never by who holds a transaction: else two would wait for each other.
    pub(super) async fn begin_looking<T>(
        &self,
        lock: Lock,
        look: impl FnOnce(&RevocationView) -> T,
    ) -> Result<(Work, T)> {
        let mut known = self.known.lock().await;
        let mut work = self.database.begin(lock).await?;
        known.catch_up(&mut work, self).await?;
        Ok((work, look(known.authority.view())))
    }

    /// Begins a change of the feed.
    pub(super) async fn begin(&self, lock: Lock, now: Now) -> Result<Turn<'_>> {
        let mut known = self.known.lock().await;
        let mut work = self.database.begin(lock).await?;
        // A trigger could let what is acknowledged here never come to the others.
        self.database.refuse_foreign(&mut work).await?;
        let row = known.catch_up(&mut work, self).await?;
        Ok(Turn { feed: self, known, work, read_at: now.steady, row, prepared: None })
    }

    /// Uses the authority as it stands, for answers to followers.
    pub(super) async fn with<T>(&self, take: impl FnOnce(&Authority) -> T) -> T {
        take(&self.known.lock().await.authority)
    }

    pub(super) fn is_fresh(&self, freshness: Freshness, now: Now) -> bool {
        self.cell.load().is_fresh(freshness, core::time::Duration::ZERO, now)
    }
}

impl Known {
    async fn catch_up(&mut self, work: &mut Work, feed: &Feed) -> Result<FeedRow> {
        let row = feed_row(work, &feed.keyring, &feed.place).await?;
        let own = self.authority.stamp();
        if row.stamp < own {
            return Err(StoreError::RolledBack);
        }
        if row.stamp.incarnation == own.incarnation {
            if row.stamp.sequence == own.sequence {
                let same = self.authority.history() == row.history;
                return if same { Ok(row) } else { Err(StoreError::Forked) };
            }
            if replay(&mut self.authority, work, &feed.keyring, row.stamp).await? {
                return if self.authority.history() == row.history { Ok(row) } else { Err(StoreError::Forked) };
            }
            // What was compacted away cannot be compared, what was seen last can: it is kept behind the snapshot for a while.
            let seen = change_at(work, &feed.keyring, own).await?;
            if seen.is_some_and(|seen| seen.history != self.authority.history()) {
                return Err(StoreError::Forked);
            }
        }
        let other = reload(work, &feed.keyring, &row).await?;
        self.authority.become_other(other);
        Ok(row)
    }

    fn confirm(&mut self, read_at: Steady) {
        self.authority.confirm(read_at);
        self.confirmed_at = Some(read_at);
    }
}

impl Turn<'_> {
    /// What is revoked, as of the present.
    pub(super) fn view(&self) -> &RevocationView {
        self.known.authority.view()
    }

    /// Writes the changes down.
    pub(super) async fn put(&mut self, changes: Vec<Change>) -> Result<Stamp> {
        let prepared = self.known.authority.prepare(changes)?;
        let (stamp, history) = (prepared.stamp(), prepared.history());
        self.write(ChangeRow { stamp, history, body: prepared.body().to_vec() }).await?;
        self.prepared = Some(prepared);
        Ok(stamp)
    }

    pub(super) async fn write(&mut self, change: ChangeRow) -> Result<()> {
        let keyring = &self.feed.keyring;
        // In place of one that somebody planted: behind the row of the feed there is no other.
        record::save(&change, keyring, &mut self.work).await?;
        self.row = FeedRow { stamp: change.stamp, history: change.history, ..self.row.clone() };
        put_feed_row(&self.row, keyring, &mut self.work).await?;
        Ok(self.feed.database.wake_followers(&mut self.work).await?)
    }

    /// Ends the transaction; then what was put is made and shown.
    pub(super) async fn commit(mut self) -> Result<Stamp> {
        self.work.commit().await?;
        if let Some(prepared) = self.prepared.take() {
            self.known.authority.make(prepared)?;
        }
        // The lock was held: this is all there was when the transaction ended, which is later than when it began.
        self.known.confirm(self.read_at);
        Ok(self.known.authority.stamp())
    }

    /// Says that a snapshot was written.
    pub(super) async fn snapshot_at(&mut self, sequence: u64) -> Result<()> {
        self.row.snapshot = sequence;
        put_feed_row(&self.row, &self.feed.keyring, &mut self.work).await
    }
}

/// Where the feed stands, if the database lies where it began.
async fn feed_row(work: &mut Work, keyring: &Keyring, place: &Place) -> Result<FeedRow> {
    let sql = format!("SELECT feed.*, {} AS place_now FROM feed", place.sql());
    let rows = work.query(AssertSqlSafe(sql)).fetch_all(&mut **work).await?;
    let [row] = rows.as_slice() else { return Err(StoreError::Malformed) };
    let now = place.told_by(row.try_get("place_now")?)?;
    let row: FeedRow = record::read(row, keyring)?;
    if row.place == now { Ok(row) } else { Err(StoreError::Restored) }
}

/// The change of this stamp, if it is still there.
async fn change_at(work: &mut Work, keyring: &Keyring, at: Stamp) -> Result<Option<ChangeRow>> {
    let sql = format!("SELECT * FROM {} WHERE incarnation = $1 AND sequence = $2", ChangeRow::TABLE.name);
    let query = work.query(AssertSqlSafe(sql)).bind(at.incarnation.to_bytes().to_vec()).bind(integer(at.sequence)?);
    let row = query.fetch_optional(&mut **work).await?;
    Ok(row.map(|row| record::read(&row, keyring)).transpose()?)
}

pub(super) async fn put_feed_row(row: &FeedRow, keyring: &Keyring, work: &mut Work) -> Result<()> {
    work.query("DELETE FROM feed").execute(&mut **work).await?;
    Ok(record::insert(row, keyring, work).await?)
}

/// The newest snapshot, and what came after it.
pub(super) async fn reload(work: &mut Work, keyring: &Arc<Keyring>, row: &FeedRow) -> Result<Authority> {
    let incarnation = row.stamp.incarnation;
    if row.snapshot > row.stamp.sequence {
        return Err(StoreError::Feed(FeedError::Gap));
    }
    let mut authority = match row.snapshot {
        0 => Authority::new(Arc::clone(keyring), incarnation)?,
        sequence => {
            let saved = saved_at(work, Stamp { incarnation, sequence }).await?;
            let authority = Authority::resume(Arc::clone(keyring), &saved)?;
            if authority.stamp() != (Stamp { incarnation, sequence }) {
                return Err(StoreError::Feed(FeedError::Gap));
            }
            authority
        }
    };
    let complete = replay(&mut authority, work, keyring, row.stamp).await?;
    if !complete {
        return Err(StoreError::Feed(FeedError::Gap));
    }
    if authority.history() == row.history { Ok(authority) } else { Err(StoreError::Forked) }
}

/// The parts of a snapshot, from the first one on, as far as none is missing.
async fn saved_at(work: &mut Work, at: Stamp) -> Result<Vec<u8>> {
    let sql = "SELECT part, bytes FROM feed_snapshot WHERE incarnation = $1 AND sequence = $2 ORDER BY part";
    let query = work.query_as(sql).bind(at.incarnation.to_bytes().to_vec()).bind(integer(at.sequence)?);
    let parts: Vec<(i64, Vec<u8>)> = query.fetch_all(&mut **work).await?;
    let whole = parts.into_iter().zip(0..).take_while(|((part, _), number)| part == number);
    Ok(whole.flat_map(|((_, bytes), _)| bytes).collect())
}

/// Makes the changes up to this stamp. `false`, and none made, if the next one is not there any more.
async fn replay(authority: &mut Authority, work: &mut Work, keyring: &Keyring, to: Stamp) -> Result<bool> {
    let mut next = authority.stamp().sequence;
    while next < to.sequence {
        let sql = format!(
            "SELECT * FROM {} WHERE incarnation = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT 1000",
            ChangeRow::TABLE.name
        );
        let query = work.query(AssertSqlSafe(sql)).bind(to.incarnation.to_bytes().to_vec());
        let rows = query.bind(integer(next)?).bind(integer(to.sequence)?).fetch_all(&mut **work).await?;
        for row in &rows {
            // What has another key is another change, whatever it says.
            if row.try_get::<i64, _>("sequence")? != integer(next.saturating_add(1))? {
                return Ok(false);
            }
            let row: ChangeRow = record::read(row, keyring)?;
            if row.stamp.incarnation != to.incarnation {
                return Err(StoreError::Malformed);
            }
            match authority.replay(row.stamp.sequence, &row.body, row.history) {
                Ok(()) => next = row.stamp.sequence,
                Err(FeedError::Gap) => return Ok(false),
                Err(FeedError::Fork) => return Err(StoreError::Forked),
                Err(error) => return Err(error.into()),
            }
        }
        if rows.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn integer(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| StoreError::Malformed)
}
