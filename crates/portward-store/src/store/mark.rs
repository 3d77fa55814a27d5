//! The row of a feed, for who backs a store up and restores it. `spec/backup.md` section 5.

use portward::{Keyring, RootId, RowMac, Stamp};

use crate::database::record::{self, Record, Value};
use crate::store::rows::FeedRow;

/// The columns of the row, then its root and its MAC.
pub(crate) type FeedColumns = (Vec<u8>, i64, Vec<u8>, i64, String, Vec<u8>, Vec<u8>);

/// Where the feed stands, its history, and the sequence of its snapshot; if the row is believed.
pub(crate) fn believed(row: FeedColumns, keyring: &Keyring) -> Option<(Stamp, [u8; 32], u64)> {
    let (incarnation, sequence, history, snapshot, place, root, mac) = row;
    let values = vec![
        Value::Bytes(incarnation),
        Value::Number(sequence.try_into().ok()?),
        Value::Bytes(history),
        Value::Number(snapshot.try_into().ok()?),
        Value::Text(place),
    ];
    let carried = RowMac { root: RootId::from_bytes(root.try_into().ok()?), mac: mac.try_into().ok()? };
    let FeedRow { stamp, history, snapshot, .. } = record::believe(values, &carried, keyring).ok()?;
    Some((stamp, history, snapshot))
}

/// The row as it comes out of a backup: at a place where no database lies, so that it is refused until it is recovered, also where it
/// was before.
pub(crate) fn restored(stamp: Stamp, history: [u8; 32], snapshot: u64, number: u64) -> impl Record {
    FeedRow { stamp, history, snapshot, place: restored_place(number) }
}

pub(crate) fn restored_place(number: u64) -> String {
    format!("restored/{number}")
}
