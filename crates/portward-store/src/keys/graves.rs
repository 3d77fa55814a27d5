//! What was destroyed, and has its slot again in a key store that is older: out of a backup (`spec/backup.md` section 5), or put back by other
//! means (`spec/store.md` section 2).

use core::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use portward::envelope::{KeyId, Slot};
use portward::{Identifier, KeyState, Keyring, RevocationView, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use crate::database::Work;
use crate::database::record::{self, Record, RecordError};
use crate::keys::rows::{DataKeyRow, TenantKekRow, TombstoneRow};

type Result<T> = core::result::Result<T, RecordError>;

/// Tombstones, wherever they are known from.
pub(crate) struct Graves<V = Arc<RevocationView>> {
    stones: HashMap<(Identifier, KeyId), Timestamp>,
    views: Vec<V>,
}

/// Of whom: of everybody, or of one tenant.
pub(crate) type Whose = Option<Identifier>;

/// A row of a table of keys.
trait KeyRow: Record {
    fn name(&self) -> (Identifier, KeyId);
    fn slot(&self) -> Option<&Slot>;
    fn buried(self, now: Timestamp) -> Self;
}

impl<V: Borrow<RevocationView>> Graves<V> {
    /// Those of views.
    pub(crate) fn of(views: Vec<V>) -> Self {
        Self { stones: HashMap::new(), views }
    }

    /// Adds the tombstones of a key store. A row that is not believed says nothing.
    pub(crate) async fn add_from(&mut self, work: &mut Work, keyring: &Keyring, whose: Whose) -> Result<()> {
        for stone in rows::<TombstoneRow>(work, keyring, whose).await? {
            self.add(stone);
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, stone: TombstoneRow) {
        let at = self.stones.entry((stone.tenant, stone.id)).or_insert(stone.at);
        *at = stone.at.min(*at);
    }

    pub(crate) fn stones(&self) -> impl Iterator<Item = TombstoneRow> {
        self.stones.iter().map(|((tenant, id), at)| TombstoneRow { tenant: *tenant, id: *id, at: *at })
    }

    fn has(&self, tenant: Identifier, id: KeyId) -> bool {
        let in_view = self.views.iter().any(|view| view.borrow().is_tombstoned(&tenant, id));
        in_view || self.stones.contains_key(&(tenant, id))
    }

    /// Destroys in a key store what is known to be destroyed. Returns how many keys that were.
    pub(crate) async fn bury(
        &mut self,
        work: &mut Work,
        keyring: &Keyring,
        (whose, now): (Whose, Timestamp),
    ) -> Result<u64> {
        self.add_from(work, keyring, whose).await?;
        let mut buried = 0u64;
        for row in rows::<TenantKekRow>(work, keyring, whose).await? {
            buried = buried.saturating_add(self.bury_row(row, work, keyring, now).await?);
        }
        for row in rows::<DataKeyRow>(work, keyring, whose).await? {
            buried = buried.saturating_add(self.bury_row(row, work, keyring, now).await?);
        }
        for table in TABLES {
            buried = buried.saturating_add(self.strip(table, work, whose).await?);
        }
        let stones: Vec<TombstoneRow> = self.stones().collect();
        for stone in stones {
            record::save(&stone, keyring, work).await?;
        }
        Ok(buried)
    }

    /// The keys under a tombstone that have a slot, by what their rows say, believed or not.
    pub(crate) async fn put_back(&self, work: &mut Work, whose: Whose) -> Result<Vec<(Identifier, KeyId)>> {
        let mut keys = Vec::new();
        for table in TABLES {
            keys.extend(self.slots(table, work, whose).await?.into_iter().map(|(tenant, id, _)| (tenant, id)));
        }
        Ok(keys)
    }

    /// Takes the slot out of what is left of a table under a tombstone: of rows that are not believed. What is wrapped in one is real all
    /// the same. It gets no MAC, and is not believed afterwards either.
    async fn strip(&self, table: &str, work: &mut Work, whose: Whose) -> Result<u64> {
        let mut stripped = 0u64;
        for (tenant, id, slot) in self.slots(table, work, whose).await? {
            let sql = format!("UPDATE {table} SET slot = NULL WHERE tenant = $1 AND id = $2 AND slot = $3");
            let query = work.query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_vec()).bind(slot);
            let done = query.execute(&mut **work).await?;
            stripped = stripped.saturating_add(done.rows_affected());
        }
        Ok(stripped)
    }

    /// The slots of a table that are under a tombstone, or whose KEK is.
    async fn slots(&self, table: &str, work: &mut Work, whose: Whose) -> Result<Vec<(Identifier, KeyId, Vec<u8>)>> {
        let sql = format!("SELECT tenant, id, slot FROM {table} WHERE slot IS NOT NULL AND {OF_WHOM}");
        let query = work.query(AssertSqlSafe(sql)).bind(whose.map(|tenant| tenant.to_string()));
        let rows = query.fetch_all(&mut **work).await?;
        let is_dead = |(tenant, id, slot): &(Identifier, KeyId, Vec<u8>)| {
            self.has(*tenant, *id) || under(slot).is_some_and(|kek| self.has(*tenant, kek))
        };
        Ok(rows.iter().filter_map(said).filter(is_dead).collect())
    }

    async fn bury_row<R: KeyRow>(&mut self, row: R, work: &mut Work, keyring: &Keyring, now: Timestamp) -> Result<u64> {
        let (tenant, id) = row.name();
        let Some(slot) = row.slot() else { return Ok(0) };
        // A data key goes with the tenant KEK that it lies under.
        let under = slot.kek().id().try_into().ok();
        if !self.has(tenant, id) && !under.is_some_and(|kek| self.has(tenant, kek)) {
            return Ok(0);
        }
        record::save(&row.buried(now), keyring, work).await?;
        self.stones.entry((tenant, id)).or_insert(now);
        Ok(1)
    }
}

/// Whose key a row says it holds that is not believed, and its slot. What is of another type is none.
fn said(row: &AnyRow) -> Option<(Identifier, KeyId, Vec<u8>)> {
    let bytes = |name: &str| row.try_get::<Vec<u8>, _>(name).ok();
    let tenant = row.try_get::<String, _>("tenant").ok()?.parse().ok()?;
    Some((tenant, bytes("id")?.try_into().ok()?, bytes("slot")?))
}

/// The KEK that a slot names, if it is as long as a tenant's.
fn under(slot: &[u8]) -> Option<KeyId> {
    Slot::from_bytes(slot)?.kek().id().try_into().ok()
}

/// The rows of a table that are believed.
async fn rows<R: Record>(work: &mut Work, keyring: &Keyring, whose: Whose) -> Result<Vec<R>> {
    let sql = format!("SELECT * FROM {} WHERE {OF_WHOM}", R::TABLE.name);
    let query = work.query(AssertSqlSafe(sql)).bind(whose.map(|tenant| tenant.to_string()));
    let mut believed = Vec::new();
    for row in query.fetch_all(&mut **work).await? {
        match record::read(&row, keyring) {
            Ok(row) => believed.push(row),
            Err(error @ RecordError::Database(_)) => return Err(error),
            Err(RecordError::Row(_) | RecordError::Malformed) => {}
        }
    }
    Ok(believed)
}

/// The tables of keys.
const TABLES: [&str; 2] = [TenantKekRow::TABLE.name, DataKeyRow::TABLE.name];

const OF_WHOM: &str = "(CAST($1 AS TEXT) IS NULL OR tenant = $1)";

impl KeyRow for TenantKekRow {
    fn name(&self) -> (Identifier, KeyId) {
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
    fn name(&self) -> (Identifier, KeyId) {
        (self.tenant, self.id)
    }

    fn slot(&self) -> Option<&Slot> {
        self.slot.as_ref()
    }

    fn buried(self, now: Timestamp) -> Self {
        self.changed(KeyState::Destroyed, now)
    }
}
