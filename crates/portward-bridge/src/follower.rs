use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use portward::{Clock as _, FeedError, FeedRequest, Follower as Core, Freshness, Revocation, Scope, SystemClock};

use crate::error::Error;
use crate::gate;
use crate::keyring::Keyring;
use crate::store::{scope, stamp_of, stamp_text};
use crate::text;
use crate::token::{Verifier, VerifierOptions};

/// Keeps a view up to date where there is no store: at an edge, in another data centre. What carries its requests to a store, and the answers
/// back, is the caller's; nothing on that way is trusted. One of lists asks nobody: they come by whatever way, and may lie on one as a file.
pub struct Follower {
    /// Locked inside the gate alone, or a child could inherit it locked.
    core: Mutex<Asking>,
    /// Beside the lock that is held while an answer is taken in: a second, for a large one.
    highest: ArcSwapOption<String>,
    scope: Scope,
    follows: Freshness,
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
        let freshness = Freshness::Live { max_staleness: Duration::from_millis(max_staleness) };
        Self::of(keyring, tenants, highest, freshness, options)
    }

    /// The same for published lists, what a store's `publish` makes: it asks nobody, and believes a list from its one time to its other by the wall
    /// clock. Nobody notices that a list which is still good was put in the place of a newer one, so this is chosen by name.
    ///
    /// # Errors
    /// As [`Follower::new`].
    pub fn of_lists(
        keyring: &Keyring,
        tenants: Option<&[String]>,
        highest: Option<&str>,
        options: &VerifierOptions,
    ) -> Result<Self, Error> {
        Self::of(keyring, tenants, highest, Freshness::PublishedList, options)
    }

    fn of(
        keyring: &Keyring,
        tenants: Option<&[String]>,
        highest: Option<&str>,
        follows: Freshness,
        options: &VerifierOptions,
    ) -> Result<Self, Error> {
        let (scope, highest) = (scope(tenants)?, highest.map(stamp_of).transpose()?);
        let skew = options.to_core()?.skew;
        let core = Core::new(keyring.core.clone(), scope.clone(), skew, highest)?;
        let verifier = Verifier::of(keyring, Revocation::View(core.cell(), follows), options)?;
        let highest = ArcSwapOption::from(highest_of(&core));
        Ok(Self { core: Mutex::new(Asking { core, for_everything: false }), highest, scope, follows, verifier })
    }

    /// A request to be sent now: what a store answers with `answer`.
    ///
    /// # Errors
    /// `random_unavailable`; `forking` on the thread that forks; `follows_lists`, as what came back would take the place of every later list.
    pub fn request(&self) -> Result<Vec<u8>, Error> {
        if matches!(self.follows, Freshness::PublishedList) {
            return Err(Error::value("follows_lists", "it follows published lists, and asks nobody"));
        }
        let _pass = gate::enter()?;
        let Asking { core, for_everything } = &mut *self.lock();
        let challenge = core.request(SystemClock.now().steady)?;
        let since = if *for_everything { None } else { core.cell().load().stamp() };
        Ok(FeedRequest { scope: self.scope.clone(), since, challenge }.to_bytes())
    }

    /// Takes an answer, or a list, in. Returns the stamp that the view shows now.
    ///
    /// # Errors
    /// `forged`, `gap`, `rollback` and the like: the view stays as it was. After `gap`, `another_incarnation` and `fork` ask again: the next
    /// request asks for everything. `list_not_yet_current`, `list_expired`. `forking` as for a request.
    pub fn accept(&self, message: &[u8]) -> Result<String, Error> {
        self.accept_at(message, None)
    }

    /// The same, as of now or of a time in Unix seconds, by which a list is good or not.
    ///
    /// # Errors
    /// As [`Follower::accept`].
    pub fn accept_at(&self, message: &[u8], at: Option<u64>) -> Result<String, Error> {
        let _pass = gate::enter()?;
        let Asking { core, for_everything } = &mut *self.lock();
        let accepted = core.accept(message, at.map_or_else(|| SystemClock.now().wall, text::time));
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
    use crate::{Deployment, NewLink, Store, StoreOptions};

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
    fn a_list_is_good_from_its_one_time_to_the_other() {
        let directory = tempfile::tempdir().unwrap();
        let keyring = Keyring::generate(&Deployment::generate(None).unwrap()).unwrap();
        let location = format!("sqlite:{}", directory.path().join("portal.db").display());
        let options = StoreOptions { initialise: true, ..StoreOptions::default() };
        let store = Store::open(&location, &keyring, &options).unwrap();
        let link = |client: &str| {
            let (tenant, client, permissions) = ("t".to_owned(), client.to_owned(), vec!["files:read".to_owned()]);
            store.issue(&NewLink { tenant, client, permissions, ..NewLink::default() }).unwrap().0.text
        };
        let (ada, ben) = (link("ada"), link("ben"));
        let now = SystemClock.now().wall.unix();
        let publish = || store.publish(None, now - 100, now + 100).unwrap();
        let (older, _) = (publish(), store.revoke_client("t", "ada").unwrap());

        let none_ahead = VerifierOptions { skew: Some(0), ..VerifierOptions::default() };
        let follower = Follower::of_lists(&keyring, None, None, &none_ahead).unwrap();
        let code = |token: &str, at| follower.verifier().verify_link(token, Some(at)).err().map(|error| error.code);
        assert_eq!(code(&ben, now), Some("generation_ahead"), "it has heard of nothing yet");
        let refused = |at| follower.accept_at(&older, Some(at)).unwrap_err().code;
        assert_eq!([refused(now - 101), refused(now + 100)], ["list_not_yet_current", "list_expired"]);
        follower.accept(&older).unwrap();
        assert_eq!([code(&ada, now), code(&ben, now)], [None, None]);
        assert_eq!(follower.accept(&publish()).ok(), store.stamp());
        assert_eq!([code(&ada, now), code(&ben, now)], [Some("client_revoked"), None]);
        assert_eq!([code(&ben, now + 99), code(&ben, now + 100)], [None, Some("view_stale")]);
        assert_eq!(follower.accept(&older).unwrap_err().code, "rollback");

        // An answer to a question would be the evidence from then on, and no list counts beside one.
        assert_eq!(follower.request().unwrap_err().code, "follows_lists");
        let live = Follower::new(&keyring, None, None, 30_000, &none_ahead).unwrap();
        let answer = store.answer(&live.request().unwrap()).unwrap();
        assert_eq!(follower.accept(&answer).unwrap_err().code, "wrong_challenge");
        assert_eq!(code(&ben, now), None);
        live.accept(&publish()).unwrap();
        let stale = live.verifier().verify_link(&ben, None).unwrap_err();
        assert_eq!(stale.code, "view_stale", "a list is no answer");
        live.accept(&answer).unwrap();
        live.verifier().verify_link(&ben, None).unwrap();
        store.close();
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
