use std::sync::Arc;
use std::time::Duration;

use portward::envelope::{Tombstones, UnwrapKey, WrapKey};
use portward::{Clock, Deployment, Identifier, Keyring, Timestamp, ViewCell};

use crate::database::{Database, Lock, Work};
use crate::keys::cache::Cache;
use crate::keys::error::KeyStoreError;
use crate::keys::loaded::LoadedKeks;

/// What loading needs, also where the store itself is not at hand.
pub(super) struct Shelf<K> {
    pub(super) database: Database,
    pub(super) deployment: Arc<Deployment>,
    pub(super) keyring: Arc<Keyring>,
    pub(super) kek: Arc<K>,
    pub(super) keks: Arc<Cache<Identifier, LoadedKeks>>,
    /// What was destroyed here since it was opened.
    pub(super) dead: Arc<Tombstones>,
    pub(super) view: Option<Arc<ViewCell>>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) lifetime: Duration,
}

impl<K: WrapKey + UnwrapKey + 'static> Shelf<K> {
    /// A transaction that may write, alone.
    pub(super) async fn begin(&self) -> Result<Work, KeyStoreError> {
        Ok(self.database.begin(Lock::Store).await?)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// Calls the KEK where it may take its time: it can be far away.
    pub(super) async fn with_kek<T: Send + 'static>(
        &self,
        call: impl FnOnce(&K) -> Result<T, KeyStoreError> + Send + 'static,
    ) -> Result<T, KeyStoreError> {
        let kek = Arc::clone(&self.kek);
        let called = tokio::task::spawn_blocking(move || call(&kek)).await;
        called.unwrap_or_else(|stopped| match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends.
            Err(_) => Err(portward::envelope::KekError::Unavailable.into()),
        })
    }
}
