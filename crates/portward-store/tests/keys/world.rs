//! A deployment with a key store, a clock that is moved by hand, and a KEK that can be away.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portward::envelope::{Binding, Context, DataScope, KekError, KekName, RootKeks, Slot, UnwrapKey, WrapKey};
use portward::{
    Authority, Change, Clock, Deployment, Follower, Identifier, Incarnation, Keyring, NoRevocation, Now, Scope, Steady,
    Timestamp, ViewCell, Vocabulary,
};
use portward_store::database::Location;
use portward_store::keys::{Feed, KeyStore, KeyStoreError, KeyStoreOptions};
use sqlx::{AnyConnection, Connection as _};

use crate::place::Place;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_770_000_000);
pub(crate) const ALONE: Feed = Feed::None(NoRevocation);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) tenant: Identifier,
    pub(crate) scope: DataScope,
    pub(crate) clock: Arc<HandClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, NOW).unwrap());
        let (tenant, scope) = ("acme".parse().unwrap(), "subject:anna".parse().unwrap());
        let clock = Arc::new(HandClock::default());
        Self { place: Place::new(), deployment, keyring, tenant, scope, clock }
    }

    pub(crate) fn location(&self) -> Location {
        self.place.location()
    }

    pub(crate) fn options(&self) -> KeyStoreOptions {
        KeyStoreOptions { clock: Arc::<HandClock>::clone(&self.clock), initialise: true, ..KeyStoreOptions::default() }
    }

    pub(crate) async fn store(&self) -> KeyStore<RootKeks> {
        self.store_with(self.options()).await
    }

    pub(crate) async fn store_with(&self, options: KeyStoreOptions) -> KeyStore<RootKeks> {
        self.open(&self.location(), ALONE, options).await.unwrap()
    }

    pub(crate) async fn store_that_follows(&self, feed: &Follow) -> KeyStore<RootKeks> {
        self.open(&self.location(), Feed::View(feed.cell()), self.options()).await.unwrap()
    }

    pub(crate) async fn open(
        &self,
        location: &Location,
        feed: Feed,
        options: KeyStoreOptions,
    ) -> Result<KeyStore<RootKeks>, KeyStoreError> {
        KeyStore::open(location, Arc::clone(&self.deployment), Arc::clone(&self.keyring), feed, options).await
    }

    /// With a tenant.
    pub(crate) async fn store_of_tenant(&self) -> KeyStore<RootKeks> {
        let store = self.store().await;
        store.new_tenant(self.tenant).await.unwrap();
        store
    }

    /// Under a KEK that can be away.
    pub(crate) async fn store_under(&self, gate: &Arc<Gate>) -> KeyStore<Gate> {
        self.store_of(&self.keyring, gate).await
    }

    /// The same, with another keyring.
    pub(crate) async fn store_of(&self, keyring: &Arc<Keyring>, gate: &Arc<Gate>) -> KeyStore<Gate> {
        let (deployment, keyring) = (Arc::clone(&self.deployment), Arc::clone(keyring));
        KeyStore::open_under(&self.location(), deployment, keyring, Arc::clone(gate), ALONE, self.options())
            .await
            .unwrap()
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(&self.tenant, "clients.phone", "7").unwrap()
    }

    /// What stands in one column of one row.
    pub(crate) async fn bytes(&self, sql: &'static str) -> Vec<u8> {
        sqlx::query_scalar(sql).fetch_one(&mut self.sql().await).await.unwrap()
    }

    async fn sql(&self) -> AnyConnection {
        self.place.connect().await
    }

    /// What somebody does who can write the database and holds no key.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        let mut connection = self.sql().await;
        let changed = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap().rows_affected();
        assert!(changed > 0 || sql.starts_with("CREATE"), "{sql}");
        connection.close().await.unwrap();
    }
}

pub(crate) fn code<T>(result: Result<T, KeyStoreError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

#[derive(Default)]
pub(crate) struct HandClock(Mutex<Duration>);

impl HandClock {
    pub(crate) fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Now {
        let passed = *self.0.lock().unwrap();
        let steady = Steady::from_millis(u64::try_from(passed.as_millis()).unwrap() + 1_000);
        Now { wall: NOW.saturating_add(passed), steady }
    }
}

/// The keyring's KEKs behind a gate that can be shut.
pub(crate) struct Gate {
    keks: RootKeks,
    state: AtomicU8,
    /// How long a call takes, by the clock that is moved by hand.
    pub(crate) delay: Mutex<Option<(Arc<HandClock>, Duration)>>,
    pub(crate) calls: AtomicU64,
    /// Keeps calls waiting.
    pub(crate) hold: AtomicBool,
    /// What it wraps is damaged on the way (1), or another key (2).
    pub(crate) garbles: AtomicU8,
}

impl Gate {
    pub(crate) fn new(keyring: &Keyring) -> Arc<Self> {
        Arc::new(Self {
            keks: RootKeks::new(keyring),
            state: AtomicU8::new(0),
            delay: Mutex::default(),
            calls: AtomicU64::new(0),
            hold: AtomicBool::new(false),
            garbles: AtomicU8::new(0),
        })
    }

    pub(crate) fn open(&self) {
        self.state.store(0, Ordering::SeqCst);
    }

    pub(crate) fn shut(&self, error: KekError) {
        self.state.store(if error == KekError::Unavailable { 1 } else { 2 }, Ordering::SeqCst);
    }

    fn pass(&self) -> Result<(), KekError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        while self.hold.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some((clock, time)) = &*self.delay.lock().unwrap() {
            clock.pass(*time);
        }
        match self.state.load(Ordering::SeqCst) {
            0 => Ok(()),
            1 => Err(KekError::Unavailable),
            _ => Err(KekError::Refused),
        }
    }
}

impl WrapKey for Gate {
    fn kek(&self) -> KekName {
        self.keks.kek()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        self.pass()?;
        match self.garbles.load(Ordering::SeqCst) {
            0 => self.keks.wrap(binding, key),
            1 => self.keks.wrap(binding, key).map(|wrapped| wrapped.into_iter().map(|byte| byte ^ 1).collect()),
            _ => self.keks.wrap(binding, &[9; 32]),
        }
    }
}

impl UnwrapKey for Gate {
    fn resolves(&self, kek: &KekName) -> bool {
        self.keks.resolves(kek)
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        self.pass()?;
        self.keks.unwrap(slot, binding, key)
    }
}

/// A feed, and a view that follows it.
pub(crate) struct Follow {
    authority: Authority,
    follower: Follower,
}

impl Follow {
    pub(crate) fn new(world: &World) -> Self {
        let incarnation = Incarnation::generate(NOW, None).unwrap();
        let authority = Authority::new(Arc::clone(&world.keyring), incarnation).unwrap();
        let follower = Follower::new(Arc::clone(&world.keyring), Scope::ALL, DAY, None).unwrap();
        let mut feed = Self { authority, follower };
        feed.publish(Vec::new());
        feed
    }

    pub(crate) fn publish(&mut self, changes: Vec<Change>) {
        if !changes.is_empty() {
            self.authority.commit(changes).unwrap();
        }
        let challenge = self.follower.request(Steady::from_millis(1)).unwrap();
        self.follower.accept(&self.authority.answer(&Scope::ALL, None, challenge).unwrap(), NOW).unwrap();
    }

    pub(crate) fn cell(&self) -> Arc<ViewCell> {
        self.follower.cell()
    }
}
