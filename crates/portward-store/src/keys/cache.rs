//! What was loaded, kept for a bounded time. Nobody is answered from it after that, nor after a refusal.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache as Entries;
use moka::policy::EvictionPolicy;
use portward::{Clock, Identifier, Steady};

use tokio::runtime::Handle;

use crate::keys::error::KeyStoreError;

/// Values by their names, each for a lifetime that is not prolonged by use. Loaded once, however many ask; loaded anew ahead of the end, if
/// somebody asks then; dropped, and so wiped, at the end.
pub(super) struct Cache<K, V> {
    entries: Entries<K, Arc<Entry<V>>>,
    ages: Ages,
    /// Rises when something of a tenant is forgotten: what was being loaded meanwhile may be of before. Tenants share these numbers.
    forgotten: [AtomicU64; 256],
    hasher: RandomState,
}

/// A name of something that belongs to a tenant.
pub(super) trait OfTenant {
    fn tenant(&self) -> Identifier;
}

impl OfTenant for Identifier {
    fn tenant(&self) -> Identifier {
        *self
    }
}

/// A value that says since when it is good: when the KEK was last asked for it.
pub(super) trait Dated {
    fn since(&self) -> Steady;
}

struct Entry<V> {
    value: Arc<V>,
    is_loading_anew: AtomicBool,
}

#[derive(Clone)]
struct Ages {
    lifetime: Duration,
    clock: Arc<dyn Clock + Send + Sync>,
}

type Result<T> = core::result::Result<T, KeyStoreError>;

