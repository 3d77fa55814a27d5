use std::sync::Arc;

use portward::{Authority, Change, FeedError, Follower, Incarnation, RevocationView, Scope, Stamp, Timestamp};

use crate::database::{Database, Location, Lock, Work, record};
use crate::events::{Event, Operation, Recorder};
use crate::store::error::StoreError;
use crate::store::feed::{integer, put_feed_row, reload};
use crate::store::open::{Result, SCHEMA};
use crate::store::place::Place;
use crate::store::rows::{ChangeRow, FeedRow};

/// What recovering found and did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovery {
    /// Where the feed stood that was found.
    pub found: Stamp,
    /// Where the new one begins.
    pub begins: Stamp,
    /// Whether a newer view was merged: then valid links work again. Otherwise every token made so far is refused.
    pub merged: bool,
}

/// How much the deployment generation is raised where nobody knows how high it was, and it is above the time.
const LEAP: u32 = 65_536;
/// How long a part of a snapshot is.
const PART: usize = 1 << 20;

impl Recovery {
    /// Begins a new life of a store that was restored from a backup, copied, or promoted. `newer` is the newest view that somebody saved or
    /// holds ([`RevocationView::save`]): without one, the deployment generation is raised, and every token made so far is refused.
    ///
    /// # Errors
    /// [`StoreError::Feed`] for a view that is not accepted, or not newer than what is found; [`StoreError::Sink`]; [`StoreError::Random`]; those of the database.
    pub async fn run(
        location: &Location,
        keyring: &Arc<portward::Keyring>,
        newer: Option<&[u8]>,
        recorder: &Recorder,
        now: Timestamp,
    ) -> Result<Self> {
        // As long as it takes: a large store has a large snapshot, and who recovers waits.
        let database = Database::open(location, &SCHEMA, false).await?;
        let mut work = database.begin(Lock::Store).await?;
        let row = newest_row(&mut work, keyring).await?;
        let found_at = row.stamp;
        let newer = newer.map(|saved| view_of(keyring, saved, row.stamp)).transpose()?;
        // A view that knows more makes up for a feed that cannot be read.
        let found = match (reload(&mut work, keyring, &row).await, &newer) {
            (Err(StoreError::Feed(_) | StoreError::Forked | StoreError::Row(_)), Some(_)) => None,
            (found, _) => Some(found?),
        };
        let newest = newer.as_deref().and_then(RevocationView::stamp).max(Some(row.stamp));
        let incarnation = Incarnation::generate(now, newest.map(|stamp| stamp.incarnation))?;
        let of_found = found.as_ref().map(Authority::view);
        let views: Vec<&RevocationView> = [of_found, newer.as_deref()].into_iter().flatten().collect();
        let mut authority = Authority::beginning_with(Arc::clone(keyring), incarnation, &views)?;
        let leap = match of_found {
            Some(found) if newer.is_none() => vec![leap(found.deployment_generation(), now)?],
            _ => Vec::new(),
        };
        let begins = begin_life(&mut work, (location, keyring), &mut authority, leap).await?;
        let how = if newer.is_some() { "merged a newer view" } else { "refuses everything" };
        recorder.record(Event::new(now, Operation::Recovered).with(how)).await?;
        work.commit().await?;
        database.close().await;
        Ok(Self { found: found_at, begins, merged: newer.is_some() })
    }
}

/// The first change of a life, a snapshot of all that is known then, and where the database lies.
pub(super) async fn begin_life(
    work: &mut Work,
    (location, keyring): (&Location, &portward::Keyring),
    authority: &mut Authority,
    changes: Vec<Change>,
) -> Result<Stamp> {
    let prepared = authority.prepare(changes)?;
    let change = ChangeRow { stamp: prepared.stamp(), body: prepared.body().to_vec(), history: prepared.history() };
    let begins = authority.make(prepared)?;
    record::insert(&change, keyring, work).await?;
    put_snapshot(work, begins, &authority.view().save(keyring)?).await?;
    let place = Place::of(location).read(work).await?;
    let row = FeedRow { stamp: begins, history: authority.history(), snapshot: begins.sequence, place };
    put_feed_row(&row, keyring, work).await?;
    Ok(begins)
}

/// Of several rows, of which somebody put back the older ones, the newest. Each has to be authentic.
async fn newest_row(work: &mut Work, keyring: &portward::Keyring) -> Result<FeedRow> {
    let rows = work.query("SELECT * FROM feed").fetch_all(&mut **work).await?;
    let rows: Vec<FeedRow> =
        rows.iter().map(|row| record::read(row, keyring)).collect::<core::result::Result<_, _>>()?;
    rows.into_iter().max_by_key(|row| row.stamp).ok_or(StoreError::Malformed)
}

/// A saved view, which has to know as much as what was found.
fn view_of(keyring: &Arc<portward::Keyring>, saved: &[u8], found: Stamp) -> Result<Arc<RevocationView>> {
    let mut follower = Follower::new(Arc::clone(keyring), Scope::ALL, core::time::Duration::ZERO, None)?;
    let stamp = follower.accept(saved, Timestamp::from_unix(0))?;
    if stamp < found { Err(StoreError::Feed(FeedError::Rollback)) } else { Ok(follower.cell().load()) }
}

/// Above every generation that may have been raised since the backup: also above that of a life which was begun like this one, and is lost.
/// It began earlier, and nobody raises once a second.
pub(super) fn leap(current: u32, now: Timestamp) -> Result<Change> {
    if let Some(time) = u32::try_from(now.unix()).ok().filter(|time| *time > current) {
        return Ok(Change::DeploymentGeneration(time));
    }
    let next =
        current.checked_div(LEAP).and_then(|leaps| leaps.checked_add(1)).and_then(|leaps| leaps.checked_mul(LEAP));
    next.map(Change::DeploymentGeneration).ok_or(StoreError::Authority(portward::AuthorityError::GenerationExhausted))
}

pub(super) async fn put_snapshot(work: &mut Work, at: Stamp, saved: &[u8]) -> Result<()> {
    for (part, bytes) in (0i64..).zip(saved.chunks(PART)) {
        let query = work.query("INSERT INTO feed_snapshot VALUES ($1, $2, $3, $4)");
        let query = query.bind(at.incarnation.to_bytes().to_vec()).bind(integer(at.sequence)?).bind(part);
        query.bind(bytes.to_vec()).execute(&mut **work).await?;
    }
    Ok(())
}
