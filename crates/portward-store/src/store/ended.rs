//! By when what has ended may be forgotten. `spec/store.md` section 5.

use core::time::Duration;

use portward::{Keyring, Timestamp};

use crate::database::{Work, record};
use crate::store::error::StoreError;
use crate::store::rows::LinkRow;

/// How far beyond the newest link the clock is believed.
const DAY: Duration = Duration::from_secs(86_400);
/// Of so many links one has to be believed.
const NEWEST: i64 = 100;

/// The clock, but no later than a day after the newest link that is believed was made. What a clock that is ahead takes for ended, above all what
/// is revoked, has to be there when it is right again, unless links were made meanwhile. Where none are made, little piles up.
pub(super) async fn ended_by(clock: Timestamp, keyring: &Keyring, work: &mut Work) -> Result<Timestamp, StoreError> {
    let query = work.query("SELECT * FROM link ORDER BY created DESC LIMIT $1").bind(NEWEST);
    let rows = query.fetch_all(&mut **work).await?;
    let newest = rows.iter().find_map(|row| record::read::<LinkRow>(row, keyring).ok());
    let latest = newest.map_or(Timestamp::from_unix(0), |link| link.created.saturating_add(DAY));
    Ok(clock.min(latest))
}
