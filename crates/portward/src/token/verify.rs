use std::sync::Arc;
use std::time::Duration;

use crate::codec::Reader;
use crate::id::{Identifier, Permissions};
use crate::key::{Deployment, Keyring, TokenKeyId, derive_token_key};
use crate::random::{self, RandomError};
use crate::revocation::{EntryId, Freshness, Subject, ViewCell};
use crate::secret::Secret;
use crate::time::{Now, Timestamp};
use crate::token::access::{Access, LinkAccess, Resources};
use crate::token::block::{self, Visit};
use crate::token::cache::KeyCache;
use crate::token::chain::Chain;
use crate::token::error::{RefusalError, VerifyError};
use crate::token::frame::UnverifiedToken;
use crate::token::head::{self, Head};
use crate::token::kind::Kind;

/// The choice to go without revocation.
///
/// A token then lives until it expires, whatever happens; somebody who has stolen a tenant's token key can make tokens of that tenant
/// until the root key is retired, and nothing but retiring it helps. Good for tokens that live for minutes, and for tests.
#[derive(Clone, Copy, Debug)]
pub struct NoRevocation;

/// Where a verifier learns what is revoked.
pub enum Revocation {
    /// From a view that a follower moves on, believed for as long as it is fresh.
    View(Arc<ViewCell>, Freshness),
    /// From nowhere.
    None(NoRevocation),
}

/// What a verifier can be told besides keys and revocation.
#[derive(Clone, Debug)]
pub struct VerifierOptions {
    /// Who is asking: tokens that state an audience must state this one. `None`: they must not state any.
    pub audience: Option<Identifier>,
    /// How far ahead the issuer's clock may be: 60 s by default, at most 300 s (more counts as that).
    pub skew: Duration,
    /// For how many tenants derived keys are kept: 4,096 by default, about 600 bytes each.
    pub cached_keys: usize,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self { audience: None, skew: Duration::from_secs(60), cached_keys: 4096 }
    }
}

/// Turns tokens into [`Access`], or refuses them.
///
/// Share one between all threads; it takes no lock.
pub struct Verifier {
    deployment: Arc<Deployment>,
    keyring: Arc<Keyring>,
    revocation: Revocation,
    options: VerifierOptions,
    cache: KeyCache,
    /// Stands in for a root that is not there, so that looking for one costs the same.
    decoy: Secret,
}

const SKEW_MAX: Duration = Duration::from_secs(300);

impl Verifier {
    /// A verifier for tokens of one deployment.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn new(
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        revocation: Revocation,
        options: VerifierOptions,
    ) -> Result<Self, RandomError> {
        let options = VerifierOptions { skew: options.skew.min(SKEW_MAX), ..options };
        let cache = KeyCache::with_capacity(options.cached_keys);
        let decoy = Secret::try_filled(|bytes| random::draw(bytes))?;
        Ok(Self { deployment, keyring, revocation, options, cache, decoy })
    }

    /// Verifies a link.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_link(&self, token: &UnverifiedToken, now: Now) -> Result<LinkAccess, VerifyError> {
        let chain = self.authenticate(token, Kind::Link)?;
        let access = self.interpret(token, &chain, now)?;
        Ok(LinkAccess { access, first_tag: chain.into_first_tag() })
    }

    /// Verifies a session.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_session(&self, token: &UnverifiedToken, now: Now) -> Result<Access, VerifyError> {
        let chain = self.authenticate(token, Kind::Session)?;
        self.interpret(token, &chain, now)
    }

    /// `spec/token.md` section 5, parts B and C; the numbers are its steps.
    fn authenticate(&self, token: &UnverifiedToken, kind: Kind) -> Result<Chain, VerifyError> {
        let head = &token.head;
        if head.kind != kind {
            return Err(VerifyError::refused(RefusalError::WrongKind)); // 12
        }
        let root = self.keyring.root(head.root).and_then(|root| root.for_checking()); // 13
        let id = TokenKeyId {
            root: head.root,
            kind: kind.wire(),
            tenant: head.tenant,
            tenant_generation: head.generations.tenant,
        };
        let cached = root.and_then(|_| self.cache.with(&id, |key| Chain::compute(key, token)));
        let (chain, fresh_key) = match cached {
            Some(chain) => (chain, None),
            None => {
                let key = derive_token_key(root.unwrap_or(&self.decoy), &self.deployment.id, &id);
                (Chain::compute(&key, token), Some(key))
            }
        };
        let authentic = chain.ends_in(token.tag()); // 14
        match (root, authentic) {
            (None, _) => Err(VerifyError::refused(RefusalError::UnknownRoot)),
            (Some(_), false) => Err(VerifyError::refused(RefusalError::Forged)),
            (Some(_), true) => {
                if let Some(key) = fresh_key {
                    self.cache.insert(id, key);
                }
                Ok(chain)
            }
        }
    }

    /// Part D, of a token that is authentic.
    fn interpret(&self, token: &UnverifiedToken, chain: &Chain, now: Now) -> Result<Access, VerifyError> {
        let head = &token.head;
        let refuse = |refusal| Err(VerifyError::refused_authentic(refusal, head.token_id));
        let granted = Granted::of(token);
        if head.issued_at >= head.expires_at {
            return refuse(RefusalError::BadTimes); // 15
        }
        if head.expires_at.saturating_since(head.issued_at) > self.ceiling(head.kind) {
            return refuse(RefusalError::OverCeiling); // 16
        }
        if head.issued_at > now.wall.saturating_add(self.options.skew) {
            return refuse(RefusalError::NotYetValid); // 17
        }
        if now.wall >= granted.expires_at {
            return refuse(RefusalError::Expired); // 18
        }
        if granted.audience.is_some_and(|stated| Some(stated) != self.options.audience) || granted.audiences_differ {
            return refuse(RefusalError::WrongAudience); // 19
        }
        let access = granted.into_access(token, chain);
        if let Revocation::View(cell, freshness) = &self.revocation {
            let subject = subject(head, &access); // 20
            let checked = cell.read(|view| view.check(&subject, *freshness, self.options.skew, now));
            checked.map_err(|cause| VerifyError::revoked(cause, head.token_id))?;
        }
        Ok(access)
    }

    fn ceiling(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Link => self.deployment.link.ceiling(),
            Kind::Session => self.deployment.session.ceiling(),
        }
    }

    #[cfg(test)]
    pub(super) fn cached_keys(&self) -> usize {
        self.cache.len()
    }
}

