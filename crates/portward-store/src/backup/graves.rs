//! What was destroyed, and is again in a key store that came out of a backup. `spec/backup.md` section 5.

use std::collections::HashMap;
use std::sync::Arc;

use portward::envelope::Slot;
use portward::{EntryId, Keyring, RevocationView, Timestamp};
use sqlx::AssertSqlSafe;

use crate::backup::BackupError;
use crate::database::Work;
use crate::database::record::{self, Record, RecordError, Table, Type, Value, Values};

type Result<T> = core::result::Result<T, BackupError>;

/// Tombstones, wherever they are known from.
pub(crate) struct Graves {
    stones: HashMap<(String, EntryId), u64>,
    view: Option<Arc<RevocationView>>,
}

/// A row of `key_tombstone`.
pub(super) struct Stone {
    pub(super) tenant: String,
    pub(super) id: EntryId,
    pub(super) at: u64,
}

/// A row of a table of keys, as it is.
trait KeyRow: Record {
    fn of(values: Vec<Value>) -> Self;
}

struct TenantKek(Vec<Value>);
struct DataKey(Vec<Value>);

impl Graves {
    /// Those of a view.
    pub(super) fn of(view: Option<Arc<RevocationView>>) -> Self {
        Self { stones: HashMap::new(), view }
    }

    /// Adds the tombstones of a key store. A row that is not believed says nothing.
    pub(super) async fn add_from(&mut self, work: &mut Work, keyring: &Keyring) -> Result<()> {
        for stone in rows::<Stone>(work, keyring).await? {
            self.add(stone);
        }
        Ok(())
    }

    pub(super) fn add(&mut self, stone: Stone) {
        let at = self.stones.entry((stone.tenant, stone.id)).or_insert(stone.at);
        *at = stone.at.min(*at);
    }

    pub(super) fn stones(&self) -> impl Iterator<Item = Stone> {
        self.stones.iter().map(|((tenant, id), at)| Stone { tenant: tenant.clone(), id: *id, at: *at })
    }

    fn has(&self, tenant: &str, id: EntryId) -> bool {
        let in_view = |view: &Arc<RevocationView>| tenant.parse().is_ok_and(|tenant| view.is_tombstoned(&tenant, id));
        self.stones.contains_key(&(tenant.to_owned(), id)) || self.view.as_ref().is_some_and(in_view)
    }

    /// Destroys in a key store what is known to be destroyed. Returns how many keys that were.
    pub(super) async fn bury(&mut self, work: &mut Work, keyring: &Keyring, now: Timestamp) -> Result<u64> {
        self.add_from(work, keyring).await?;
        let mut buried = 0u64;
        for row in rows::<TenantKek>(work, keyring).await? {
            buried = buried.saturating_add(self.bury_row(row, work, keyring, now).await?);
        }
        for row in rows::<DataKey>(work, keyring).await? {
            buried = buried.saturating_add(self.bury_row(row, work, keyring, now).await?);
        }
        let stones: Vec<Stone> = self.stones().collect();
        for stone in stones {
            record::save(&stone, keyring, work).await.map_err(of_record)?;
        }
        Ok(buried)
    }

    async fn bury_row<R: KeyRow>(&mut self, row: R, work: &mut Work, keyring: &Keyring, now: Timestamp) -> Result<u64> {
        let mut values = row.to_values();
        let malformed = || BackupError::Malformed;
        let (Some(Value::Text(tenant)), Some(Value::Bytes(id))) =
            (field::<R>(&values, "tenant"), field::<R>(&values, "id"))
        else {
            return Err(malformed());
        };
        let (tenant, id): (String, EntryId) = (tenant.clone(), id.as_slice().try_into().map_err(|_| malformed())?);
        let Some(Value::Bytes(slot)) = field::<R>(&values, "slot") else { return Ok(0) };
        // A data key goes with the tenant KEK that it lies under.
        let under = Slot::from_bytes(slot).and_then(|slot| slot.kek().id().try_into().ok());
        if !self.has(&tenant, id) && !under.is_some_and(|kek| self.has(&tenant, kek)) {
            return Ok(0);
        }
        let revision = match field::<R>(&values, "revision") {
            Some(Value::Number(revision)) => revision.saturating_add(1),
            _ => return Err(malformed()),
        };
        set::<R>(&mut values, "slot", Value::Absent);
        set::<R>(&mut values, "state", Value::Text("destroyed".to_owned()));
        set::<R>(&mut values, "changed", Value::Number(now.unix()));
        set::<R>(&mut values, "revision", Value::Number(revision));
        record::save(&R::of(values), keyring, work).await.map_err(of_record)?;
        self.stones.entry((tenant, id)).or_insert(now.unix());
        Ok(1)
    }
}

/// The rows of a table that are believed.
async fn rows<R: Record>(work: &mut Work, keyring: &Keyring) -> Result<Vec<R>> {
    let sql = format!("SELECT * FROM {}", R::TABLE.name);
    let mut believed = Vec::new();
    for row in work.query(AssertSqlSafe(sql)).fetch_all(&mut **work).await? {
        match record::read(&row, keyring) {
            Ok(row) => believed.push(row),
            Err(RecordError::Database(error)) => return Err(error.into()),
            Err(RecordError::Row(_) | RecordError::Malformed) => {}
        }
    }
    Ok(believed)
}

pub(super) fn of_record(error: RecordError) -> BackupError {
    match error {
        RecordError::Database(error) => error.into(),
        RecordError::Row(error) => error.into(),
        RecordError::Malformed => BackupError::Malformed,
    }
}

fn place<R: Record>(name: &str) -> Option<usize> {
    R::TABLE.columns.iter().position(|(column, _)| *column == name)
}

fn field<'v, R: Record>(values: &'v [Value], name: &str) -> Option<&'v Value> {
    values.get(place::<R>(name)?)
}

fn set<R: Record>(values: &mut [Value], name: &str, to: Value) {
    if let Some(value) = place::<R>(name).and_then(|place| values.get_mut(place)) {
        *value = to;
    }
}

impl Record for Stone {
    const TABLE: Table = Table {
        name: "key_tombstone",
        columns: &[("tenant", Type::Text), ("id", Type::Bytes), ("at", Type::Number)],
        key: 2,
    };

    fn to_values(&self) -> Vec<Value> {
        vec![Value::Text(self.tenant.clone()), Value::Bytes(self.id.to_vec()), Value::Number(self.at)]
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self { tenant: values.text()?, id: values.array()?, at: values.number()? })
    }
}

impl Record for TenantKek {
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
        self.0.clone()
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self(values.rest()))
    }
}

impl Record for DataKey {
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
        self.0.clone()
    }

    fn from_values(values: &mut Values) -> Option<Self> {
        Some(Self(values.rest()))
    }
}

impl KeyRow for TenantKek {
    fn of(values: Vec<Value>) -> Self {
        Self(values)
    }
}

impl KeyRow for DataKey {
    fn of(values: Vec<Value>) -> Self {
        Self(values)
    }
}
