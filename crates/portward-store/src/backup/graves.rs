//! What was destroyed, and is again in a key store that came out of a backup. `spec/backup.md` section 5.

use std::collections::HashMap;
use std::sync::Arc;

use portward::envelope::Slot;
use portward::{EntryId, Identifier, KeyState, Keyring, RevocationView, Timestamp};
use sqlx::AssertSqlSafe;

use crate::backup::BackupError;
use crate::database::Work;
use crate::database::record::{self, Record, RecordError};
use crate::keys::rows::{DataKeyRow, TenantKekRow, TombstoneRow};

type Result<T> = core::result::Result<T, BackupError>;

/// Tombstones, wherever they are known from.
pub(crate) struct Graves {
    stones: HashMap<(Identifier, EntryId), Timestamp>,
    view: Option<Arc<RevocationView>>,
}

/// A row of a table of keys.
trait KeyRow: Record {
    fn name(&self) -> (Identifier, EntryId);
    fn slot(&self) -> Option<&Slot>;
    fn buried(self, now: Timestamp) -> Self;
}

impl Graves {
    /// Those of a view.
    pub(super) fn of(view: Option<Arc<RevocationView>>) -> Self {
        Self { stones: HashMap::new(), view }
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
        let in_view = self.view.as_ref().is_some_and(|view| view.is_tombstoned(&tenant, id));
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
        let stones: Vec<TombstoneRow> = self.stones().collect();
        for stone in stones {
            record::save(&stone, keyring, work).await.map_err(of_record)?;
        }
        Ok(buried)
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
