//! The key store of the deployment, opened for one command.

use std::error::Error as _;
use std::fmt::Display;
use std::fs;
use std::future::Future;
use std::sync::Arc;

use portward::envelope::{KekName, KekType, RootKeks};
use portward::{Audience, Deployment, Keyring, NoRevocation, RootId};
use portward_store::database::{DatabaseError, Location};
use portward_store::files::FileError;
use portward_store::keys::{Feed, KeyStore, KeyStoreError, KeyStoreOptions};
use tokio::runtime::{Builder, Runtime};

use crate::context::Portal;
use crate::failure::{Exit, Failure};
use crate::global::Global;

pub(crate) struct Keys {
    pub(crate) store: KeyStore<RootKeks>,
    location: Location,
    runtime: Runtime,
}

/// Ends the connections before the process ends, so that SQLite undoes what was not done, and leaves no journal of it.
impl Drop for Keys {
    fn drop(&mut self) {
        self.runtime.block_on(self.store.close());
    }
}

impl Keys {
    /// One that is there: a mistyped path makes none.
    pub(crate) fn open(global: &Global, portal: &Portal) -> Result<Self, Failure> {
        let location = location(global)?;
        if let Location::Sqlite(path) = &location
            && let Err(error) = fs::metadata(path)
        {
            return Err(Failure::file(path, FileError::reading(&error)).hint(MADE_BY));
        }
        Self::of(portal, location, false)
    }

    pub(crate) fn open_or_make(global: &Global, portal: &Portal) -> Result<Self, Failure> {
        Self::of(portal, location(global)?, true)
    }

    fn of(portal: &Portal, location: Location, initialise: bool) -> Result<Self, Failure> {
        // A backup that was put back has forgotten what was destroyed; the view has not.
        let feed = Feed::View(portal.live_view()?);
        let (deployment, keyring) = (Arc::clone(&portal.deployment), Arc::clone(&portal.keyring));
        let recorder = portal.recorder.clone();
        let options = KeyStoreOptions { initialise, recorder, ..KeyStoreOptions::default() };
        let runtime = runtime()?;
        match runtime.block_on(KeyStore::open(&location, deployment, keyring, feed, options)) {
            Ok(store) => Ok(Self { store, location, runtime }),
            Err(error) => Err(of_store(&location, error)),
        }
    }

    /// Waits for what was asked of the store.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, KeyStoreError>>) -> Result<T, Failure> {
        self.runtime.block_on(work).map_err(|error| of_store(&self.location, error))
    }

    /// Where it is, without a password.
    pub(crate) fn place(&self) -> &impl Display {
        &self.location
    }
}

/// How many rows and keys of the key store lie under a root; none where nobody has named one and there is none.
pub(crate) fn rows_under(
    global: &Global,
    deployment: &Deployment,
    keyring: Keyring,
    root: RootId,
) -> Result<u64, Failure> {
    let location = location(global)?;
    let named = global.key_store.is_some();
    if let Location::Sqlite(path) = &location
        && let Err(error) = fs::metadata(path)
    {
        let error = FileError::reading(&error);
        return if error == FileError::Missing && !named { Ok(0) } else { Err(Failure::file(path, error)) };
    }
    let count = async {
        // It only counts what is written.
        let (feed, options) = (Feed::None(NoRevocation), KeyStoreOptions::default());
        let store = KeyStore::open(&location, Arc::new(deployment.clone()), Arc::new(keyring), feed, options).await?;
        let census = store.census().await;
        store.close().await;
        census
    };
    let census = match runtime()?.block_on(count) {
        Err(KeyStoreError::Database(DatabaseError::Uninitialised)) if !named => return Ok(0),
        census => census.map_err(|error| of_store(&location, error))?,
    };
    let rows = census.roots.get(&root.to_bytes()).copied().unwrap_or(0);
    let kek = KekName::new(KekType::Root, root.to_bytes(), 1);
    Ok(rows.saturating_add(census.keks.get(&kek).copied().unwrap_or(0)))
}

/// A path, unless it begins as the name of a place does.
pub(crate) fn location(global: &Global) -> Result<Location, Failure> {
    let Some(place) = &global.key_store else { return Ok(Location::Sqlite(global.dir.join("keys.db"))) };
    match place.to_str() {
        Some(text) if text.contains("://") || SCHEMES.iter().any(|scheme| text.starts_with(scheme)) => {
            Ok(text.parse()?)
        }
        _ => Ok(Location::Sqlite(place.clone())),
    }
}

const SCHEMES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];
const MADE_BY: &str = "tenant new makes the key store (--key-store, PORTWARD_KEY_STORE)";

fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(|_| no_runtime())
}

/// Where the database is at fault, its place and what it says.
fn of_store(location: &Location, error: KeyStoreError) -> Failure {
    let reason = error.source().map(|source| format!(" ({source})")).unwrap_or_default();
    let is_new = matches!(error, KeyStoreError::Database(DatabaseError::Uninitialised));
    let failure = Failure::from(error);
    if failure.exit != Exit::Environment {
        return failure;
    }
    let failure = Failure { message: format!("{location}: {}{reason}", failure.message), ..failure };
    if is_new { failure.hint(MADE_BY) } else { failure }
}

fn no_runtime() -> Failure {
    let message = "the operating system does not let the key store be waited for";
    Failure::new("store_unavailable", Audience::Environment, message, Exit::Environment)
}
