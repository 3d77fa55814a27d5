use portward::envelope::{KeyId, Slot, TenantKek};
use portward::{Identifier, KeyState, Keyring, Row, RowMac, RowValue, Timestamp};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::Work;
use crate::keys::error::KeyStoreError;
use crate::keys::rows::column::{Result, bytes, integer, mac_of, number, slot, state};

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

    pub(crate) async fn save(&self, keyring: &Keyring, to: &mut Work) -> Result<()> {
        let (tenant, slot) = (self.tenant.to_string(), self.slot.as_ref().map(Slot::to_bytes));
        let RowMac { root, mac } = self.with_row(|row| keyring.mac_row(row))?;
        let sql = "INSERT INTO tenant_kek VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (tenant, id, version) DO UPDATE SET state = excluded.state, slot = excluded.slot, changed = excluded.changed, revision = excluded.revision, root = excluded.root, mac = excluded.mac";
        let query = to.query(sql).bind(&tenant).bind(self.id.as_slice()).bind(i64::from(self.version));
        let query = query.bind(self.state.name()).bind(&slot).bind(self.check.as_slice());
        let query = query.bind(integer(self.created.unix())?).bind(integer(self.changed.unix())?);
        let query = query.bind(integer(self.revision)?).bind(root.to_bytes().to_vec()).bind(mac.to_vec());
        query.execute(&mut **to).await?;
        Ok(())
    }

    pub(crate) fn read(row: &AnyRow, keyring: &Keyring) -> Result<Self> {
        let read = Self {
            tenant: row.try_get::<String, _>("tenant")?.parse().map_err(|_| KeyStoreError::Malformed)?,
            id: bytes(row, "id")?,
            version: u32::try_from(number(row, "version")?).map_err(|_| KeyStoreError::Malformed)?,
            state: state(row)?,
            slot: slot(row)?,
            check: bytes(row, "check")?,
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
            table: "tenant_kek",
            fields: &[
                ("tenant", RowValue::Text(&tenant)),
                ("id", RowValue::Bytes(&self.id)),
                ("version", RowValue::Number(self.version.into())),
                ("state", RowValue::Text(self.state.name())),
                ("slot", slot.as_deref().map_or(RowValue::Absent, RowValue::Bytes)),
                ("check", RowValue::Bytes(&self.check)),
                ("created", RowValue::Number(self.created.unix())),
                ("changed", RowValue::Number(self.changed.unix())),
                ("revision", RowValue::Number(self.revision)),
            ],
        })
    }
}
