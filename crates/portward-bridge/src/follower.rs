use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use portward::{Clock as _, FeedError, FeedRequest, Follower as Core, Freshness, Revocation, Scope, SystemClock};

use crate::error::Error;
use crate::gate;
use crate::keyring::Keyring;
use crate::store::{scope, stamp_of, stamp_text};
use crate::token::{Verifier, VerifierOptions};

/// Keeps a view up to date where there is no store: at an edge, in another data centre. What carries its requests to a store, and the answers
/// back, is the caller's; nothing on that way is trusted.
pub struct Follower {
    /// Locked inside the gate alone, or a child could inherit it locked.
    core: Mutex<Asking>,
    /// Beside the lock that is held while an answer is taken in: a second, for a large one.
    highest: ArcSwapOption<String>,
    scope: Scope,
    verifier: Verifier,
}

struct Asking {
    core: Core,
    /// An answer did not follow on the view.
    for_everything: bool,
}

impl Follower {
    /// Begins with a view that knows nothing and so refuses all. `tenants`: whose revocations it follows, all by `None`; `highest`: the stamp
    /// that an earlier one reached, so that nothing older is taken; `max_staleness` in milliseconds.
    ///
    /// # Errors
    /// Those of the values; `random_unavailable`.
    pub fn new(
        keyring: &Keyring,
        tenants: Option<&[String]>,
        highest: Option<&str>,
        max_staleness: u64,
        options: &VerifierOptions,
    ) -> Result<Self, Error> {
        let (scope, highest) = (scope(tenants)?, highest.map(stamp_of).transpose()?);
        let skew = options.to_core()?.skew;
        let core = Core::new(keyring.core.clone(), scope.clone(), skew, highest)?;
        let freshness = Freshness::Live { max_staleness: Duration::from_millis(max_staleness) };
        let verifier = Verifier::of(keyring, Revocation::View(core.cell(), freshness), options)?;
        let highest = ArcSwapOption::from(highest_of(&core));
        Ok(Self { core: Mutex::new(Asking { core, for_everything: false }), highest, scope, verifier })
    }

    /// A request to be sent now: what a store answers with `answer`.
    ///
    /// # Errors
    /// `random_unavailable`; `forking` on the thread that forks.
    pub fn request(&self) -> Result<Vec<u8>, Error> {
        let _pass = gate::enter()?;
        let Asking { core, for_everything } = &mut *self.lock();
        let challenge = core.request(SystemClock.now().steady)?;
        let since = if *for_everything { None } else { core.cell().load().stamp() };
        Ok(FeedRequest { scope: self.scope.clone(), since, challenge }.to_bytes())
    }

    /// Takes an answer in. Returns the stamp that the view shows now.
    ///
    /// # Errors
    /// `forged`, `gap`, `rollback` and the like: the view stays as it was. After `gap`, `another_incarnation` and `fork` ask again: the next
    /// request asks for everything. `forking` as for a request.
    pub fn accept(&self, answer: &[u8]) -> Result<String, Error> {
        let _pass = gate::enter()?;
        let Asking { core, for_everything } = &mut *self.lock();
        let accepted = core.accept(answer, SystemClock.now().wall);
        *for_everything = match accepted {
            Ok(_) => false,
            // It was authentic: nobody else can bring this about.
            Err(FeedError::Gap | FeedError::AnotherIncarnation | FeedError::Fork) => true,
            Err(_) => *for_everything,
        };
        self.highest.store(highest_of(core));
        Ok(stamp_text(accepted?))
    }

    /// The stamp of the last answer; keep it for the next start. It waits for no answer that is being taken in.
    pub fn highest(&self) -> Option<String> {
        self.highest.load().as_deref().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Asking> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Verifies by this view.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

fn highest_of(core: &Core) -> Option<Arc<String>> {
    core.highest().map(stamp_text).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deployment, Store, StoreOptions};

    /// What is tried from Python, with a real fork: `test_fork.py`.
    #[test]
    fn nobody_has_it_locked_at_a_fork() {
        let _alone = crate::process::alone();
        let keyring = Keyring::generate(&Deployment::generate(None).unwrap()).unwrap();
        let follower = Follower::new(&keyring, None, None, 30_000, &VerifierOptions::default()).unwrap();
        crate::before_fork();
        let refused = [follower.request().map(drop), follower.accept(b"").map(drop)];
        assert_eq!(follower.highest(), None);
        crate::after_fork();
        assert_eq!(refused.map(|refused| refused.unwrap_err().code), ["forking"; 2]);
        assert_ne!(follower.accept(b"").unwrap_err().code, "forking");
        follower.request().unwrap();
    }

    #[test]
    fn after_another_history_it_asks_for_everything() {
        let directory = tempfile::tempdir().unwrap();
        let (file, wal) = (directory.path().join("portal.db"), directory.path().join("portal.db-wal"));
        let keyring = Keyring::generate(&Deployment::generate(None).unwrap()).unwrap();
        let open = |initialise| {
            let options = StoreOptions { initialise, ..StoreOptions::default() };
            Store::open(&format!("sqlite:{}", file.display()), &keyring, &options).unwrap()
        };
        open(true).close();
        let before = std::fs::read(&file).unwrap();

        let follower = Follower::new(&keyring, None, None, 30_000, &VerifierOptions::default()).unwrap();
        let next = |store: &Store| follower.accept(&store.answer(&follower.request()?)?);
        let store = open(false);
        store.revoke_client("t", "ada").unwrap();
        next(&store).unwrap();
        store.revoke_client("t", "ben").unwrap();
        let stamp = next(&store).unwrap();
        store.close();

        // The same file, put back behind everybody's back, goes another way.
        assert!(!wal.exists());
        std::fs::write(&file, before).unwrap();
        let store = open(false);
        for client in ["eve", "eve", "eve"] {
            store.revoke_client("t", client).unwrap();
        }
        let forked = next(&store).unwrap_err();
        assert!(matches!(forked.code, "fork" | "gap"), "{forked}");
        assert_eq!(follower.highest(), Some(stamp.clone()));
        assert_ne!(next(&store).unwrap(), stamp, "everything came");
        store.revoke_client("t", "ada").unwrap();
        assert_eq!(next(&store).ok(), store.stamp(), "and then what is new");
        store.close();
    }
}
