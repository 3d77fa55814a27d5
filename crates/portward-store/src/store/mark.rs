use portward::Stamp;

use crate::database::record::Record;
use crate::store::rows::FeedRow;

/// The row of a feed that comes out of a backup: at a place where no database lies, so that it is refused until it is recovered, also
/// where it was before. `spec/backup.md` section 5.
pub(crate) fn restored(stamp: Stamp, history: [u8; 32], snapshot: u64, number: u64) -> impl Record {
    FeedRow { stamp, history, snapshot, place: format!("restored/{number}") }
}
