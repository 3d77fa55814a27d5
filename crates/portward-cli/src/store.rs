//! The store of the deployment, opened for one command.

use std::error::Error as _;
use std::fs;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use portward::{Audience, Authority, Change, Deployment, Identifier, Keyring, Stamp, VerifierOptions};
use portward_store::database::{DatabaseError, Location, LocationError};
use portward_store::events::Recorder;
use portward_store::files::FileError;
use portward_store::store::{Store, StoreError, StoreOptions};
use tokio::runtime::{Builder, Runtime};

use crate::failure::{Exit, Failure};

/// What `--store` says. That it names no store is told by who wants one, and without the text: it may hold a password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoreName(Result<Location, LocationError>);

impl From<&str> for StoreName {
    fn from(text: &str) -> Self {
        Self(text.parse())
    }
}

impl StoreName {
    pub(crate) fn location(&self) -> Result<Location, Failure> {
        Ok(self.0.clone()?)
    }
}

/// How it is called: without the URL, which may hold a password.
pub(crate) fn called(location: &Location) -> String {
    match location {
        Location::Sqlite(path) => format!("sqlite:{}", path.display()),
        Location::Postgres(_) => "postgres".into(),
    }
}

/// A runtime, and who is asked by it.
pub(crate) struct Waiter {
    called: String,
    runtime: Runtime,
}

impl Waiter {
    pub(crate) fn new(location: &Location) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|_| no_runtime())?;
        Ok(Self { called: called(location), runtime })
    }

    /// Waits for what was asked of the store.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
        self.ask(work).map_err(|error| self.failed(error))
    }

    pub(crate) fn ask<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.runtime.block_on(work)
    }

    /// Where the environment is at fault, the store, what the database says, and what helps.
    pub(crate) fn failed(&self, error: StoreError) -> Failure {
        let reason = error.source().and_then(|error| error.source()).map(|source| format!(" ({source})"));
        let hint = hint(&error);
        let failure = Failure::from(error);
        let failure = match failure.exit {
            Exit::Environment => {
                let message = format!("{}: {}{}", self.called, failure.message, reason.unwrap_or_default());
                Failure { message, ..failure }
            }
            _ => failure,
        };
        hint.map_or(failure.clone(), |hint| failure.hint(hint))
    }
}

/// Links, and what is revoked, for all machines.
pub(crate) struct Links {
    pub(crate) store: Store,
    waiter: Waiter,
}

/// Ends the connections before the process ends, so that SQLite tidies up behind them and the file can be moved.
impl Drop for Links {
    fn drop(&mut self) {
        self.waiter.runtime.block_on(self.store.close());
    }
}

impl Links {
    /// A store that is there: a mistyped path makes none. `audience` is who redeems.
    pub(crate) fn open(
        name: &StoreName,
        deployment: &Arc<Deployment>,
        keyring: &Arc<Keyring>,
        audience: Option<Identifier>,
        recorder: Recorder,
    ) -> Result<Self, Failure> {
        let location = name.location()?;
        Self::must_exist(&location)?;
        let waiter = Waiter::new(&location)?;
        let verifier = VerifierOptions { audience, cached_keys: 1, ..VerifierOptions::default() };
        let options = StoreOptions { verifier, recorder, ..StoreOptions::default() };
        let store = waiter.wait(Store::open(&location, Arc::clone(deployment), Arc::clone(keyring), options))?;
        Ok(Self { store, waiter })
    }

    pub(crate) fn must_exist(location: &Location) -> Result<(), Failure> {
        match location {
            Location::Sqlite(path) => fs::metadata(path).map(drop).map_err(|error| {
                Failure::file(path, FileError::reading(&error))
                    .hint("store init makes the store (--store, PORTWARD_STORE)")
            }),
            Location::Postgres(_) => Ok(()),
        }
    }

    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
        self.waiter.wait(work)
    }

    pub(crate) fn ask<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.waiter.ask(work)
    }

    pub(crate) fn failed(&self, error: StoreError) -> Failure {
        self.waiter.failed(error)
    }

    /// Puts changes into the feed that concern no row of a link.
    pub(crate) fn commit(&self, changes: &[Change]) -> Result<Stamp, Failure> {
        let mut rest = changes;
        while let Some((part, more)) = rest.split_at_checked(COMMIT_MAX).filter(|(_, more)| !more.is_empty()) {
            self.wait(self.store.commit(part.to_vec()))?;
            rest = more;
        }
        self.wait(self.store.commit(rest.to_vec()))
    }

    /// So that it can be read when another root is retired. A feed without a change is not compacted: it gets one.
    pub(crate) fn bring_feed_under_active_root(&self) -> Result<(), Failure> {
        if self.store.stamp().is_none_or(|stamp| stamp.sequence == 0) {
            self.commit(&[])?;
        }
        self.wait(self.store.compact(Duration::MAX)).map(drop)
    }

    /// What is revoked, as of when this was opened, for what an authority answers. What it commits does not reach the store.
    pub(crate) fn replica(&self, keyring: &Arc<Keyring>) -> Result<Authority, Failure> {
        let saved = self.store.cell().load().save(keyring)?;
        Ok(Authority::resume(Arc::clone(keyring), &saved)?)
    }
}

const fn hint(error: &StoreError) -> Option<&'static str> {
    match error {
        StoreError::Database(DatabaseError::Uninitialised) => Some("store init makes its tables"),
        StoreError::State => Some("link show tells how it stands"),
        StoreError::Restored | StoreError::RolledBack | StoreError::Forked => {
            Some("store recover --newer FILE, with the newest view that was exported or saved anywhere")
        }
        _ => None,
    }
}

fn no_runtime() -> Failure {
    let message = "the operating system does not let the store be waited for";
    Failure::new("store_unavailable", Audience::Environment, message, Exit::Environment)
}

/// As many changes as the store takes at a time.
const COMMIT_MAX: usize = 400;
