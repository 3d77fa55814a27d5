use portward::{Incarnation, Stamp};

use crate::database::record::{Record, Table, Type, Value, Values};

/// Where the feed stands: the one row of its table.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FeedRow {
    pub(crate) stamp: Stamp,
    pub(crate) history: [u8; 32],
    /// The sequence of the newest complete snapshot, 0 if there is none.
    pub(crate) snapshot: u64,
    pub(crate) place: String,
}

impl FeedRow {
    /// As which change the newest snapshot was written.
    pub(crate) const fn snapshot_stamp(&self) -> Stamp {
        Stamp { incarnation: self.stamp.incarnation, sequence: self.snapshot }
    }
}

/// One change as it was committed.
pub(crate) struct ChangeRow {
    pub(crate) stamp: Stamp,
    pub(crate) body: Vec<u8>,
    pub(crate) history: [u8; 32],
}

impl Record for FeedRow {
    const TABLE: Table = Table {
        name: "feed",
        columns: &[
            ("incarnation", Type::Bytes),
            ("sequence", Type::Number),
            ("history", Type::Bytes),
            ("snapshot", Type::Number),
            ("place", Type::Text),
        ],
        key: 0,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![
            Value::Bytes(self.stamp.incarnation.to_bytes().to_vec()),
            Value::Number(self.stamp.sequence),
            Value::Bytes(self.history.to_vec()),
            Value::Number(self.snapshot),
            Value::Text(self.place.clone()),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        let stamp = stamp(values)?;
        Some(Self { stamp, history: values.array()?, snapshot: values.number()?, place: values.text()? })
    }
}

impl Record for ChangeRow {
    const TABLE: Table = Table {
        name: "feed_change",
        columns: &[
            ("incarnation", Type::Bytes),
            ("sequence", Type::Number),
            ("body", Type::Bytes),
            ("history", Type::Bytes),
        ],
        key: 2,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![
            Value::Bytes(self.stamp.incarnation.to_bytes().to_vec()),
            Value::Number(self.stamp.sequence),
            Value::Bytes(self.body.clone()),
            Value::Bytes(self.history.to_vec()),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self { stamp: stamp(values)?, body: values.bytes()?, history: values.array()? })
    }
}

fn stamp(values: &mut Values) -> Option<Stamp> {
    Some(Stamp { incarnation: Incarnation::from_bytes(values.array()?), sequence: values.number()? })
}
