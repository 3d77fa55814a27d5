//! This library, set up as a server has it.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use portward::{
    Authority, Change, Clock as _, Deployment, EntryId, Follower, Freshness, Generations, Identifier, Incarnation,
    IssuedToken, Issuer, Keyring, LinkRequest, Narrowing, NoRevocation, Now, Permissions, Revocation, Scope,
    SystemClock, TenantChange, Timestamp, Unit, UntrustedLink, Verifier, VerifierOptions, ViewCell, Vocabulary,
};

use crate::{facts, floor};

/// One deployment, its keyring, and a moment that all calls are given.
pub struct World {
    pub deployment: Arc<Deployment>,
    pub keyring: Arc<Keyring>,
    pub issuer: Issuer,
    pub tenant: Identifier,
    pub client: Identifier,
    pub permissions: Permissions,
    pub now: Now,
}

impl Default for World {
    fn default() -> Self {
        let now = SystemClock.now();
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, now.wall).unwrap());
        Self {
            issuer: Issuer::new(deployment.clone(), keyring.clone()),
            tenant: facts::TENANT.parse().unwrap(),
            client: facts::CLIENT.parse().unwrap(),
            permissions: deployment.vocabulary.expand(facts::PERMISSIONS).unwrap(),
            deployment,
            keyring,
            now,
        }
    }
}

impl World {
    pub fn request(&self) -> LinkRequest {
        self.request_of(self.tenant)
    }

    pub fn request_of(&self, tenant: Identifier) -> LinkRequest {
        LinkRequest::new(tenant, self.client, self.permissions).lifetime(facts::LIFETIME)
    }

    /// A link with the facts that every peer's token states too.
    pub fn link(&self) -> IssuedToken {
        self.link_at(self.now.wall)
    }

    pub fn link_at(&self, time: Timestamp) -> IssuedToken {
        self.issuer.issue_link(&self.request(), Generations::default(), time).unwrap()
    }

    /// A link passed on this many times, each time with an earlier expiry.
    pub fn chain(&self, blocks: u64) -> String {
        (1..=blocks).fold(self.link().text().to_owned(), |link, block| {
            let expiry = Timestamp::from_unix(self.now.wall.unix() + facts::LIFETIME.as_secs() - block);
            UntrustedLink::parse(&link).unwrap().narrow(&Narrowing::new().expires_at(expiry)).unwrap()
        })
    }

    /// A verifier that believes the view for 30 s.
    pub fn verifier(&self, view: Arc<ViewCell>) -> Verifier {
        self.verifier_with(view, VerifierOptions::default())
    }

    pub fn verifier_with(&self, view: Arc<ViewCell>, options: VerifierOptions) -> Verifier {
        let live = Freshness::Live { max_staleness: Duration::from_secs(30) };
        self.verifier_of(Revocation::View(view, live), options)
    }

    pub fn verifier_without_revocation(&self) -> Verifier {
        self.verifier_of(Revocation::None(NoRevocation), VerifierOptions::default())
    }

    fn verifier_of(&self, revocation: Revocation, options: VerifierOptions) -> Verifier {
        Verifier::new(self.deployment.clone(), self.keyring.clone(), revocation, options).unwrap()
    }
}

/// Who revokes, and the follower of one server.
pub struct Feed {
    pub authority: Authority,
    pub follower: Follower,
    scope: Scope,
    tenant: Identifier,
    now: Now,
}

impl Feed {
    /// An empty, fresh view.
    pub fn new(world: &World) -> Self {
        Self::scoped(world, Scope::ALL)
    }

    /// The same of these tenants.
    pub fn scoped(world: &World, scope: Scope) -> Self {
        let incarnation = Incarnation::generate(world.now.wall, None).unwrap();
        let authority = Authority::new(world.keyring.clone(), incarnation).unwrap();
        let follower = Follower::new(world.keyring.clone(), scope.clone(), Duration::from_secs(60), None).unwrap();
        let mut feed = Self { authority, follower, scope, tenant: world.tenant, now: world.now };
        feed.pull();
        feed
    }

    /// A view of this many entries, all of the one tenant: the given ones and random ones.
    pub fn with_entries(world: &World, given: &[EntryId], entries: usize) -> Self {
        let mut feed = Self::new(world);
        let random = (given.len()..entries).map(|_| floor::draw());
        let mut ids = given.iter().copied().chain(random).peekable();
        while ids.peek().is_some() {
            feed.revoke(ids.by_ref().take(CHUNK));
            feed.pull();
            feed.settle();
        }
        assert_eq!(feed.follower.cell().load().entries(), entries.max(given.len()));
        feed
    }

    /// Revokes links at the authority.
    pub fn revoke(&mut self, ids: impl Iterator<Item = EntryId>) {
        let expires_at = self.expiry();
        let revoke = |id| Change::Tenant(self.tenant, TenantChange::Revoke { unit: Unit::Link, id, expires_at });
        self.authority.commit(ids.map(revoke).collect()).unwrap();
    }

    /// Makes these changes, and learns of them.
    pub fn change(&mut self, changes: Vec<Change>) {
        self.authority.commit(changes).unwrap();
        self.pull();
    }

    /// When a link of now ends.
    pub fn expiry(&self) -> Timestamp {
        self.now.wall.saturating_add(facts::LIFETIME)
    }

    pub fn revoke_random(&mut self) {
        self.revoke(iter::once(floor::draw()));
    }

    /// The live answer to a request that is sent now.
    pub fn answer(&mut self) -> Vec<u8> {
        let challenge = self.follower.request(self.now.steady).unwrap();
        self.authority.answer(&self.scope, self.follower.highest(), challenge).unwrap()
    }

    pub fn accept(&mut self, answer: &[u8]) {
        self.follower.accept(answer, self.now.wall).unwrap();
    }

    pub fn pull(&mut self) {
        let answer = self.answer();
        self.accept(&answer);
    }

    /// Merges what was accepted since the last time.
    pub fn settle(&mut self) {
        let compaction = self.follower.begin_compaction().run();
        self.follower.install(compaction);
    }
}

/// As many as one message carries.
const CHUNK: usize = 1_000_000;
