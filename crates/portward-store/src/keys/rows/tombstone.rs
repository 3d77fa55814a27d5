use portward::envelope::KeyId;
use portward::{Identifier, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};

/// That a key is destroyed for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TombstoneRow {
    pub(crate) tenant: Identifier,
    pub(crate) id: KeyId,
    pub(crate) at: Timestamp,
}

impl Record for TombstoneRow {
    const TABLE: Table = Table {
        name: "key_tombstone",
        columns: &[("tenant", Type::Text), ("id", Type::Bytes), ("at", Type::Number)],
        key: 2,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![Value::Text(self.tenant.to_string()), Value::Bytes(self.id.to_vec()), Value::Number(self.at.unix())]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self { tenant: values.parsed()?, id: values.array()?, at: Timestamp::from_unix(values.number()?) })
    }
}