fn subject<'a>(head: &'a Head, access: &'a Access) -> Subject<'a> {
    let session = match head.kind {
        Kind::Link => None,
        Kind::Session => Some((access.token_id, access.link_revision)),
    };
    Subject {
        roots: [head.root, access.link_root],
        tenant: &head.tenant,
        client: &head.client,
        generations: head.generations,
        link: access.link,
        copies: &access.copies,
        session,
    }
}

/// What head and blocks grant together: each field only ever shrinks.
pub(super) struct Granted {
    pub(super) expires_at: Timestamp,
    pub(super) permissions: Permissions,
    pub(super) resources: Resources,
    pub(super) recipients: Vec<String>,
    /// The first audience stated, and whether another one was stated too.
    pub(super) audience: Option<Identifier>,
    pub(super) audiences_differ: bool,
    pub(super) sealed: bool,
    /// The resources of the block at hand.
    listed: Vec<Identifier>,
    lists: bool,
}

impl Granted {
    pub(super) fn of(token: &UnverifiedToken) -> Self {
        let head = &token.head;
        let mut granted = Self {
            expires_at: head.expires_at,
            permissions: head.permissions,
            resources: Resources::All,
            recipients: Vec::new(),
            audience: head.audience,
            audiences_differ: false,
            sealed: false,
            listed: Vec::new(),
            lists: false,
        };
        for block in token.blocks() {
            // The block was checked when the token was parsed. Were it not, nothing would be granted.
            if block::visit(block, &mut granted).is_err() {
                granted.permissions = Permissions::NONE;
            }
            granted.end_block();
        }
        granted
    }

    fn end_block(&mut self) {
        if !self.lists {
            return;
        }
        let listed = core::mem::take(&mut self.listed);
        self.lists = false;
        match &mut self.resources {
            Resources::Only(kept) => kept.retain(|resource| listed.contains(resource)),
            all @ Resources::All => *all = Resources::Only(listed),
        }
    }

    fn into_access(self, token: &UnverifiedToken, chain: &Chain) -> Access {
        let head = &token.head;
        let mut access = Access {
            kind: head.kind,
            token_id: head.token_id,
            tenant: head.tenant,
            client: head.client,
            audience: self.audience,
            issued_at: head.issued_at,
            expires_at: self.expires_at,
            generations: head.generations,
            permissions: self.permissions,
            resources: self.resources,
            recipients: self.recipients,
            copies: chain.copies(),
            link: head.token_id,
            link_root: head.root,
            link_revision: 0,
        };
        if let Some(origin) = &token.origin {
            access.link = origin.link;
            access.link_root = origin.link_root;
            access.link_revision = origin.revision;
            access.copies = copies(token.part(origin.copies.start, origin.copies.end));
            access.resources = resources(token.part(origin.resources.start, origin.resources.end));
        }
        access
    }
}

impl Visit for Granted {
    fn expiry(&mut self, time: Timestamp) {
        self.expires_at = self.expires_at.min(time);
    }

    fn permissions(&mut self, permissions: Permissions) {
        self.permissions = self.permissions.intersection(permissions);
    }

    fn resources(&mut self, resource: Option<Identifier>) {
        self.lists = true;
        self.listed.extend(resource);
    }

    fn audience(&mut self, audience: Identifier) {
        self.audiences_differ |= self.audience.is_some_and(|stated| stated != audience);
        self.audience = Some(audience);
    }

    fn recipient(&mut self, label: &str) {
        self.recipients.push(label.to_owned());
    }

    fn seal(&mut self) {
        self.sealed = true;
    }
}

fn copies(bytes: &[u8]) -> Vec<EntryId> {
    bytes.as_chunks().0.to_vec()
}

/// The list was checked when the token was parsed; were it not, it would grant no resource.
fn resources(bytes: &[u8]) -> Resources {
    let mut list = Vec::new();
    let read = head::read_resources(&mut Reader::new(bytes), 0, |resource| list.push(resource));
    match read {
        Ok(()) if list.is_empty() => Resources::All,
        Ok(()) => Resources::Only(list),
        Err(_) => Resources::Only(Vec::new()),
    }
}
