//! What was loaded, kept for a bounded time. Nobody is answered from it after that, nor after a refusal.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache as Entries;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use portward::{Clock, Identifier, Steady};

use tokio::runtime::Handle;

use crate::keys::error::KeyStoreError;

/// Values by their names, each for a lifetime that is not prolonged by use. Loaded once, however many ask; loaded anew ahead of the end, if
/// somebody asks then; dropped, and so wiped, at the end.
pub(super) struct Cache<K, V> {
    entries: Entries<K, Arc<Entry<V>>>,
    ages: Ages,
    /// Rises when something of a tenant is forgotten: what was being loaded meanwhile may be of before.
    forgotten: Counts,
    /// Rises when all of a tenant is forgotten: what was begun to be loaded before is not given out any more, though it is dropped a little later.
    ended: Counts,
}

/// How many counts there are. Of ten thousand tenants each shares one with less than one other.
const COUNTS: usize = 1 << 14;

/// A number for each tenant, which some of them share: what one forgets, the other loads anew.
struct Counts {
    counts: Box<[AtomicU64; COUNTS]>,
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
    /// How often all of its tenant had been forgotten when its loading began.
    begun: u64,
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
            .build();
        let cache = Arc::new(Self { entries, ages, forgotten: Counts::new(), ended: Counts::new() });
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
        let Some(entry) = self.living(name).await else { return self.load(name, load).await };
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
            None => self.load(name, load).await,
        }
    }

    /// The value of this name, if it is here.
    pub(super) async fn held(&self, name: &K) -> Option<Arc<V>> {
        self.living(name).await.map(|entry| Arc::clone(&entry.value))
    }

    async fn living(&self, name: &K) -> Option<Arc<Entry<V>>> {
        let entry = self.entries.get(name).await?;
        let lives = |entry: &Entry<V>| {
            entry.begun == self.ended.of(name.tenant()) && self.ages.of(&*entry.value) < self.ages.lifetime
        };
        if lives(&entry) {
            return Some(entry);
        }
        drop_unless(&self.entries, name, lives).await;
        None
    }

    async fn load<F>(&self, name: &K, load: impl Fn() -> F) -> Result<Arc<V>>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        loop {
            let (before, begun) = (self.forgotten.of(name.tenant()), self.ended.of(name.tenant()));
            let loading = async { load().await.map(|value| Entry::new(value, begun)) };
            let loaded = self.entries.try_get_with(name.clone(), loading).await;
            self.forget_if_late(name, before).await;
            match loaded {
                // Of somebody who had begun before all was forgotten.
                Ok(entry) if entry.begun < begun => {
                    drop_unless(&self.entries, name, |entry| entry.begun >= begun).await
                }
                Ok(entry) => return Ok(Arc::clone(&entry.value)),
                Err(error) => return Err(KeyStoreError::clone(&error)),
            }
        }
    }

    /// Only that something cannot be reached leaves the old value for the rest of its lifetime; a refusal ends all that the tenant has.
    async fn load_anew(&self, name: K, load: impl Future<Output = Result<V>> + Send, old: &Entry<V>) -> Result<Arc<V>> {
        // Given up in the middle, another one may try.
        let _flag = Lowered(&old.is_loading_anew);
        let (before, begun) = (self.forgotten.of(name.tenant()), self.ended.of(name.tenant()));
        match load.await {
            Ok(value) => {
                let entry = Entry::new(value, begun);
                self.entries.insert(name.clone(), Arc::clone(&entry)).await;
                self.forget_if_late(&name, before).await;
                Ok(Arc::clone(&entry.value))
            }
            // It may have taken its time to say so.
            Err(error) if error.is_outage() && self.ages.of(&*old.value) < self.ages.lifetime => {
                Ok(Arc::clone(&old.value))
            }
            Err(error) => {
                self.forget(name.tenant());
                Err(error)
            }
        }
    }

    async fn forget_if_late(&self, name: &K, before: u64) {
        if self.forgotten.of(name.tenant()) != before {
            self.entries.invalidate(name).await;
        }
    }

    /// Drops what is held under a name.
    pub(super) async fn forget_one(&self, name: &K) {
        self.forgotten.raise(name.tenant());
        self.entries.invalidate(name).await;
    }

    /// Drops what a tenant has.
    pub(super) fn forget(&self, tenant: Identifier) {
        self.ended.raise(tenant);
        self.forgotten.raise(tenant);
        // So that it is wiped now, and not when its time is over.
        if let Ok(runtime) = Handle::try_current() {
            let (entries, ended) = (self.entries.clone(), self.ended.of(tenant));
            runtime.spawn(async move {
                for (name, _) in entries.iter().filter(|(name, _)| name.tenant() == tenant) {
                    // Not what was loaded since.
                    drop_unless(&entries, &name, |entry| entry.begun >= ended).await;
                }
                entries.run_pending_tasks().await;
            });
        }
    }
}

