//! The rows of the key store, in and out of the database. `spec/store.md` section 2. Each is believed only with its MAC.

use portward::envelope::{DataKey, DataScope, KeyId, Slot, TenantKek};
use portward::{Identifier, KeyState, Keyring, RootId, Row, RowMac, RowValue, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::keys::KeyStoreError;

/// One version of a tenant's KEK.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TenantKekRow {
    pub(super) tenant: Identifier,
    pub(super) id: KeyId,
    pub(super) version: u32,
    pub(super) state: KeyState,
    pub(super) slot: Option<Slot>,
    pub(super) check: [u8; 8],
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) revision: u64,
}

/// One data key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct DataKeyRow {
    pub(super) tenant: Identifier,
    pub(super) scope: DataScope,
    pub(super) id: KeyId,
    pub(super) state: KeyState,
    pub(super) slot: Option<Slot>,
    pub(super) check: [u8; 8],
    pub(super) cost: u128,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) revision: u64,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl TenantKekRow {
    pub(super) fn new(tenant: Identifier, kek: &TenantKek, slot: Slot, now: Timestamp) -> Self {
        let (id, version, check) = (kek.id(), kek.version(), kek.check_value());
        let state = KeyState::Active;
        Self { tenant, id, version, state, slot: Some(slot), check, created: now, changed: now, revision: 1 }
    }

    /// The same, destroyed whatever was written: nothing of it is used.
    pub(super) fn buried(self) -> Self {
        Self { state: KeyState::Destroyed, slot: None, revision: self.revision.saturating_add(1), ..self }
    }

    /// The same in another state; without its slot when destroyed.
    pub(super) fn changed(self, state: KeyState, now: Timestamp) -> Self {
        let slot = self.slot.filter(|_| state != KeyState::Destroyed);
        Self { state, slot, changed: now, revision: self.revision.saturating_add(1), ..self }
    }

    pub(super) async fn save(&self, keyring: &Keyring, to: &mut SqliteConnection) -> Result<()> {
        let (tenant, slot) = (self.tenant.to_string(), self.slot.as_ref().map(Slot::to_bytes));
        let RowMac { root, mac } = self.with_row(|row| keyring.mac_row(row))?;
        let sql = "INSERT INTO tenant_kek VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, id, version) DO UPDATE SET state = excluded.state, slot = excluded.slot, changed = excluded.changed, revision = excluded.revision, root = excluded.root, mac = excluded.mac";
        let query = sqlx::query(sql).bind(&tenant).bind(self.id.as_slice()).bind(i64::from(self.version));
        let query = query.bind(self.state.name()).bind(&slot).bind(self.check.as_slice());
        let query = query.bind(integer(self.created.unix())?).bind(integer(self.changed.unix())?);
        let query = query.bind(integer(self.revision)?).bind(root.to_bytes().to_vec()).bind(mac.to_vec());
        query.execute(to).await?;
        Ok(())
    }

    pub(super) fn read(row: &SqliteRow, keyring: &Keyring) -> Result<Self> {
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

impl DataKeyRow {
    pub(super) fn new(key: &DataKey, slot: Slot, now: Timestamp) -> Self {
        Self {
            tenant: *key.tenant(),
            scope: key.scope().clone(),
            id: key.id(),
            state: KeyState::Active,
            slot: Some(slot),
            check: key.check_value(),
            cost: 0,
            created: now,
            changed: now,
            revision: 1,
        }
    }

    /// The same, destroyed whatever was written: nothing of it is used.
    pub(super) fn buried(self) -> Self {
        Self { state: KeyState::Destroyed, slot: None, revision: self.revision.saturating_add(1), ..self }
    }

    /// The same in another state; without its slot when destroyed.
    pub(super) fn changed(self, state: KeyState, now: Timestamp) -> Self {
        let slot = self.slot.filter(|_| state != KeyState::Destroyed);
        Self { state, slot, changed: now, revision: self.revision.saturating_add(1), ..self }
    }

    pub(super) async fn save(&self, keyring: &Keyring, to: &mut SqliteConnection) -> Result<()> {
        let (tenant, slot) = (self.tenant.to_string(), self.slot.as_ref().map(Slot::to_bytes));
        let RowMac { root, mac } = self.with_row(|row| keyring.mac_row(row))?;
        let sql = "INSERT INTO data_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, scope, id) DO UPDATE SET state = excluded.state, slot = excluded.slot, cost = excluded.cost, changed = excluded.changed, revision = excluded.revision, root = excluded.root, mac = excluded.mac";
        let query = sqlx::query(sql).bind(tenant).bind(self.scope.as_str()).bind(self.id.as_slice());
        let query = query.bind(self.state.name()).bind(slot).bind(self.check.as_slice());
        let query = query.bind(self.cost.to_be_bytes().to_vec());
        let query = query.bind(integer(self.created.unix())?).bind(integer(self.changed.unix())?);
        let query = query.bind(integer(self.revision)?).bind(root.to_bytes().to_vec()).bind(mac.to_vec());
        query.execute(to).await?;
        Ok(())
    }

    pub(super) fn read(row: &SqliteRow, keyring: &Keyring) -> Result<Self> {
        let text = |name| row.try_get::<String, _>(name);
        let read = Self {
            tenant: text("tenant")?.parse().map_err(|_| KeyStoreError::Malformed)?,
            scope: text("scope")?.parse().map_err(|_| KeyStoreError::Malformed)?,
            id: bytes(row, "id")?,
            state: state(row)?,
            slot: slot(row)?,
            check: bytes(row, "check")?,
            cost: u128::from_be_bytes(bytes(row, "cost")?),
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
                ("cost", RowValue::Bytes(&self.cost.to_be_bytes())),
                ("created", RowValue::Number(self.created.unix())),
                ("changed", RowValue::Number(self.changed.unix())),
                ("revision", RowValue::Number(self.revision)),
            ],
        })
    }
}

