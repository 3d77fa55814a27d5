use portward::envelope::{DataKey, DataScope, KeyId, Slot, Usage};
use portward::{Identifier, KeyState, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};
use crate::keys::rows::column::{slot, state};

/// One data key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DataKeyRow {
    pub(crate) tenant: Identifier,
    pub(crate) scope: DataScope,
    pub(crate) id: KeyId,
    pub(crate) state: KeyState,
    pub(crate) slot: Option<Slot>,
    pub(crate) check: [u8; 8],
    pub(crate) used: Usage,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) revision: u64,
}

impl DataKeyRow {
    pub(crate) fn new(key: &DataKey, slot: Slot, now: Timestamp) -> Self {
        Self {
            tenant: *key.tenant(),
            scope: key.scope().clone(),
            id: key.id(),
            state: KeyState::Active,
            slot: Some(slot),
            check: key.check_value(),
            used: Usage::default(),
            created: now,
            changed: now,
            revision: 1,
        }
    }

    /// The same, destroyed whatever was written: nothing of it is used.
    pub(crate) fn buried(self) -> Self {
        Self { state: KeyState::Destroyed, slot: None, revision: self.revision.saturating_add(1), ..self }
    }

    /// The same in another state; without its slot when destroyed.
    pub(crate) fn changed(self, state: KeyState, now: Timestamp) -> Self {
        let slot = self.slot.filter(|_| state != KeyState::Destroyed);
        Self { state, slot, changed: now, revision: self.revision.saturating_add(1), ..self }
    }
}

impl Record for DataKeyRow {
    const TABLE: Table = Table {
        name: "data_key",
        columns: &[
            ("tenant", Type::Text),
            ("scope", Type::Text),
            ("id", Type::Bytes),
            ("state", Type::Text),
            ("slot", Type::Bytes),
            ("check", Type::Bytes),
            ("cost", Type::Bytes),
            ("created", Type::Number),
            ("changed", Type::Number),
            ("revision", Type::Number),
        ],
        key: 3,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![
            Value::Text(self.tenant.to_string()),
            Value::Text(self.scope.as_str().to_owned()),
            Value::Bytes(self.id.to_vec()),
            Value::Text(self.state.name().to_owned()),
            Value::optional(self.slot.as_ref(), |slot| Value::Bytes(slot.to_bytes())),
            Value::Bytes(self.check.to_vec()),
            Value::Bytes(self.used.cost().to_be_bytes().to_vec()),
            Value::Number(self.created.unix()),
            Value::Number(self.changed.unix()),
            Value::Number(self.revision),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self {
            tenant: values.parsed()?,
            scope: values.parsed()?,
            id: values.array()?,
            state: state(values)?,
            slot: slot(values)?,
            check: values.array()?,
            used: Usage::from_cost(u128::from_be_bytes(values.array()?)),
            created: Timestamp::from_unix(values.number()?),
            changed: Timestamp::from_unix(values.number()?),
            revision: values.number()?,
        })
    }
}
