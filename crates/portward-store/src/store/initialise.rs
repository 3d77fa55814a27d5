use std::sync::Arc;

use portward::{Authority, Incarnation, Keyring, RevocationView, Timestamp};
use sqlx::Row as _;

use crate::database::{Database, DatabaseError, Location, Lock};
use crate::events::{Event, Operation, Recorder};
use crate::store::error::StoreError;
use crate::store::feed::put_feed_row;
use crate::store::open::SCHEMA;
use crate::store::place::Place;
use crate::store::recover::{begin_life, leap};
use crate::store::rows::FeedRow;

/// Makes the tables of a store, or brings them up to date, and begins its feed if there is none yet. On a server that takes rights that a
/// running application does not need. Whether the feed was begun.
///
/// Tables that are empty may have been emptied by somebody, and a file that is not there may be lost: so a feed begins by refusing every token
/// made so far, as in a recovery without a newer view; unless it takes over what was revoked, and all that is valid, from the `own` view of who
/// decided before there was a store.
///
/// # Errors
/// [`StoreError::Database`]; [`StoreError::Sink`]; [`StoreError::Malformed`] for tables that hold something, but no feed: a store is not begun anew.
pub async fn initialise(
    location: &Location,
    keyring: &Arc<Keyring>,
    own: Option<&RevocationView>,
    recorder: &Recorder,
    now: Timestamp,
) -> Result<bool, StoreError> {
    bring_up_to_date(location, keyring, Some((own, recorder, now))).await
}

/// Brings the tables of a store up to date that has begun already.
///
/// # Errors
/// Those of [`initialise`]; [`DatabaseError::Uninitialised`] for one that has no feed.
pub async fn migrate(location: &Location, keyring: &Arc<Keyring>) -> Result<(), StoreError> {
    bring_up_to_date(location, keyring, None).await.map(drop)
}

async fn bring_up_to_date(
    location: &Location,
    keyring: &Arc<Keyring>,
    begin: Option<(Option<&RevocationView>, &Recorder, Timestamp)>,
) -> Result<bool, StoreError> {
    let database = Database::open(location, &SCHEMA, true).await?;
    let mut work = database.begin(Lock::Store).await?;
    let sql = "SELECT (SELECT count(*) FROM feed) AS feeds, (SELECT count(*) FROM feed_change) + (SELECT count(*) FROM feed_snapshot) + (SELECT count(*) FROM link) AS others";
    let row = work.query(sql).fetch_one(&mut *work).await?;
    let begins = match (row.try_get::<i64, _>("feeds")?, row.try_get::<i64, _>("others")?) {
        (0, 0) => {
            let (own, recorder, now) = begin.ok_or(DatabaseError::Uninitialised)?;
            let highest = own.and_then(RevocationView::stamp).map(|stamp| stamp.incarnation);
            let incarnation = Incarnation::generate(now, highest)?;
            let views: Vec<&RevocationView> = own.into_iter().collect();
            let mut authority = Authority::beginning_with(Arc::clone(keyring), incarnation, &views)?;
            let leap = if own.is_none() { vec![leap(0, now)?] } else { Vec::new() };
            if leap.is_empty() && authority.view().to_changes().is_empty() {
                // Nothing was ever revoked.
                let place = Place::of(location).read(&mut work).await?;
                let row = FeedRow { stamp: authority.stamp(), history: authority.history(), snapshot: 0, place };
                put_feed_row(&row, keyring, &mut work).await?;
            } else {
                begin_life(&mut work, (location, keyring), &mut authority, leap).await?;
            }
            recorder.record(Event::new(now, Operation::Begun)).await?;
            true
        }
        (1, _) => false,
        _ => return Err(StoreError::Malformed),
    };
    work.commit().await?;
    database.close().await;
    Ok(begins)
}