/// That a key is destroyed for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TombstoneRow {
    pub(super) tenant: Identifier,
    pub(super) id: KeyId,
    pub(super) at: Timestamp,
}

impl TombstoneRow {
    /// One that is there already stays as it is.
    pub(super) async fn save(&self, keyring: &Keyring, to: &mut SqliteConnection) -> Result<()> {
        let RowMac { root, mac } = self.with_row(|row| keyring.mac_row(row))?;
        let query = sqlx::query("INSERT OR IGNORE INTO key_tombstone VALUES (?, ?, ?, ?, ?)");
        let query = query.bind(self.tenant.to_string()).bind(self.id.as_slice()).bind(integer(self.at.unix())?);
        query.bind(root.to_bytes().to_vec()).bind(mac.to_vec()).execute(to).await?;
        Ok(())
    }

    pub(super) fn read(row: &SqliteRow, keyring: &Keyring) -> Result<Self> {
        let tenant = row.try_get::<String, _>("tenant")?.parse().map_err(|_| KeyStoreError::Malformed)?;
        let read = Self { tenant, id: bytes(row, "id")?, at: Timestamp::from_unix(number(row, "at")?) };
        let carried = mac_of(row)?;
        read.with_row(|row| keyring.check_row(row, &carried))?;
        Ok(read)
    }

    fn with_row<T>(&self, take: impl FnOnce(&Row<'_>) -> T) -> T {
        let tenant = self.tenant.to_string();
        let fields = [
            ("tenant", RowValue::Text(&tenant)),
            ("id", RowValue::Bytes(&self.id)),
            ("at", RowValue::Number(self.at.unix())),
        ];
        take(&Row { table: "key_tombstone", fields: &fields })
    }
}

fn state(row: &SqliteRow) -> Result<KeyState> {
    let name: String = row.try_get("state")?;
    let states = [KeyState::Active, KeyState::VerifyOnly, KeyState::Retired, KeyState::Destroyed];
    states.into_iter().find(|state| state.name() == name).ok_or(KeyStoreError::Malformed)
}

fn slot(row: &SqliteRow) -> Result<Option<Slot>> {
    let slot: Option<Vec<u8>> = row.try_get("slot")?;
    slot.map(|bytes| Slot::from_bytes(&bytes).ok_or(KeyStoreError::Malformed)).transpose()
}

fn mac_of(row: &SqliteRow) -> Result<RowMac> {
    Ok(RowMac { root: RootId::from_bytes(bytes(row, "root")?), mac: bytes(row, "mac")? })
}

fn bytes<const N: usize>(row: &SqliteRow, name: &str) -> Result<[u8; N]> {
    row.try_get::<Vec<u8>, _>(name)?.try_into().map_err(|_| KeyStoreError::Malformed)
}

/// The database's whole numbers end at 2⁶³−1; none of ours is near it.
fn number(row: &SqliteRow, name: &str) -> Result<u64> {
    u64::try_from(row.try_get::<i64, _>(name)?).map_err(|_| KeyStoreError::Malformed)
}

fn integer(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| KeyStoreError::Malformed)
}
