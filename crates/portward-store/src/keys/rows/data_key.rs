use portward::envelope::{DataKey, DataScope, KeyId, Slot, Usage};
use portward::{Identifier, KeyState, Keyring, Row, RowMac, RowValue, Timestamp};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::Work;
use crate::keys::error::KeyStoreError;
use crate::keys::rows::column::{Result, bytes, integer, mac_of, number, slot, state};

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

    pub(crate) async fn save(&self, keyring: &Keyring, to: &mut Work) -> Result<()> {
        let (tenant, slot) = (self.tenant.to_string(), self.slot.as_ref().map(Slot::to_bytes));
        let RowMac { root, mac } = self.with_row(|row| keyring.mac_row(row))?;
        let sql = "INSERT INTO data_key VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (tenant, scope, id) DO UPDATE SET state = excluded.state, slot = excluded.slot, cost = excluded.cost, changed = excluded.changed, revision = excluded.revision, root = excluded.root, mac = excluded.mac";
        let query = to.query(sql).bind(tenant).bind(self.scope.as_str()).bind(self.id.as_slice());
        let query = query.bind(self.state.name()).bind(slot).bind(self.check.as_slice());
        let query = query.bind(self.used.cost().to_be_bytes().to_vec());
        let query = query.bind(integer(self.created.unix())?).bind(integer(self.changed.unix())?);
        let query = query.bind(integer(self.revision)?).bind(root.to_bytes().to_vec()).bind(mac.to_vec());
        query.execute(&mut **to).await?;
        Ok(())
    }

    pub(crate) fn read(row: &AnyRow, keyring: &Keyring) -> Result<Self> {
        let text = |name| row.try_get::<String, _>(name);
        let read = Self {
            tenant: text("tenant")?.parse().map_err(|_| KeyStoreError::Malformed)?,
            scope: text("scope")?.parse().map_err(|_| KeyStoreError::Malformed)?,
            id: bytes(row, "id")?,
            state: state(row)?,
            slot: slot(row)?,
            check: bytes(row, "check")?,
            used: Usage::from_cost(u128::from_be_bytes(bytes(row, "cost")?)),
            created: Timestamp::from_unix(number(row, "created")?),
            changed: Timestamp::from_unix(number(row, "changed")?),
            revision: number(row, "revision")?,
        };
        let carried = mac_of(row)?;
        read.with_row(|row| keyring.check_row(row, &carried))?;
        Ok(read)
    }

    fn with_row<T>(&self, take: impl FnOnce(&Row<'_>) -> T) -> T {
        let (tenant, slot) = (self.tenant.to_string(), self.slot.as_ref().map(Slot::to_bytes));
        take(&Row {
            table: "data_key",
            fields: &[
                ("tenant", RowValue::Text(&tenant)),
                ("scope", RowValue::Text(self.scope.as_str())),
                ("id", RowValue::Bytes(&self.id)),
                ("state", RowValue::Text(self.state.name())),
                ("slot", slot.as_deref().map_or(RowValue::Absent, RowValue::Bytes)),
                ("check", RowValue::Bytes(&self.check)),
                ("cost", RowValue::Bytes(&self.used.cost().to_be_bytes())),
                ("created", RowValue::Number(self.created.unix())),
                ("changed", RowValue::Number(self.changed.unix())),
                ("revision", RowValue::Number(self.revision)),
            ],
        })
    }
}
