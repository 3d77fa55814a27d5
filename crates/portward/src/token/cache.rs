use core::hash::BuildHasher as _;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use foldhash::quality::RandomState;

use crate::key::TokenKeyId;
use crate::primitive::MacKey;

/// Token keys that have proved themselves: a fixed number of places, four for each hash, read and written without a lock.
///
/// Only a key under which a tag has verified is put here, so forged tenants push nobody out.
pub(super) struct KeyCache {
    places: Box<[[ArcSwapOption<Entry>; WAYS]]>,
    hasher: RandomState,
}

struct Entry {
    id: TokenKeyId,
    key: MacKey,
}

const WAYS: usize = 4;

impl KeyCache {
    /// Room for at least this many tenants.
    pub(super) fn with_capacity(keys: usize) -> Self {
        let sets = keys.div_ceil(WAYS).max(1);
        Self { places: (0..sets).map(|_| Default::default()).collect(), hasher: RandomState::default() }
    }

    /// Uses the key of this id, if it is here.
    pub(super) fn with<T>(&self, id: &TokenKeyId, use_key: impl FnOnce(&MacKey) -> T) -> Option<T> {
        for place in self.set(self.hasher.hash_one(id))? {
            if let Some(entry) = place.load().as_ref().filter(|entry| entry.id == *id) {
                return Some(use_key(&entry.key));
            }
        }
        None
    }

    /// Takes the key in, in place of an older one of the same set if need be.
    pub(super) fn insert(&self, id: TokenKeyId, key: MacKey) {
        let hash = self.hasher.hash_one(id);
        let Some(set) = self.set(hash) else { return };
        let free = set.iter().position(|place| place.load().is_none());
        let victim = usize::try_from(hash.rotate_left(7)).unwrap_or(0) & (WAYS - 1);
        if let Some(place) = set.get(free.unwrap_or(victim)) {
            place.store(Some(Arc::new(Entry { id, key })));
        }
    }

    fn set(&self, hash: u64) -> Option<&[ArcSwapOption<Entry>; WAYS]> {
        let sets = u64::try_from(self.places.len()).ok()?;
        let index = u128::from(hash).wrapping_mul(u128::from(sets)) >> 64;
        self.places.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identifier, RootId};

    fn id(tenant: u64) -> TokenKeyId {
        TokenKeyId { root: RootId::from_bytes([1; 4]), kind: 1, tenant: Identifier::from(tenant), tenant_generation: 0 }
    }

    #[test]
    fn it_never_grows_and_never_gives_another_key() {
        let cache = KeyCache::with_capacity(64);
        let key = |tenant: u64| MacKey::new(&[u8::try_from(tenant % 251).unwrap(); 32]);
        for tenant in 0..10_000 {
            assert!(cache.with(&id(tenant), |_| ()).is_none());
            cache.insert(id(tenant), key(tenant));
            let found = cache.with(&id(tenant), |found| found.tag(b"m"));
            assert_eq!(found, Some(key(tenant).tag(b"m")), "the newest is there, and its own");
        }
        let held = cache.places.iter().flatten().filter(|place| place.load().is_some()).count();
        assert!(held <= 64, "{held} places");
    }
}
