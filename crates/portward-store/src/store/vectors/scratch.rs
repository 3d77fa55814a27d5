//! A database of a case's own, into which rows are written as they are told.

use std::sync::Arc;

use portward::{Clock, Deployment, Keyring, Now, RevocationView, Scope, Timestamp};
use portward_test_vectors::{Held, bytes, fields};
use serde_json::Value;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};
use tempfile::TempDir;

use super::Case;
use crate::database::{Database, Location, Lock, Work};
use crate::events::Recorder;
use crate::store::open::SCHEMA;
use crate::store::{Store, StoreOptions, initialise};

pub(crate) struct Scratch {
    pub(crate) location: Location,
    _folder: TempDir,
}

struct Fixed(Now);

impl Clock for Fixed {
    fn now(&self) -> Now {
        self.0
    }
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { location: Location::Sqlite(folder.path().join("store.db")), _folder: folder }
    }

    pub(crate) async fn database(&self) -> Database {
        Database::open(&self.location, &SCHEMA, true).await.unwrap()
    }

    /// A store with nothing in it, at a time that stands still.
    pub(super) async fn store(&self, deployment: &Arc<Deployment>, keyring: &Arc<Keyring>, now: Now) -> Store {
        let nothing = RevocationView::empty(deployment.id, Scope::ALL).unwrap();
        initialise(&self.location, keyring, Some(&nothing), &Recorder::none(), Timestamp::default()).await.unwrap();
        let options = StoreOptions { clock: Arc::new(Fixed(now)), ..StoreOptions::default() };
        Store::open(&self.location, Arc::clone(deployment), Arc::clone(keyring), options).await.unwrap()
    }
}

/// Does something in a transaction of its own.
pub(crate) async fn write<T>(database: &Database, work: impl AsyncFnOnce(&mut Work) -> T) -> T {
    let mut transaction = database.begin(Lock::None).await.unwrap();
    let done = work(&mut transaction).await;
    transaction.commit().await.unwrap();
    done
}

/// A stored row of a case: fields with their names, and root and MAC beside them.
pub(crate) fn stored(told: &Value) -> Vec<(String, Held)> {
    let beside = |name: &str| Held::Bytes(bytes(&told[name]));
    let mut row = fields(&told["fields"]);
    row.extend([("root".to_owned(), beside("root_id")), ("mac".to_owned(), beside("mac"))]);
    row
}

pub(crate) async fn insert(table: &str, row: &[(String, Held)], to: &mut AnyConnection) {
    let names: Vec<_> = row.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let places: Vec<_> = (1..=row.len()).map(|place| format!("${place}")).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    bound(sqlx::query(AssertSqlSafe(sql)), row).execute(to).await.unwrap();
}

pub(super) fn bound<'q>(query: Query<'q, Any, AnyArguments>, row: &[(String, Held)]) -> Query<'q, Any, AnyArguments> {
    row.iter().fold(query, |query, (_, value)| match value {
        Held::Absent => query.bind(None::<Vec<u8>>),
        Held::Number(number) => match i64::try_from(*number) {
            Ok(number) => query.bind(number),
            // SQLite has no such whole number, and makes this of it.
            Err(_) => query.bind(number.to_string().parse::<f64>().unwrap()),
        },
        Held::Text(text) => query.bind(text.clone()),
        Held::Bytes(bytes) => query.bind(bytes.clone()),
    })
}

impl Case<'_> {
    /// The deployment of the case, or of its keyring.
    pub(crate) fn deployment(&self) -> Arc<Deployment> {
        let named = self.value["deployment"].as_str().map(|name| &self.fixtures.deployments[name]);
        let of_keyring = || self.fixtures.deployments.values().find(|known| known.id == self.keyring().deployment());
        Arc::clone(named.or_else(of_keyring).unwrap())
    }
}
