use portward::Identifier;
use portward::envelope::KeyId;

use crate::database::record::{Record, Table, Type, Value, Values};

/// The lowest version of a tenant's KEK that opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MinimumRow {
    pub(crate) tenant: Identifier,
    pub(crate) id: KeyId,
    pub(crate) minimum: u32,
    pub(crate) revision: u64,
}

impl Record for MinimumRow {
    const TABLE: Table = Table {
        name: "tenant_minimum",
        columns: &[("tenant", Type::Text), ("id", Type::Bytes), ("minimum", Type::Number), ("revision", Type::Number)],
        key: 2,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![
            Value::Text(self.tenant.to_string()),
            Value::Bytes(self.id.to_vec()),
            Value::Number(self.minimum.into()),
            Value::Number(self.revision),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self {
            tenant: values.parsed()?,
            id: values.array()?,
            minimum: u32::try_from(values.number()?).ok()?,
            revision: values.number()?,
        })
    }
}
