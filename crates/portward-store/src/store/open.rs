use core::time::Duration;
use std::sync::Arc;

use portward::{
    Challenge, Change, Clock, Deployment, FeedRequest, Freshness, Issuer, Keyring, ListTimes, Now, Revocation, Scope,
    Stamp, SystemClock, Timestamp, Verifier, VerifierOptions, ViewCell,
};
use sqlx::migrate;

use crate::database::{Database, Location, Lock, Schema};
use crate::events::{Event, Operation, Recorder};
use crate::store::error::StoreError;
use crate::store::feed::Feed;
use crate::store::place::Place;

/// Links, what became of them, and what is revoked: one database for all processes of a deployment that hold its keyring.
///
/// Cheap to clone; clones are one store. Verifying touches no database. Needs a Tokio runtime.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
    recorder: Recorder,
}

pub(super) struct Inner {
    pub(super) feed: Feed,
    /// For listening.
    #[cfg(feature = "postgres")]
    pub(super) location: Location,
    pub(super) deployment: Arc<Deployment>,
    pub(super) keyring: Arc<Keyring>,
    pub(super) issuer: Issuer,
    pub(super) verifier: Arc<Verifier>,
    pub(super) freshness: Freshness,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
}

/// What may be said otherwise.
#[derive(Clone)]
pub struct StoreOptions {
    /// For how long the view is believed without having heard from the database: 30 s.
    pub max_staleness: Duration,
    /// How the store's own verifier is set up.
    pub verifier: VerifierOptions,
    /// The clock: that of the system.
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// Who is told of every operation before it takes effect: nobody.
    pub recorder: Recorder,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_staleness: Duration::from_secs(30),
            verifier: VerifierOptions::default(),
            clock: Arc::new(SystemClock),
            recorder: Recorder::none(),
        }
    }
}

pub(super) type Result<T> = core::result::Result<T, StoreError>;

pub(super) static SCHEMA: Schema = Schema {
    pragmas: &[
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA busy_timeout = 5000",
        "PRAGMA trusted_schema = OFF",
    ],
    sqlite: migrate!("migrations/store/sqlite"),
    postgres: ("portward", migrate!("migrations/store/postgres")),
    locked: "feed",
};

