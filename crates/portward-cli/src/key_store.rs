//! The key store of the deployment, opened for one command.

use std::error::Error as _;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portward::envelope::{KekName, KekType, RootKeks};
use portward::{Audience, Deployment, Keyring, NoRevocation, RootId};
use portward_store::files::FileError;
use portward_store::keys::{Feed, KeyStore, KeyStoreError, KeyStoreOptions};
use tokio::runtime::{Builder, Runtime};

use crate::context::Portal;
use crate::failure::{Exit, Failure};
use crate::global::Global;

pub(crate) struct Keys {
    pub(crate) store: KeyStore<RootKeks>,
    path: PathBuf,
    runtime: Runtime,
}

impl Keys {
    /// One that is there: a mistyped path makes none.
    pub(crate) fn open(global: &Global, portal: &Portal) -> Result<Self, Failure> {
        let path = path(global);
        if let Err(error) = fs::metadata(&path) {
            let failure = Failure::file(&path, FileError::reading(&error));
            return Err(failure.hint("tenant new makes the key store (--key-store, PORTWARD_KEY_STORE)"));
        }
        Self::open_or_make(global, portal)
    }

    pub(crate) fn open_or_make(global: &Global, portal: &Portal) -> Result<Self, Failure> {
        // A backup that was put back has forgotten what was destroyed; the view has not.
        let feed = Feed::View(portal.live_view()?);
        Self::at(path(global), Arc::clone(&portal.deployment), Arc::clone(&portal.keyring), feed)
    }

    fn at(path: PathBuf, deployment: Arc<Deployment>, keyring: Arc<Keyring>, feed: Feed) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_time().build().map_err(|_| no_runtime())?;
        let store = runtime.block_on(KeyStore::open(&path, deployment, keyring, feed, KeyStoreOptions::default()));
        Ok(Self { store: store.map_err(|error| of_store(&path, error))?, path, runtime })
    }

    /// Waits for what was asked of the store.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, KeyStoreError>>) -> Result<T, Failure> {
        self.runtime.block_on(work).map_err(|error| of_store(&self.path, error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// How many rows and keys of the key store lie under a root; none where there is no key store.
pub(crate) fn rows_under(
    global: &Global,
    deployment: &Deployment,
    keyring: Keyring,
    root: RootId,
) -> Result<u64, Failure> {
    let path = path(global);
    if !path.exists() {
        return Ok(0);
    }
    // It only counts what is written.
    let feed = Feed::None(NoRevocation);
    let keys = Keys::at(path, Arc::new(deployment.clone()), Arc::new(keyring), feed)?;
    let census = keys.wait(keys.store.census())?;
    let rows = census.roots.get(&root.to_bytes()).copied().unwrap_or(0);
    let kek = KekName::new(KekType::Root, root.to_bytes(), 1);
    Ok(rows.saturating_add(census.keks.get(&kek).copied().unwrap_or(0)))
}

fn path(global: &Global) -> PathBuf {
    global.key_store.clone().unwrap_or_else(|| global.dir.join("keys.db"))
}

/// Where the file is at fault, its path and what the database says.
fn of_store(path: &Path, error: KeyStoreError) -> Failure {
    let reason = error.source().map(|source| format!(" ({source})")).unwrap_or_default();
    let failure = Failure::from(error);
    if failure.exit != Exit::Environment {
        return failure;
    }
    Failure { message: format!("{}: {}{reason}", path.display(), failure.message), ..failure }
}

fn no_runtime() -> Failure {
    let message = "the operating system does not let the key store be waited for";
    Failure::new("key_store_unavailable", Audience::Environment, message, Exit::Environment)
}
