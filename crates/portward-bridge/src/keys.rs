use core::ops::Not as _;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portward::envelope::{DataScope, Header, RootKeks, ScopeKeys};
use portward::{Audience, Identifier, NoRevocation};
use portward_store::database::{DatabaseError, Location};
use portward_store::keys::{self, Feed, KeyStoreError};

use crate::error::Error;
use crate::events;
use crate::keyring::Keyring;
use crate::process::{Connected, PerProcess, wait};
use crate::store::Store;
use crate::text;

type Core = keys::KeyStore<RootKeks>;

/// The wrapped keys of tenants.
#[derive(Clone)]
pub struct KeyStore {
    live: Arc<PerProcess<Core>>,
    feed: Option<Store>,
    actor: Option<Arc<str>>,
}

/// How a key store is opened.
#[derive(Clone, Debug, Default)]
pub struct KeyStoreOptions {
    /// Whether it is made, or brought up to date, if need be: on a server that takes rights which are not needed later.
    pub initialise: bool,
    /// A file that is told of every key which is made, changed or destroyed, in a line of JSON, before it is.
    pub events: Option<PathBuf>,
}

impl Connected for Core {
    async fn close(&self) {
        Self::close(self).await;
    }
}

/// What a destruction has done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Erasure {
    /// The keys that are gone.
    pub keys: Vec<String>,
    /// When no cache and no backup of the key store holds one of them any more, in Unix seconds.
    pub complete_at: u64,
}

/// The keys of one tenant for one kind of thing: what seals and opens.
#[derive(Clone)]
pub struct Scope {
    keys: KeyStore,
    pub(crate) tenant: Identifier,
    scope: DataScope,
}

impl KeyStore {
    /// Opens a key store: `sqlite:PATH` or `postgres://…`. `feed`: the store that tells of keys which others destroyed. Without one, who puts
    /// back a backup of the key store brings destroyed keys back. What is opened again after a fork is never made.
    ///
    /// # Errors
    /// `store_location`, `store_uninitialised`, and those of the database.
    pub fn open(
        location: &str,
        keyring: &Keyring,
        feed: Option<&Store>,
        options: &KeyStoreOptions,
    ) -> Result<Self, Error> {
        let location = text::location(location)?;
        let (initialise, events) = (options.initialise, events::file(options.events.as_deref())?);
        let (of, view, opened) = (keyring.clone(), feed.cloned(), AtomicBool::new(false));
        let open = move || {
            // The core would make one anew, in which no key is: once it was lost, or its name is misspelt.
            let may_begin = initialise && !opened.load(Ordering::Acquire);
            if !may_begin && is_missing(&location) {
                return Err(DatabaseError::Uninitialised.into());
            }
            let feed = match &view {
                Some(store) => Feed::View(store.live()?.store.cell()),
                None => Feed::None(NoRevocation),
            };
            let recorder = events::recorder(events.as_deref())?;
            let options = keys::KeyStoreOptions { initialise, recorder, ..Default::default() };
            let (deployment, core) = (Arc::clone(&of.deployment.0), Arc::clone(&of.core));
            let keys = wait(Core::open(&location, deployment, core, feed, options))??;
            opened.store(true, Ordering::Release);
            Ok(keys)
        };
        Ok(Self { live: PerProcess::open(open)?, feed: feed.cloned(), actor: None })
    }

