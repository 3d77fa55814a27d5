use portward::envelope::{TenantKek, UnwrapKey, WrapKey};
use portward::{Identifier, KeyState, Keyring, RootId, RowError};
use sqlx::AssertSqlSafe;

use crate::database::Work;
use crate::database::record::{self, Record};
use crate::events::Operation;
use crate::keys::error::KeyStoreError;
use crate::keys::graves::Graves;
use crate::keys::rows::{DataKeyRow, MinimumRow, TenantKekRow, TombstoneRow};
use crate::keys::store::KeyStore;
use crate::keys::tenant::wrap;

/// What was brought under the present root and KEK.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rewrapped {
    /// Tenant KEKs, wrapped anew.
    pub keks: u64,
    /// Rows, with a new MAC.
    pub rows: u64,
    /// Rows whose slot was taken out: of keys that are destroyed, and were there again since an older copy of the store was put back.
    pub buried: u64,
    /// Tenants of whom something was not, as the database names them, and why. A row that somebody planted hinders nobody else.
    pub failed: Vec<(String, &'static str)>,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// Brings everything under the active root of the keyring and under the present KEK: to be done after a new root was activated, before
    /// the old one is retired. What is destroyed, and came back with an older copy of the store, is destroyed again. One tenant at a time; what
    /// was interrupted goes on where it was.
    ///
    /// # Errors
    /// [`KeyStoreError::Database`], if not even the tenants can be read; [`KeyStoreError::Sink`], and what was done before stays.
    pub async fn rewrap(&self) -> Result<Rewrapped> {
        let mut done = Rewrapped::default();
        for name in self.names().await? {
            match self.rewrap_tenant(&name, &mut done).await {
                Ok(()) => {}
                // Nor will it be told of the others.
                Err(error @ KeyStoreError::Sink(_)) => return Err(error),
                Err(error) => done.failed.push((name, error.code())),
            }
        }
        Ok(done)
    }

    async fn rewrap_tenant(&self, name: &str, done: &mut Rewrapped) -> Result<()> {
        let tenant = name.parse().map_err(|_| KeyStoreError::Malformed)?;
        // First: a destroyed key gets neither another KEK nor another MAC.
        done.buried = done.buried.saturating_add(self.bury_again(tenant).await?);
        done.keks = done.keks.saturating_add(self.rewrap_keks(tenant).await?);
        done.rows = done.rows.saturating_add(self.renew_rows(tenant).await?);
        Ok(())
    }

    async fn bury_again(&self, tenant: Identifier) -> Result<u64> {
        let (shelf, whose) = (&self.shelf, Some(tenant));
        let mut graves = Graves::of(shelf.view.iter().map(|view| view.load()).collect());
        let mut work = shelf.begin().await?;
        graves.add_from(&mut work, &shelf.keyring, whose).await?;
        if graves.put_back(&mut work, whose).await?.is_empty() {
            work.rollback().await?;
            return Ok(0);
        }
        shelf.database.refuse_foreign(&mut work).await?;
        let count = graves.bury(&mut work, &shelf.keyring, (whose, shelf.now())).await?;
        // As of any destruction, what was written is read back.
        if !graves.put_back(&mut work, whose).await?.is_empty() {
            return Err(KeyStoreError::Malformed);
        }
        self.recorder.record(self.event(Operation::Buried).of(tenant).with(format!("{count} keys"))).await?;
        self.commit(work, tenant).await?;
        Ok(count)
    }

    /// Every tenant that has, or had, a key, as the database names it.
    async fn names(&self) -> Result<Vec<String>> {
        let sql = "SELECT tenant FROM tenant_kek UNION SELECT tenant FROM data_key UNION SELECT tenant FROM key_tombstone UNION SELECT tenant FROM tenant_minimum ORDER BY 1";
        let mut reading = self.shelf.database.begin_reading().await?;
        let rows: Vec<(String,)> = reading.query_as(sql).fetch_all(&mut *reading).await?;
        Ok(rows.into_iter().map(|(tenant,)| tenant).collect())
    }

    async fn rewrap_keks(&self, tenant: Identifier) -> Result<u64> {
        let shelf = &self.shelf;
        let mut reading = shelf.database.begin_reading().await?;
        let rows = shelf.kek_rows(&mut reading, tenant).await?;
        reading.rollback().await?;
        let deployment = shelf.deployment.id;
        let rewrapped = shelf
            .with_kek(move |under| {
                let mut rewrapped = Vec::new();
                for row in rows {
                    let Some(slot) = row.slot.as_ref().filter(|slot| *slot.kek() != under.kek()) else { continue };
                    let name = (row.id, row.version);
                    let kek = TenantKek::unwrap(&deployment, &row.tenant, name, slot, Some(row.check), under)?;
                    rewrapped.push((row, wrap(&deployment, &kek, under)?));
                }
                Ok(rewrapped)
            })
            .await?;
        if rewrapped.is_empty() {
            return Ok(0);
        }
        let mut work = shelf.begin().await?;
        let present = shelf.kek_rows(&mut work, tenant).await?;
        let mut count = 0_u64;
        for (row, slot) in rewrapped {
            if !present.contains(&row) {
                return Err(KeyStoreError::Contended);
            }
            let (revision, changed) = (row.revision.saturating_add(1), shelf.now());
            let row = TenantKekRow { slot: Some(slot), revision, changed, ..row };
            record::save(&row, &shelf.keyring, &mut work).await?;
            count = count.saturating_add(1);
        }
        self.recorder.record(self.event(Operation::Rewrapped).of(tenant).with(format!("{count} KEKs"))).await?;
        work.commit().await?;
        self.forget(tenant);
        Ok(count)
    }

    /// A row is believed under its old root before it gets a MAC under the new one.
    async fn renew_rows(&self, tenant: Identifier) -> Result<u64> {
        let keyring = &self.shelf.keyring;
        let active = keyring.roots().find(|root| root.state == KeyState::Active).ok_or(RowError::NoActiveRoot)?.id;
        let mut work = self.shelf.begin().await?;
        let tables = [
            renew::<TenantKekRow>(tenant, active, keyring, &mut work).await?,
            renew::<DataKeyRow>(tenant, active, keyring, &mut work).await?,
            renew::<MinimumRow>(tenant, active, keyring, &mut work).await?,
            renew::<TombstoneRow>(tenant, active, keyring, &mut work).await?,
        ];
        let count = tables.into_iter().fold(0, u64::saturating_add);
        if count == 0 {
            work.rollback().await?;
            return Ok(0);
        }
        self.recorder.record(self.event(Operation::Rewrapped).of(tenant).with(format!("{count} rows"))).await?;
        work.commit().await?;
        self.forget(tenant);
        Ok(count)
    }
}

async fn renew<R: Record>(tenant: Identifier, active: RootId, keyring: &Keyring, work: &mut Work) -> Result<u64> {
    let sql = format!("SELECT * FROM {} WHERE tenant = $1 AND root <> $2", R::TABLE.name);
    let query = work.query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(active.to_bytes().to_vec());
    let mut count = 0_u64;
    for row in query.fetch_all(&mut **work).await? {
        record::sign_again::<R>(&row, keyring, work).await?;
        count = count.saturating_add(1);
    }
    Ok(count)
}
