//! What was destroyed, and is again in a key store that came out of a backup. `spec/backup.md` section 5.

use std::collections::HashMap;
use std::sync::Arc;

use portward::envelope::Slot;
use portward::{EntryId, Identifier, KeyState, Keyring, RevocationView, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use crate::backup::BackupError;
use crate::database::Work;
use crate::database::record::{self, Record, RecordError};
use crate::keys::rows::{DataKeyRow, TenantKekRow, TombstoneRow};

type Result<T> = core::result::Result<T, BackupError>;

/// Tombstones, wherever they are known from.
pub(crate) struct Graves {
    stones: HashMap<(Identifier, EntryId), Timestamp>,
    views: Vec<Arc<RevocationView>>,
}

/// A row of a table of keys.
trait KeyRow: Record {
    fn name(&self) -> (Identifier, EntryId);
    fn slot(&self) -> Option<&Slot>;
    fn buried(self, now: Timestamp) -> Self;
}

impl Graves {
    /// Those of views.
    pub(super) fn of(views: Vec<Arc<RevocationView>>) -> Self {
        Self { stones: HashMap::new(), views }
    }

    /// Adds the tombstones of a key store. A row that is not believed says nothing.
    pub(super) async fn add_from(&mut self, work: &mut Work, keyring: &Keyring) -> Result<()> {
        for stone in rows::<TombstoneRow>(work, keyring).await? {
            self.add(stone);
        }
        Ok(())
    }

    pub(super) fn add(&mut self, stone: TombstoneRow) {
        let at = self.stones.entry((stone.tenant, stone.id)).or_insert(stone.at);
        *at = stone.at.min(*at);
    }

    pub(super) fn stones(&self) -> impl Iterator<Item = TombstoneRow> {
        self.stones.iter().map(|((tenant, id), at)| TombstoneRow { tenant: *tenant, id: *id, at: *at })
    }

    fn has(&self, tenant: Identifier, id: EntryId) -> bool {
        let in_view = self.views.iter().any(|view| view.is_tombstoned(&tenant, id));
        in_view || self.stones.contains_key(&(tenant, id))
    }

    /// Destroys in a key store what is known to be destroyed. Returns how many keys that were.
    pub(super) async fn bury(&mut self, work: &mut Work, keyring: &Keyring, now: Timestamp) -> Result<u64> {
        self.add_from(work, keyring).await?;
        let mut buried = 0u64;
        for row in rows::<TenantKekRow>(work, keyring).await? {
            buried = buried.saturating_add(self.bury_row(row, work, keyring, now).await?);
        }
        for row in rows::<DataKeyRow>(work, keyring).await? {
            buried = buried.saturating_add(self.bury_row(row, work, keyring, now).await?);
        }
        for table in [TenantKekRow::TABLE.name, DataKeyRow::TABLE.name] {
            buried = buried.saturating_add(self.strip(table, work).await?);
        }
        let stones: Vec<TombstoneRow> = self.stones().collect();
        for stone in stones {
            record::save(&stone, keyring, work).await.map_err(of_record)?;
        }
        Ok(buried)
    }

    /// Takes the slot out of what is left of a table under a tombstone: of rows that are not believed. What is wrapped in one is real all
    /// the same. It gets no MAC, and is not believed afterwards either.
    async fn strip(&self, table: &str, work: &mut Work) -> Result<u64> {
        let sql = format!("SELECT tenant, id, slot FROM {table} WHERE slot IS NOT NULL");
        let mut stripped = 0u64;
        for row in work.query(AssertSqlSafe(sql)).fetch_all(&mut **work).await? {
            let Some((tenant, id, slot)) = said(&row) else { continue };
            if !self.has(tenant, id) && !under(&slot).is_some_and(|kek| self.has(tenant, kek)) {
                continue;
            }
            let sql = format!("UPDATE {table} SET slot = NULL WHERE tenant = $1 AND id = $2 AND slot = $3");
            let query = work.query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_vec()).bind(slot);
            let done = query.execute(&mut **work).await?;
            stripped = stripped.saturating_add(done.rows_affected());
        }
        Ok(stripped)
    }

    async fn bury_row<R: KeyRow>(&mut self, row: R, work: &mut Work, keyring: &Keyring, now: Timestamp) -> Result<u64> {
        let (tenant, id) = row.name();
        let Some(slot) = row.slot() else { return Ok(0) };
        // A data key goes with the tenant KEK that it lies under.
        let under = slot.kek().id().try_into().ok();
        if !self.has(tenant, id) && !under.is_some_and(|kek| self.has(tenant, kek)) {
            return Ok(0);
        }
        record::save(&row.buried(now), keyring, work).await.map_err(of_record)?;
        self.stones.entry((tenant, id)).or_insert(now);
        Ok(1)
    }
}

/// Whose key a row says it holds that is not believed, and its slot. What is of another type is none.
fn said(row: &AnyRow) -> Option<(Identifier, EntryId, Vec<u8>)> {
    let bytes = |name: &str| row.try_get::<Vec<u8>, _>(name).ok();
    let tenant = row.try_get::<String, _>("tenant").ok()?.parse().ok()?;
    Some((tenant, bytes("id")?.try_into().ok()?, bytes("slot")?))
}

/// The KEK that a slot names, if it is as long as a tenant's.
fn under(slot: &[u8]) -> Option<EntryId> {
    Slot::from_bytes(slot)?.kek().id().try_into().ok()
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

impl KeyRow for TenantKekRow {
    fn name(&self) -> (Identifier, EntryId) {
        (self.tenant, self.id)
    }

    fn slot(&self) -> Option<&Slot> {
        self.slot.as_ref()
    }

    fn buried(self, now: Timestamp) -> Self {
        self.changed(KeyState::Destroyed, now)
    }
}

impl KeyRow for DataKeyRow {
    fn name(&self) -> (Identifier, EntryId) {
        (self.tenant, self.id)
    }

    fn slot(&self) -> Option<&Slot> {
        self.slot.as_ref()
    }

    fn buried(self, now: Timestamp) -> Self {
        self.changed(KeyState::Destroyed, now)
    }
}