    /// The same key store, with this name in the events of what is done through it.
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        Self { actor: Some(actor.into()), ..self.clone() }
    }

    /// Ends all connections for good.
    pub fn close(&self) {
        self.live.end();
    }

    /// Makes the keys of a tenant that has none, also of one whose keys were destroyed: scopes that had keys then stay destroyed.
    ///
    /// # Errors
    /// `key_exists`, and those of the database.
    pub fn new_tenant(&self, tenant: &str) -> Result<(), Error> {
        let tenant = text::identifier("tenant", tenant)?;
        self.ask(async |keys| keys.new_tenant(tenant).await)
    }

    /// Makes a new KEK for a tenant, under which what is made from now on lies; returns its version.
    ///
    /// # Errors
    /// `unknown_key`, and those of the database.
    pub fn rotate_tenant(&self, tenant: &str) -> Result<u32, Error> {
        let tenant = text::identifier("tenant", tenant)?;
        self.ask(async |keys| keys.rotate_tenant(tenant).await)
    }

    /// Puts every key under the newest KEK of its tenant, and every KEK under the active root; what is destroyed and came back with an older copy
    /// of the key store is destroyed again.
    ///
    /// # Errors
    /// Those of the database; the first one that kept a tenant's keys where they were.
    pub fn rewrap(&self) -> Result<(), Error> {
        let rewrapped = self.ask(async |keys| keys.rewrap().await)?;
        let Some((tenant, code)) = rewrapped.failed.first() else { return Ok(()) };
        let left = rewrapped.failed.len();
        let message = format!("of {left} tenants something is left where it was, first of {tenant}");
        Err(Error::new(code, Audience::Environment, &message))
    }

    /// Destroys every key of a tenant: nothing of it opens any more. `backups_kept`: for how many seconds backups of this store are kept.
    ///
    /// # Errors
    /// `unknown_key`, and those of the databases. What is destroyed before the feed could be told is told when this is done again.
    pub fn destroy_tenant(&self, tenant: &str, backups_kept: u64) -> Result<Erasure, Error> {
        let tenant = text::identifier("tenant", tenant)?;
        let kept = Duration::from_secs(backups_kept);
        self.tell(self.ask(async |keys| keys.destroy_tenant(tenant, kept).await)?)
    }

    /// The keys of a tenant for one kind of thing, such as `record:invoices`. Asks nobody yet.
    ///
    /// # Errors
    /// Those of the values.
    pub fn scope(&self, tenant: &str, scope: &str) -> Result<Scope, Error> {
        let tenant = text::identifier("tenant", tenant)?;
        let scope = scope.parse().map_err(|error| Error::from(error).of_argument("scope"))?;
        Ok(Scope { keys: self.clone(), tenant, scope })
    }

    fn tell(&self, erasure: keys::Erasure) -> Result<Erasure, Error> {
        if let Some(feed) = &self.feed {
            let feed = self.actor.as_deref().map_or(feed.clone(), |actor| feed.acting_as(actor));
            for changes in erasure.changes().chunks(CHANGES_MAX) {
                feed.ask(async |store| store.commit(changes.to_vec()).await)?;
            }
        }
        let keys = erasure.keys.iter().map(|key| text::id(key)).collect();
        Ok(Erasure { keys, complete_at: erasure.complete_at.unix() })
    }

    fn ask<T>(&self, work: impl AsyncFnOnce(&Core) -> Result<T, KeyStoreError>) -> Result<T, Error> {
        let live = self.live.get()?;
        let acting = self.actor.as_deref().map(|actor| live.acting_as(actor));
        Ok(wait(work(acting.as_ref().unwrap_or(&live)))??)
    }
}

/// A file that is not there, or has nothing in it.
fn is_missing(location: &Location) -> bool {
    match location {
        Location::Sqlite(path) => std::fs::metadata(path).is_ok_and(|found| found.len() > 0).not(),
        Location::Postgres(_) => false,
    }
}

/// Most changes that a store takes at a time.
const CHANGES_MAX: usize = 400;

impl Scope {
    /// Makes a new data key for what is sealed from now on.
    ///
    /// # Errors
    /// `unknown_key`, `index_key`, and those of the database.
    pub fn rotate(&self) -> Result<(), Error> {
        self.keys.ask(async |keys| keys.rotate_scope(self.tenant, &self.scope).await)
    }

    /// Makes a data key for a scope that has none to seal with: one that was destroyed gets one only here. What was sealed before stays erased.
    ///
    /// # Errors
    /// `key_exists`, `unknown_key`, `index_key`, and those of the database.
    pub fn begin(&self) -> Result<(), Error> {
        self.keys.ask(async |keys| keys.new_scope(self.tenant, &self.scope).await)
    }

    /// Under which data key an object says that it is. Nothing of that was checked.
    ///
    /// # Errors
    /// As of opening what is no object.
    pub fn key_of(&self, object: &[u8]) -> Result<String, Error> {
        Ok(text::id(&Header::parse(object)?.0.data_key()))
    }

    /// Destroys one data key that was rotated away: what was sealed under it opens no more, what was sealed since does.
    ///
    /// # Errors
    /// As [`Scope::destroy`]; `id_malformed`, `key_state` for the key that seals.
    pub fn destroy_key(&self, key: &str, backups_kept: u64) -> Result<Erasure, Error> {
        let (key, kept) = (text::entry_id("key", key)?, Duration::from_secs(backups_kept));
        let destroyed = self.keys.ask(async |keys| keys.destroy_data_key(self.tenant, &self.scope, key, kept).await)?;
        self.keys.tell(destroyed)
    }

    /// Destroys every data key of the scope. `backups_kept`: for how many seconds backups of the key store are kept.
    ///
    /// # Errors
    /// As [`KeyStore::destroy_tenant`].
    pub fn destroy(&self, backups_kept: u64) -> Result<Erasure, Error> {
        let kept = Duration::from_secs(backups_kept);
        self.keys.tell(self.keys.ask(async |keys| keys.destroy_scope(self.tenant, &self.scope, kept).await)?)
    }

    pub(crate) fn to_seal(&self) -> Result<Arc<ScopeKeys>, Error> {
        self.keys.ask(async |keys| keys.scope(self.tenant, &self.scope).await)
    }

    /// To open an object that begins like this.
    pub(crate) fn to_open(&self, beginning: &[u8]) -> Result<Arc<ScopeKeys>, Error> {
        self.keys.ask(async |keys| match Header::parse(beginning) {
            Ok((header, _)) if header.slots().is_empty() => {
                keys.known_scope_with(self.tenant, &self.scope, header.data_key()).await
            }
            _ => keys.known_scope(self.tenant, &self.scope).await,
        })
    }

    /// Whose data.
    pub fn tenant(&self) -> String {
        self.tenant.to_string()
    }

    /// Which kind of thing.
    pub fn name(&self) -> &str {
        self.scope.as_str()
    }
}
