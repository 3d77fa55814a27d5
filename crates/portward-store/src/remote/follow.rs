use core::time::Duration;
use std::sync::Arc;

use portward::{Clock, FeedError, FeedRequest, Follower, RandomError, Scope, SystemClock, ViewCell};
use tokio::task::JoinHandle;

use crate::remote::carrier::Carrier;

/// What may be said otherwise.
#[derive(Clone)]
pub struct RemoteOptions {
    /// How often it is asked what is new: every 500 ms.
    pub every: Duration,
    /// How long an answer is waited for: 5 s.
    pub patience: Duration,
    /// The clock: that of the system.
    pub clock: Arc<dyn Clock + Send + Sync>,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self { every: Duration::from_millis(500), patience: Duration::from_secs(5), clock: Arc::new(SystemClock) }
    }
}

/// Keeps a view up to date for as long as it is held.
#[derive(Debug)]
#[must_use = "the view turns stale when this is dropped"]
pub struct RemoteFollowing {
    cell: Arc<ViewCell>,
    task: JoinHandle<()>,
}

impl RemoteFollowing {
    /// Where the view is read. Keep its stamp ([`portward::RevocationView::stamp`]) across restarts, for [`Follower::new`].
    pub fn cell(&self) -> Arc<ViewCell> {
        Arc::clone(&self.cell)
    }
}

impl Drop for RemoteFollowing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Above so many changes a view is compacted, on a thread of its own.
const UNSETTLED_MAX: usize = 5000;

/// Asks every so often, and when the carrier says that there is something new. What fails is asked again: a view that hears nothing turns stale
/// by itself. Needs a Tokio runtime.
pub fn follow(follower: Follower, scope: Scope, carrier: Arc<dyn Carrier>, options: RemoteOptions) -> RemoteFollowing {
    let cell = follower.cell();
    let mut asking = Asking { follower, scope, whole: false, options };
    let task = tokio::spawn(async move {
        loop {
            asking.once(&*carrier).await;
            tokio::select! {
                () = tokio::time::sleep(asking.options.every) => {}
                () = carrier.woken() => {}
            }
        }
    });
    RemoteFollowing { cell, task }
}

struct Asking {
    follower: Follower,
    scope: Scope,
    /// Ask for everything: what came did not follow on what is known.
    whole: bool,
    options: RemoteOptions,
}

impl Asking {
    async fn once(&mut self, carrier: &dyn Carrier) {
        // No random bytes, no question: it turns stale.
        let Ok(request) = self.request() else { return };
        let answer = tokio::time::timeout(self.options.patience, carrier.ask(&request)).await;
        let Ok(Ok(answer)) = answer else { return };
        match self.follower.accept(&answer, self.options.clock.now().wall) {
            Ok(_) => self.whole = false,
            Err(FeedError::Gap | FeedError::AnotherIncarnation | FeedError::Fork) => self.whole = true,
            Err(_) => {}
        }
        if self.follower.unsettled() > UNSETTLED_MAX {
            let compaction = self.follower.begin_compaction();
            if let Ok(compacted) = tokio::task::spawn_blocking(|| compaction.run()).await {
                self.follower.install(compacted);
            }
        }
    }

    fn request(&mut self) -> Result<Vec<u8>, RandomError> {
        let challenge = self.follower.request(self.options.clock.now().steady)?;
        let since = self.follower.cell().load().stamp().filter(|_| !self.whole);
        Ok(FeedRequest { scope: self.scope.clone(), since, challenge }.to_bytes())
    }
}