/// Drops what is under a name, unless it is, by the time of it, another one that may stay.
async fn drop_unless<K, V>(entries: &Entries<K, Arc<Entry<V>>>, name: &K, stays: impl Fn(&Entry<V>) -> bool)
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    let held = entries.entry_by_ref(name);
    held.and_compute_with(|held| {
        let drops = held.is_some_and(|held| !stays(held.value()));
        core::future::ready(if drops { Op::Remove } else { Op::Nop })
    })
    .await;
}

impl Counts {
    fn new() -> Self {
        Self { counts: Box::new([const { AtomicU64::new(0) }; COUNTS]), hasher: RandomState::new() }
    }

    fn of(&self, tenant: Identifier) -> u64 {
        self.count(tenant).load(Ordering::SeqCst)
    }

    fn raise(&self, tenant: Identifier) {
        self.count(tenant).fetch_add(1, Ordering::SeqCst);
    }

    fn count(&self, tenant: Identifier) -> &AtomicU64 {
        let [one, two, ..] = self.hasher.hash_one(tenant).to_ne_bytes();
        let place = usize::from(u16::from_ne_bytes([one, two])) % COUNTS;
        let [first, ..] = &*self.counts;
        // It is below their number.
        self.counts.get(place).unwrap_or(first)
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
    fn new(value: V, begun: u64) -> Arc<Self> {
        Arc::new(Self { value: Arc::new(value), begun, is_loading_anew: AtomicBool::new(false) })
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

#[cfg(test)]
mod tests {
    use portward::SystemClock;

    use super::*;

    /// When it was loaded, and in which round.
    struct Loaded(Steady, u64);

    impl Dated for Loaded {
        fn since(&self) -> Steady {
            self.0
        }
    }

    /// Every forgetting begins housekeeping, which is at work when the next one comes.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_forgotten_is_loaded_anew_whatever_the_housekeeping_is_at() {
        let clock: Arc<dyn Clock + Send + Sync> = Arc::new(SystemClock);
        let cache = Cache::new(100, Duration::from_secs(60), Arc::clone(&clock));
        let tenant: Identifier = "studio-7".parse().unwrap();
        for round in 0..20_000 {
            cache.forget(tenant);
            let at = clock.now().steady;
            let got = cache.get(&tenant, || async move { Ok(Loaded(at, round)) }).await.unwrap();
            assert_eq!(got.1, round);
        }
    }

    /// Housekeeping that comes late leaves what was loaded since, whatever keeps it.
    #[tokio::test]
    async fn what_was_loaded_since_stays() {
        let clock: Arc<dyn Clock + Send + Sync> = Arc::new(SystemClock);
        let cache = Cache::new(100, Duration::from_secs(60), Arc::clone(&clock));
        let (at, tenant) = (clock.now().steady, "studio-7".parse().unwrap());
        let load = |round| move || async move { Ok(Loaded(at, round)) };
        cache.get(&tenant, load(1)).await.unwrap();
        cache.forget(tenant);
        // Nothing here waits, so that the housekeeping comes after it.
        assert_eq!(cache.get(&tenant, load(2)).await.unwrap().1, 2);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(cache.get(&tenant, load(3)).await.unwrap().1, 2);
    }

    /// What another tenant has stays.
    #[tokio::test]
    async fn what_was_forgotten_is_dropped_at_once() {
        let clock: Arc<dyn Clock + Send + Sync> = Arc::new(SystemClock);
        let cache = Cache::new(100, Duration::from_secs(60), Arc::clone(&clock));
        let at = clock.now().steady;
        let [ours, other]: [Identifier; 2] = ["studio-7", "studio-8"].map(|tenant| tenant.parse().unwrap());
        let mut held = Vec::new();
        for tenant in [ours, other] {
            held.push(Arc::downgrade(&cache.get(&tenant, || async move { Ok(Loaded(at, 0)) }).await.unwrap()));
        }
        cache.forget(ours);
        tokio::time::timeout(Duration::from_secs(30), async {
            while held[0].upgrade().is_some() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        assert!(held[1].upgrade().is_some());
    }
}
