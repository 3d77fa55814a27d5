use portward::{EntryId, Identifier, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};

/// That a nonce was used: asked for with it again, the session is the same redemption's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RedemptionRow {
    pub(crate) tenant: Identifier,
    pub(crate) link: EntryId,
    /// The nonce's random bytes.
    pub(crate) id: EntryId,
    pub(crate) chain: EntryId,
    pub(crate) expires: Timestamp,
}

impl Record for RedemptionRow {
    const TABLE: Table = Table {
        name: "redemption",
        columns: &[
            ("tenant", Type::Text),
            ("link", Type::Bytes),
            ("id", Type::Bytes),
            ("chain", Type::Bytes),
            ("expires", Type::Number),
        ],
        key: 3,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![
            Value::Text(self.tenant.to_string()),
            Value::Bytes(self.link.to_vec()),
            Value::Bytes(self.id.to_vec()),
            Value::Bytes(self.chain.to_vec()),
            Value::Number(self.expires.unix()),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self {
            tenant: values.parsed()?,
            link: values.array()?,
            id: values.array()?,
            chain: values.array()?,
            expires: Timestamp::from_unix(values.number()?),
        })
    }
}