impl Store {
    /// Opens a store that [`initialise`](crate::store::initialise) has made, and reads its feed. Go on with [`Store::follow`].
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Restored`], [`StoreError::DeploymentsDiffer`], [`StoreError::Random`], and those of damaged rows.
    pub async fn open(
        location: &Location,
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        options: StoreOptions,
    ) -> Result<Self> {
        let StoreOptions { max_staleness, verifier, clock, recorder } = options;
        if keyring.deployment() != deployment.id {
            return Err(StoreError::DeploymentsDiffer);
        }
        let database = Database::open(location, &SCHEMA, false).await?;
        let feed = Feed::load(database, Arc::clone(&keyring), Place::of(location), clock.now()).await?;
        let freshness = Freshness::Live { max_staleness };
        let revocation = Revocation::View(Arc::clone(&feed.cell), freshness);
        let verifier = Verifier::new(Arc::clone(&deployment), Arc::clone(&keyring), revocation, verifier)?;
        let verifier = Arc::new(verifier);
        let issuer = Issuer::new(Arc::clone(&deployment), Arc::clone(&keyring));
        let inner = Inner {
            feed,
            #[cfg(feature = "postgres")]
            location: location.clone(),
            deployment,
            keyring,
            issuer,
            verifier,
            freshness,
            clock,
        };
        Ok(Self { inner: Arc::new(inner), recorder })
    }

    /// Ends all connections of this store and its clones, once what is under way has ended. What is asked of the database after that fails;
    /// the view stays, and turns stale. For before a fork: SQLite's connections must not be there in a child.
    pub async fn close(&self) {
        self.inner.feed.database.close().await;
    }

    /// The same store, with this name in the events of what is done through it.
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        Self { inner: Arc::clone(&self.inner), recorder: self.recorder.acting_as(actor) }
    }

    /// The deployment: its vocabulary names the permissions of links.
    pub fn deployment(&self) -> &Deployment {
        &self.inner.deployment
    }

    /// Verifies links and sessions against the view of this store.
    pub fn verifier(&self) -> &Verifier {
        &self.inner.verifier
    }

    /// The same, to be kept by others.
    pub fn shared_verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.inner.verifier)
    }

    /// Where the view is read: for verifiers of one's own, and for a key store.
    pub fn cell(&self) -> Arc<ViewCell> {
        Arc::clone(&self.inner.feed.cell)
    }

    /// How far the view is.
    pub fn stamp(&self) -> Option<Stamp> {
        self.inner.feed.cell.load().stamp()
    }

    /// Whether the view is believed now.
    pub fn is_fresh(&self) -> bool {
        self.inner.feed.is_fresh(self.inner.freshness, self.now())
    }

    /// Asks the database for what is new, and shows it.
    ///
    /// # Errors
    /// [`StoreError::Database`]; [`StoreError::Restored`], [`StoreError::RolledBack`], [`StoreError::Forked`]: then nothing is shown, and the
    /// view turns stale.
    pub async fn refresh(&self) -> Result<()> {
        let inner = &self.inner;
        within(inner.feed.refresh(&|| inner.clock.now())).await
    }

    /// Answers a follower that has no access to the database, as of now: [`portward::Authority::answer`].
    ///
    /// # Errors
    /// As [`Store::refresh`]; [`StoreError::Authority`], [`StoreError::Random`].
    pub async fn answer(&self, scope: &Scope, since: Option<Stamp>, challenge: Challenge) -> Result<Vec<u8>> {
        self.refresh().await?;
        Ok(self.inner.feed.with(|authority| authority.answer(scope, since, challenge)).await?)
    }

    /// Answers the bytes of a request ([`portward::FeedRequest`]), as of now.
    ///
    /// # Errors
    /// [`StoreError::Request`], and as [`Store::answer`].
    pub async fn answer_request(&self, request: &[u8]) -> Result<Vec<u8>> {
        let FeedRequest { scope, since, challenge } = FeedRequest::from_bytes(request)?;
        self.answer(&scope, since, challenge).await
    }

    /// A list for verifiers without a live feed, as of now: [`portward::Authority::publish`].
    ///
    /// # Errors
    /// As [`Store::answer`].
    pub async fn publish(&self, scope: &Scope, since: Option<Stamp>, times: ListTimes) -> Result<Vec<u8>> {
        self.refresh().await?;
        Ok(self.inner.feed.with(|authority| authority.publish(scope, since, times)).await?)
    }

    /// Puts changes into the feed that are not about links: the tombstones of an erasure, a refused root. At most 400 at a time. When it
    /// returns they are durable, and the view of this store shows them.
    ///
    /// # Errors
    /// [`StoreError::Authority`], [`StoreError::Random`], and as [`Store::refresh`].
    pub async fn commit(&self, changes: Vec<Change>) -> Result<Stamp> {
        within(async {
            let mut turn = self.inner.feed.begin(Lock::Store, self.now()).await?;
            let told = Event::committed(self.wall(), &changes);
            turn.put(changes).await?;
            self.tell(told).await?;
            turn.commit().await
        })
        .await
    }

    pub(super) fn now(&self) -> Now {
        self.inner.clock.now()
    }

    pub(super) fn wall(&self) -> Timestamp {
        self.now().wall
    }

    pub(super) fn event(&self, operation: Operation) -> Event {
        Event::new(self.wall(), operation)
    }

    /// Tells the sink what is about to be done.
    pub(super) async fn tell(&self, event: Event) -> Result<()> {
        Ok(self.recorder.record(event).await?)
    }
}

/// Bounds how long a database that does not answer is waited for.
pub(super) async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(Duration::from_secs(10), work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Database(crate::database::DatabaseError::TimedOut)),
    }
}
