//! A store for tests: it keeps everything in memory, and binds a nonce to link and cookie as a real one has to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use portward::{
    Clock, Deployment, EntryId, Generations, Issuer, Keyring, LinkRequest, NoRevocation, NonceError, Now, PeekCookie,
    Revocation, SessionLimits, Steady, Timestamp, Verifier, VerifierOptions, Vocabulary,
};
use portward_http::{Links, Peeked, Reason, Redeemed, Refusal};

/// A clock that stands until it is moved.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        Now { wall: Timestamp::from_unix(self.0.load(Ordering::Relaxed)), steady: Steady::default() }
    }
}

pub(crate) struct Memory {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clock: TestClock,
    issuer: Issuer,
    verifier: Verifier,
    down: AtomicBool,
    links: Mutex<HashMap<EntryId, Link>>,
    sessions: Mutex<HashMap<EntryId, String>>,
    pub(crate) calls: Calls,
}

/// How often each question was asked.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) peek: AtomicU64,
    pub(crate) redeem: AtomicU64,
    pub(crate) renew: AtomicU64,
}

#[derive(Default)]
struct Link {
    uses: u32,
    uses_max: u32,
    redemptions: Vec<EntryId>,
    revoked: bool,
}

impl Memory {
    pub(crate) fn new() -> Arc<Self> {
        let clock = TestClock(Arc::new(AtomicU64::new(1_800_000_000)));
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, clock.now().wall).unwrap());
        let issuer = Issuer::new(deployment.clone(), keyring.clone());
        let verifier = verifier(&deployment, &keyring);
        let (links, sessions) = Default::default();
        let (down, calls) = Default::default();
        Arc::new(Self { deployment, keyring, clock, issuer, verifier, down, links, sessions, calls })
    }

    pub(crate) fn verifier(&self) -> Verifier {
        verifier(&self.deployment, &self.keyring)
    }

    /// A link that reads files and can be redeemed so often.
    pub(crate) fn link(&self, uses_max: u32) -> String {
        let permissions = self.deployment.vocabulary.expand(["files:read"]).unwrap();
        let request = LinkRequest::new("studio-7".parse().unwrap(), "42".parse().unwrap(), permissions);
        let link = self.issuer.issue_link(&request, Generations::default(), self.clock.now().wall).unwrap();
        self.links.lock().unwrap().insert(link.id(), Link { uses_max, ..Link::default() });
        link.text().to_owned()
    }

    pub(crate) fn revoke(&self, link: &str) {
        self.of(link, |link| link.revoked = true);
    }

    pub(crate) fn uses(&self, link: &str) -> u32 {
        self.of(link, |link| link.uses)
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    fn of<T>(&self, token: &str, work: impl FnOnce(&mut Link) -> T) -> T {
        let id = self.verifier.verify_link(token, self.clock.now()).unwrap().link_id();
        work(self.links.lock().unwrap().get_mut(&id).unwrap())
    }

    fn session(&self, token: &str) -> Result<Redeemed, Reason> {
        let now = self.clock.now();
        let link = self.verifier.verify_link(token, now)?;
        let session = self.issuer.issue_session(&link, &SessionLimits::default(), now.wall).unwrap();
        self.sessions.lock().unwrap().insert(session.id(), token.to_owned());
        Ok(Redeemed { session: session.text().to_owned(), expires_at: session.expires_at() })
    }

    fn is_up(&self) -> Result<(), Reason> {
        let down = self.down.load(Ordering::Relaxed);
        if down { Err(reason(Refusal::Unavailable, "store_unavailable")) } else { Ok(()) }
    }
}

impl Links for Memory {
    async fn peek(&self, token: &str, cookie: Option<PeekCookie>) -> Result<Peeked, Reason> {
        self.calls.peek.fetch_add(1, Ordering::Relaxed);
        self.is_up()?;
        let now = self.clock.now();
        let access = self.verifier.verify_link(token, now)?;
        let cookie = cookie.unwrap_or_else(|| PeekCookie::generate().unwrap());
        let (nonce, expires_at) = self.keyring.make_nonce(access.chain_id(), &cookie, now.wall).unwrap();
        Ok(Peeked { nonce, expires_at, cookie })
    }

    async fn redeem(&self, token: &str, cookie: &PeekCookie, nonce: &str) -> Result<Redeemed, Reason> {
        self.calls.redeem.fetch_add(1, Ordering::Relaxed);
        self.is_up()?;
        let now = self.clock.now();
        let access = self.verifier.verify_link(token, now)?;
        let checked = self.keyring.check_nonce(nonce, access.chain_id(), cookie, now.wall).map_err(of_nonce)?;
        let mut links = self.links.lock().unwrap();
        let link = links.get_mut(&access.link_id()).ok_or(reason(Refusal::Refused, "link_unknown"))?;
        if link.revoked {
            return Err(reason(Refusal::Refused, "link_revoked"));
        }
        if !link.redemptions.contains(&checked.id) {
            if link.uses >= link.uses_max {
                return Err(reason(Refusal::Refused, "uses_exhausted"));
            }
            link.uses += 1;
            link.redemptions.push(checked.id);
        }
        drop(links);
        self.session(token)
    }

    async fn renew(&self, session: &str) -> Result<Redeemed, Reason> {
        self.calls.renew.fetch_add(1, Ordering::Relaxed);
        self.is_up()?;
        let access = self.verifier.verify_session(session, self.clock.now())?;
        let token = self.sessions.lock().unwrap().get(&access.token_id()).cloned();
        let token = token.ok_or(reason(Refusal::Refused, "chain_unknown"))?;
        if self.of(&token, |link| link.revoked) {
            return Err(reason(Refusal::Refused, "link_revoked"));
        }
        self.session(&token)
    }
}

fn reason(refusal: Refusal, code: &'static str) -> Reason {
    Reason { refusal, code, token_id: None }
}

fn of_nonce(error: NonceError) -> Reason {
    match error {
        NonceError::Malformed => reason(Refusal::Damaged, error.code()),
        _ => reason(Refusal::Refused, error.code()),
    }
}

fn verifier(deployment: &Arc<Deployment>, keyring: &Arc<Keyring>) -> Verifier {
    let revocation = Revocation::None(NoRevocation);
    Verifier::new(deployment.clone(), keyring.clone(), revocation, VerifierOptions::default()).unwrap()
}