impl<K, V> Cache<K, V>
where
    K: OfTenant + Hash + Eq + Clone + Send + Sync + 'static,
    V: Dated + Send + Sync + 'static,
{
    /// Has to be called inside a Tokio runtime, which drops what nobody asks for any more.
    pub(super) fn new(capacity: u64, lifetime: Duration, clock: Arc<dyn Clock + Send + Sync>) -> Arc<Self> {
        let ages = Ages { lifetime, clock };
        let entries = Entries::builder()
            .max_capacity(capacity)
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(ages.clone())
            .support_invalidation_closures()
            .build();
        let cache =
            Arc::new(Self { entries, ages, forgotten: [const { AtomicU64::new(0) }; 256], hasher: RandomState::new() });
        let weak = Arc::downgrade(&cache);
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(lifetime.div_f32(5.0).max(Duration::from_millis(10)));
            loop {
                interval.tick().await;
                let Some(cache) = weak.upgrade() else { return };
                cache.entries.run_pending_tasks().await;
            }
        });
        cache
    }

    /// The value of this name, from here or loaded. Ahead of its end it is loaded anew while the old one is given out.
    pub(super) async fn get<F>(self: &Arc<Self>, name: &K, load: impl Fn() -> F) -> Result<Arc<V>>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        let Some(entry) = self.living(name).await else { return self.load(name, load()).await };
        if self.ages.is_ending(&*entry.value) && !entry.is_loading_anew.swap(true, Ordering::Relaxed) {
            let (cache, name, load, old) = (Arc::clone(self), name.clone(), load(), Arc::clone(&entry));
            tokio::spawn(async move { cache.load_anew(name, load, &old).await });
        }
        Ok(Arc::clone(&entry.value))
    }

    /// The same, but ahead of its end it is waited for.
    pub(super) async fn get_fresh<F>(self: &Arc<Self>, name: &K, load: impl Fn() -> F) -> Result<Arc<V>>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        match self.living(name).await {
            Some(entry) if !self.ages.is_ending(&*entry.value) => Ok(Arc::clone(&entry.value)),
            Some(entry) if entry.is_loading_anew.swap(true, Ordering::Relaxed) => Ok(Arc::clone(&entry.value)),
            Some(entry) => self.load_anew(name.clone(), load(), &entry).await,
            None => self.load(name, load()).await,
        }
    }

    /// The value of this name, if it is here.
    pub(super) async fn held(&self, name: &K) -> Option<Arc<V>> {
        self.living(name).await.map(|entry| Arc::clone(&entry.value))
    }

    async fn living(&self, name: &K) -> Option<Arc<Entry<V>>> {
        let entry = self.entries.get(name).await?;
        if self.ages.of(&*entry.value) < self.ages.lifetime {
            return Some(entry);
        }
        self.entries.invalidate(name).await;
        None
    }

    async fn load(&self, name: &K, load: impl Future<Output = Result<V>> + Send) -> Result<Arc<V>> {
        let before = self.forgotten_of(name.tenant()).load(Ordering::SeqCst);
        let loaded = self.entries.try_get_with(name.clone(), async { load.await.map(Entry::new) }).await;
        self.forget_if_late(name, before).await;
        loaded.map(|entry| Arc::clone(&entry.value)).map_err(|error| KeyStoreError::clone(&error))
    }

    /// Only that something cannot be reached leaves the old value for the rest of its lifetime; a refusal ends all that the tenant has.
    async fn load_anew(&self, name: K, load: impl Future<Output = Result<V>> + Send, old: &Entry<V>) -> Result<Arc<V>> {
        // Given up in the middle, another one may try.
        let _flag = Lowered(&old.is_loading_anew);
        let before = self.forgotten_of(name.tenant()).load(Ordering::SeqCst);
        match load.await {
            Ok(value) => {
                let entry = Entry::new(value);
                self.entries.insert(name.clone(), Arc::clone(&entry)).await;
                self.forget_if_late(&name, before).await;
                Ok(Arc::clone(&entry.value))
            }
            // It may have taken its time to say so.
            Err(error) if error.is_outage() && self.ages.of(&*old.value) < self.ages.lifetime => {
                Ok(Arc::clone(&old.value))
            }
            Err(error) => {
                self.forget(name.tenant(), |_| true);
                Err(error)
            }
        }
    }

    async fn forget_if_late(&self, name: &K, before: u64) {
        if self.forgotten_of(name.tenant()).load(Ordering::SeqCst) != before {
            self.entries.invalidate(name).await;
        }
    }

    /// Drops what these names of a tenant have.
    pub(super) fn forget(&self, tenant: Identifier, is_one: impl Fn(&K) -> bool + Send + Sync + 'static) {
        self.forgotten_of(tenant).fetch_add(1, Ordering::SeqCst);
        // It fails only without `support_invalidation_closures`; then everything goes.
        if self.entries.invalidate_entries_if(move |name, _| name.tenant() == tenant && is_one(name)).is_err() {
            self.entries.invalidate_all();
        }
        // So that it is wiped now, and not when the housekeeping comes round.
        if let Ok(runtime) = Handle::try_current() {
            let entries = self.entries.clone();
            runtime.spawn(async move { entries.run_pending_tasks().await });
        }
    }

    fn forgotten_of(&self, tenant: Identifier) -> &AtomicU64 {
        let [place, ..] = self.hasher.hash_one(tenant).to_ne_bytes();
        // A byte is below 256.
        self.forgotten.get(usize::from(place)).unwrap_or(&self.forgotten[0])
    }
}

/// Lowers a flag when it goes, however it goes.
struct Lowered<'a>(&'a AtomicBool);

impl Drop for Lowered<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl<V> Entry<V> {
    fn new(value: V) -> Arc<Self> {
        Arc::new(Self { value: Arc::new(value), is_loading_anew: AtomicBool::new(false) })
    }
}

impl Ages {
    /// A clock that went back tells that the age is not known.
    fn of(&self, value: &impl Dated) -> Duration {
        let age = self.clock.now().steady.millis().checked_sub(value.since().millis());
        age.map_or(Duration::MAX, Duration::from_millis)
    }

    /// Four fifths of its lifetime are over.
    fn is_ending(&self, value: &impl Dated) -> bool {
        self.of(value) >= self.lifetime.mul_f32(0.8)
    }
}

impl<K, V: Dated> Expiry<K, Arc<Entry<V>>> for Ages {
    fn expire_after_create(&self, _: &K, entry: &Arc<Entry<V>>, _: Instant) -> Option<Duration> {
        Some(self.lifetime.saturating_sub(self.of(&*entry.value)))
    }

    fn expire_after_update(
        &self,
        name: &K,
        entry: &Arc<Entry<V>>,
        at: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(name, entry, at)
    }
}
