use std::sync::Arc;
use std::time::Duration;

use portward::envelope::{RootKeks, Tombstones, UnwrapKey, WrapKey};
use portward::{Clock, Deployment, Keyring, NoRevocation, SystemClock, ViewCell};

use crate::database::{Database, Location};
use crate::events::{Event, Operation, Recorder};
use crate::keys::cache::Cache;
use crate::keys::error::KeyStoreError;
use crate::keys::loaded::{LoadedScope, ScopeName};
use crate::keys::schema::SCHEMA;
use crate::keys::shelf::Shelf;

/// Keeps the wrapped keys of tenants: makes them, rotates them, and destroys them for good.
///
/// It holds keys in the clear for a bounded time, and writes none. Back it up apart from the data, and keep its backups for a shorter time:
/// an erasure is complete when the last backup with the key is gone. What another process changes shows here when a lifetime is over; what it
/// destroys, as soon as the view shows it.
pub struct KeyStore<K> {
    pub(super) shelf: Arc<Shelf<K>>,
    pub(super) scopes: Arc<Cache<ScopeName, LoadedScope>>,
    pub(super) recorder: Recorder,
}

/// Where the store learns what was destroyed by others, and what a backup of it that was put back has forgotten.
#[derive(Clone)]
pub enum Feed {
    /// From the tombstones of a view that a follower moves on.
    View(Arc<ViewCell>),
    /// From nowhere. A key that was destroyed comes back with a backup; who can write the database, and holds no key, can bring it back too.
    None(NoRevocation),
}

/// What may be said otherwise.
#[derive(Clone)]
pub struct KeyStoreOptions {
    /// For how long a key that was loaded is used, from its loading on: 5 minutes. So long a KEK that was disabled goes on being used.
    pub lifetime: Duration,
    /// Of how many scopes, and of how many tenants, keys are held: 10,000.
    pub capacity: u64,
    /// The clock: that of the system.
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// Whether the tables are made where they are missing, or older: no. A file is always brought up to date; on a server it takes rights
    /// (to make a schema, `portward_keys`, and tables in it) that are not needed later.
    pub initialise: bool,
    /// Who is told of every key that is made, changed or destroyed, before it is: nobody.
    pub recorder: Recorder,
}

impl Default for KeyStoreOptions {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(300),
            capacity: 10_000,
            clock: Arc::new(SystemClock),
            initialise: false,
            recorder: Recorder::none(),
        }
    }
}

impl KeyStore<RootKeks> {
    /// Opens the database; a file is made if it is not there. Tenant KEKs lie under the keyring. Needs a Tokio runtime, with I/O and time.
    ///
    /// # Errors
    /// [`KeyStoreError::Database`], [`KeyStoreError::DeploymentsDiffer`].
    pub async fn open(
        location: &Location,
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        feed: Feed,
        options: KeyStoreOptions,
    ) -> Result<Self, KeyStoreError> {
        let kek = Arc::new(RootKeks::new(&keyring));
        Self::open_under(location, deployment, keyring, kek, feed, options).await
    }
}

impl<K: WrapKey + UnwrapKey + 'static> KeyStore<K> {
    /// The same, with tenant KEKs under another KEK, such as one in a token.
    ///
    /// # Errors
    /// As [`KeyStore::open`].
    pub async fn open_under(
        location: &Location,
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        kek: Arc<K>,
        feed: Feed,
        options: KeyStoreOptions,
    ) -> Result<Self, KeyStoreError> {
        if keyring.deployment() != deployment.id {
            return Err(KeyStoreError::DeploymentsDiffer);
        }
        let KeyStoreOptions { lifetime, capacity, clock, initialise, recorder } = options;
        // A file is made where there is none.
        let initialise = initialise || matches!(location, Location::Sqlite(_));
        let database = Database::open(location, &SCHEMA, initialise).await?;
        let view = match feed {
            Feed::View(view) => Some(view),
            Feed::None(NoRevocation) => None,
        };
        let scopes = Cache::new(capacity, lifetime, Arc::clone(&clock));
        let keks = Cache::new(capacity, lifetime, Arc::clone(&clock));
        let dead = Arc::new(Tombstones::new());
        Ok(Self {
            shelf: Arc::new(Shelf { database, deployment, keyring, kek, keks, dead, view, clock, lifetime }),
            scopes,
            recorder,
        })
    }

    /// The same store, with this name in the events of what is done through it.
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        let (shelf, scopes) = (Arc::clone(&self.shelf), Arc::clone(&self.scopes));
        Self { shelf, scopes, recorder: self.recorder.acting_as(actor) }
    }

    pub(super) fn event(&self, operation: Operation) -> Event {
        Event::new(self.shelf.now(), operation)
    }

    /// Ends all connections, once what is under way has ended. What is asked of the database after that fails; keys that are loaded stay.
    pub async fn close(&self) {
        self.shelf.database.close().await;
    }
}
