use portward::envelope::{KeyId, Slot, TenantKek};
use portward::{Identifier, KeyState, Timestamp};

use crate::database::record::{Record, Table, Type, Value, Values};
use crate::keys::rows::column::{slot, state};

/// One version of a tenant's KEK.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TenantKekRow {
    pub(crate) tenant: Identifier,
    pub(crate) id: KeyId,
    pub(crate) version: u32,
    pub(crate) state: KeyState,
    pub(crate) slot: Option<Slot>,
    pub(crate) check: [u8; 8],
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) revision: u64,
}

impl TenantKekRow {
    pub(crate) fn new(tenant: Identifier, kek: &TenantKek, slot: Slot, now: Timestamp) -> Self {
        let (id, version, check) = (kek.id(), kek.version(), kek.check_value());
        let state = KeyState::Active;
        Self { tenant, id, version, state, slot: Some(slot), check, created: now, changed: now, revision: 1 }
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

impl Record for TenantKekRow {
    const TABLE: Table = Table {
        name: "tenant_kek",
        columns: &[
            ("tenant", Type::Text),
            ("id", Type::Bytes),
            ("version", Type::Number),
            ("state", Type::Text),
            ("slot", Type::Bytes),
            ("check", Type::Bytes),
            ("created", Type::Number),
            ("changed", Type::Number),
            ("revision", Type::Number),
        ],
        key: 3,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![
            Value::Text(self.tenant.to_string()),
            Value::Bytes(self.id.to_vec()),
            Value::Number(self.version.into()),
            Value::Text(self.state.name().to_owned()),
            Value::optional(self.slot.as_ref(), |slot| Value::Bytes(slot.to_bytes())),
            Value::Bytes(self.check.to_vec()),
            Value::Number(self.created.unix()),
            Value::Number(self.changed.unix()),
            Value::Number(self.revision),
        ]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self {
            tenant: values.parsed()?,
            id: values.array()?,
            version: u32::try_from(values.number()?).ok()?,
            state: state(values)?,
            slot: slot(values)?,
            check: values.array()?,
            created: Timestamp::from_unix(values.number()?),
            changed: Timestamp::from_unix(values.number()?),
            revision: values.number()?,
        })
    }
}
