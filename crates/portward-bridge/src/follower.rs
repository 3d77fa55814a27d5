use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use portward::{Clock as _, FeedRequest, Follower as Core, Freshness, Revocation, Scope, SystemClock};

use crate::error::Error;
use crate::keyring::Keyring;
use crate::store::{scope, stamp_of, stamp_text};
use crate::token::{Verifier, VerifierOptions};

/// Keeps a view up to date where there is no store: at an edge, in another data centre. What carries its requests to a store, and the answers
/// back, is the caller's; nothing on that way is trusted.
pub struct Follower {
    core: Mutex<Core>,
    scope: Scope,
    verifier: Verifier,
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
        Ok(Self { core: Mutex::new(core), scope, verifier })
    }

    /// A request to be sent now: what a store answers with `answer`.
    ///
    /// # Errors
    /// `random_unavailable`.
    pub fn request(&self) -> Result<Vec<u8>, Error> {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let challenge = core.request(SystemClock.now().steady)?;
        let since = core.cell().load().stamp();
        Ok(FeedRequest { scope: self.scope.clone(), since, challenge }.to_bytes())
    }

    /// Takes an answer in. Returns the stamp that the view shows now.
    ///
    /// # Errors
    /// `forged`, `gap`, `rollback` and the like: the view stays as it was. After `gap`, `another_incarnation` and `fork` ask again: the next
    /// request asks for everything.
    pub fn accept(&self, answer: &[u8]) -> Result<String, Error> {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(stamp_text(core.accept(answer, SystemClock.now().wall)?))
    }

    /// The stamp of the last answer; keep it for the next start.
    pub fn highest(&self) -> Option<String> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner).highest().map(stamp_text)
    }

    /// Verifies by this view.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}
