//! This library, set up to seal: the keys of a scope with one data key at hand, and the context of one object.

use std::num::NonZeroUsize;
use std::sync::Arc;

use portward::KeyState;
use portward::envelope::{Context, DataKey, DataScope, Keep, ScopeKeys};

use crate::ours::World;

/// Plaintext in a chunk of a body.
pub const CHUNK: usize = 16_384;

pub const ONE: NonZeroUsize = NonZeroUsize::MIN;

pub struct Objects {
    pub keys: ScopeKeys,
    pub context: Context,
}

impl Default for Objects {
    fn default() -> Self {
        let world = World::default();
        let scope: DataScope = "file:1".parse().unwrap();
        let key = DataKey::generate(&world.deployment.id, world.tenant, scope.clone()).unwrap();
        let keys =
            ScopeKeys::new(&world.deployment, world.tenant, scope).with_data_key(Arc::new(key), KeyState::Active);
        Self { keys, context: Context::new(&world.tenant, "files.content", "1204").unwrap() }
    }
}

impl Objects {
    pub fn seal(&self, plaintext: &[u8], threads: NonZeroUsize) -> Vec<u8> {
        self.keys.seal(&self.context, plaintext, Keep::Detached, threads).unwrap()
    }

    pub fn seal_into(&self, plaintext: &[u8], threads: NonZeroUsize, object: &mut Vec<u8>) {
        self.keys.seal_into(&self.context, plaintext, Keep::Detached, threads, object).unwrap();
    }

    pub fn open(&self, object: &[u8], threads: NonZeroUsize) -> Vec<u8> {
        self.keys.open(&self.context, object, threads).unwrap()
    }

    pub fn open_into(&self, object: &[u8], threads: NonZeroUsize, plaintext: &mut Vec<u8>) {
        self.keys.open_into(&self.context, object, threads, plaintext).unwrap();
    }

    pub fn seal_record(&self, plaintext: &[u8]) -> Vec<u8> {
        self.keys.seal_record(&self.context, plaintext).unwrap()
    }

    pub fn open_record(&self, object: &[u8]) -> Vec<u8> {
        self.keys.open_record(&self.context, object).unwrap()
    }
}
