use std::sync::Arc;

use portward::{Incarnation, Keyring, Stamp, Timestamp};
use sqlx::Row as _;

use crate::database::{Database, DatabaseError, Location, Lock};
use crate::store::error::StoreError;
use crate::store::feed::put_feed_row;
use crate::store::open::SCHEMA;
use crate::store::place::Place;
use crate::store::rows::FeedRow;

/// Makes the tables of a store, or brings them up to date, and begins its feed if there is none yet. On a server that takes rights that a
/// running application does not need.
///
/// # Errors
/// [`StoreError::Database`]; [`StoreError::Malformed`] for tables that hold something, but no feed: a store is not begun anew.
pub async fn initialise(location: &Location, keyring: &Arc<Keyring>, now: Timestamp) -> Result<(), StoreError> {
    bring_up_to_date(location, keyring, Some(now)).await
}

/// Brings the tables of a store up to date that has begun already.
///
/// # Errors
/// Those of [`initialise`]; [`DatabaseError::Uninitialised`] for one that has no feed.
pub async fn migrate(location: &Location, keyring: &Arc<Keyring>) -> Result<(), StoreError> {
    bring_up_to_date(location, keyring, None).await
}

async fn bring_up_to_date(
    location: &Location,
    keyring: &Arc<Keyring>,
    begin: Option<Timestamp>,
) -> Result<(), StoreError> {
    let database = Database::open(location, &SCHEMA, true).await?;
    let mut work = database.begin(Lock::Store).await?;
    let place = Place::of(location);
    let sql = "SELECT (SELECT count(*) FROM feed) AS feeds, (SELECT count(*) FROM feed_change) + (SELECT count(*) FROM feed_snapshot) + (SELECT count(*) FROM link) AS others";
    let row = work.query(sql).fetch_one(&mut *work).await?;
    match (row.try_get::<i64, _>("feeds")?, row.try_get::<i64, _>("others")?) {
        (0, 0) => {
            let now = begin.ok_or(DatabaseError::Uninitialised)?;
            let stamp = Stamp { incarnation: Incarnation::generate(now, None)?, sequence: 0 };
            let place = place.read(&mut work).await?;
            let row = FeedRow { stamp, history: [0; 32], snapshot: 0, place };
            put_feed_row(&row, keyring, &mut work).await?;
        }
        (1, _) => {}
        _ => return Err(StoreError::Malformed),
    }
    work.commit().await?;
    database.close().await;
    Ok(())
}
