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

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.places.iter().flatten().filter(|place| place.load().is_some()).count()
    }

    fn set(&self, hash: u64) -> Option<&[ArcSwapOption<Entry>; WAYS]> {
        let sets = u64::try_from(self.places.len()).ok()?;
        let index = u128::from(hash).wrapping_mul(u128::from(sets)) >> 64;
        self.places.get(usize::try_from(index).ok()?)
    }
}
