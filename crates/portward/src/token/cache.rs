use core::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use foldhash::quality::RandomState;

use crate::key::{RootId, TokenKey, TokenKeyId};

/// Token keys that have proved themselves: a fixed number of places, four for each hash, read and written without a lock.
///
/// Only a key under which a tag has verified is put here, so forged tenants push nobody out.
pub(super) struct KeyCache {
    places: Box<[[ArcSwapOption<Entry>; WAYS]]>,
    hasher: RandomState,
}

struct Entry {
    root: RootId,
    kind: u8,
    tenant: Box<[u8]>,
    tenant_generation: u32,
    key: TokenKey,
}

impl Entry {
    fn is(&self, id: &TokenKeyId<'_>) -> bool {
        self.root == id.root
            && self.kind == id.kind
            && self.tenant_generation == id.tenant_generation
            && *self.tenant == *id.tenant.bytes()
    }
}

const WAYS: usize = 4;

impl KeyCache {
    /// Room for at least this many tenants, at most four million.
    pub(super) fn with_capacity(keys: usize) -> Self {
        let sets = keys.div_ceil(WAYS).clamp(1, 1 << 20);
        Self { places: (0..sets).map(|_| Default::default()).collect(), hasher: RandomState::default() }
    }

    /// Uses the key of this id, if it is here.
    pub(super) fn with<T>(&self, id: &TokenKeyId<'_>, use_key: impl FnOnce(&TokenKey) -> T) -> Option<T> {
        for place in self.set(self.hash(id))? {
            if let Some(entry) = place.load().as_ref().filter(|entry| entry.is(id)) {
                return Some(use_key(&entry.key));
            }
        }
        None
    }

    /// Takes a copy of the key in, in place of an older one of the same set if need be.
    pub(super) fn insert(&self, id: &TokenKeyId<'_>, key: &TokenKey) {
        let hash = self.hash(id);
        let Some(set) = self.set(hash) else { return };
        let free = set.iter().position(|place| place.load().is_none());
        let victim = usize::try_from(hash.rotate_left(7)).unwrap_or(0) & (WAYS - 1);
        if let Some(place) = set.get(free.unwrap_or(victim)) {
            let &TokenKeyId { root, kind, tenant, tenant_generation } = id;
            let tenant = tenant.bytes().into();
            let mut entry = Arc::new(Entry { root, kind, tenant, tenant_generation, key: TokenKey::EMPTY });
            // Nobody else has it yet. Filled where it stays, so that no copy is left on the stack.
            Arc::get_mut(&mut entry).into_iter().for_each(|entry| entry.key.copy_from(key));
            place.store(Some(entry));
        }
    }

    fn hash(&self, id: &TokenKeyId<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(id.tenant.bytes());
        hasher.write_u64(u64::from(u32::from_ne_bytes(id.root.to_bytes())) << 32 | u64::from(id.tenant_generation));
        hasher.write_u8(id.kind);
        hasher.finish()
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
    use crate::Identifier;
    use crate::codec::{Reader, Writer as _};

    #[test]
    fn it_never_grows_and_never_gives_another_key() {
        let cache = KeyCache::with_capacity(64);
        let key = |tenant: u64| {
            let mut key = TokenKey::EMPTY;
            key.absorb(&[u8::try_from(tenant % 251).unwrap(); 32]);
            key
        };
        for tenant in 0..10_000 {
            let mut wire = Vec::new();
            wire.put_identifier(&Identifier::from(tenant));
            let tenant_wire = Reader::new(&wire).wire_identifier().unwrap();
            let id =
                TokenKeyId { root: RootId::from_bytes([1; 4]), kind: 1, tenant: tenant_wire, tenant_generation: 0 };
            assert!(cache.with(&id, |_| ()).is_none());
            cache.insert(&id, &key(tenant));
            let found = cache.with(&id, |found| found.tag(b"m"));
            assert_eq!(found, Some(key(tenant).tag(b"m")), "the newest is there, and its own");
        }
        let held = cache.places.iter().flatten().filter(|place| place.load().is_some()).count();
        assert!(held <= 64, "{held} places");
    }
}
