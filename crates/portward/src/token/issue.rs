use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::codec::{self, WireBuffer, Writer as _};
use crate::error::error_codes;
use crate::id::{Identifier, Permissions};
use crate::key::{Deployment, Keyring, Lifetimes, TokenKey, TokenKeyId, derive_token_key};
use crate::random::{self, RandomError};
use crate::revocation::{EntryId, Generations};
use crate::secret::Wiped;
use crate::time::Timestamp;
use crate::token::access::LinkAccess;
use crate::token::access::Resources;
use crate::token::cache::KeyCache;
use crate::token::chain;
use crate::token::head::{Head, Origin, RESOURCES_MAX, sorted};
use crate::token::kind::{ISSUED_LINK_MAX, Kind, TOKEN_MAX};
use crate::token::stored::{ChainGrant, LinkHead};

/// For whom a link is, and what it grants.
///
/// ```
/// use std::time::Duration;
/// use portward::{LinkRequest, Vocabulary};
/// let permissions = Vocabulary::portal().expand(["files:read", "invoices:*"])?;
/// let request = LinkRequest::new("studio-7".parse()?, "42".parse()?, permissions).lifetime(Duration::from_secs(30 * 86_400));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinkRequest {
    tenant: Identifier,
    client: Identifier,
    permissions: Permissions,
    audience: Option<Identifier>,
    lifetime: Option<Duration>,
}

impl LinkRequest {
    /// A link of the deployment's default lifetime (90 days) for every audience.
    pub const fn new(tenant: Identifier, client: Identifier, permissions: Permissions) -> Self {
        Self { tenant, client, permissions, audience: None, lifetime: None }
    }

    /// Whose data.
    pub const fn tenant(&self) -> Identifier {
        self.tenant
    }

    /// Who comes.
    pub const fn client(&self) -> Identifier {
        self.client
    }

    /// Good for this audience only.
    #[must_use]
    pub const fn audience(mut self, audience: Identifier) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Lives this long, in whole seconds, at most the deployment's ceiling.
    #[must_use]
    pub const fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }
}

/// What a registry says of a link now, for the session made from it. The default takes nothing away.
#[derive(Clone, Debug, Default)]
pub struct SessionLimits {
    /// How long the session lives; `None` is the deployment's default (15 minutes).
    pub lifetime: Option<Duration>,
    /// The revision of the link's registry row.
    pub revision: u32,
    /// Not longer than this.
    pub expires_at: Option<Timestamp>,
    /// Not more than these.
    pub permissions: Option<Permissions>,
    /// None but these.
    pub resources: Option<Vec<Identifier>>,
}

/// A token just made. Its text is all that is needed to enter: it goes to its holder and nowhere else.
pub struct IssuedToken {
    text: String,
    id: EntryId,
    expires_at: Timestamp,
    first_tag: Wiped,
    head: Vec<u8>,
}

impl IssuedToken {
    /// The exact bytes of its head: with them, and with the keyring, the same token can be made again.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The token itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to keep of it: with the id it can be revoked.
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// Its signed expiry.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// What a registry keeps to recognise the link without being able to make it.
    pub fn link_check(&self) -> EntryId {
        chain::link_check(&self.first_tag.0)
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({}, expires {})", codec::hex(&self.id), self.expires_at)
    }
}

error_codes! {
    /// Why no token was made.
    pub enum IssueError {
        LifetimeZero => "lifetime_zero", Caller, "a token lives at least a second";
        LifetimeOverCeiling => "lifetime_over_ceiling", Caller, "the lifetime is over the deployment's ceiling";
        TimeOutOfRange => "time_out_of_range", Caller, "the expiry is beyond the last time that a token can state";
        TokenTooLong => "token_too_long", Caller, "the token would be longer than a token may be";
        NothingGranted => "nothing_granted", Input, "nothing that the link grants is left for a session";
        Expired => "expired", Input, "the link has no time left for a session";
        UnknownRoot => "unknown_root", Environment, "the link is under a root that the keyring does not check with";
        NoActiveRoot => "keyring_no_active_root", Caller, "the keyring has no active root";
        DeploymentsDiffer => "deployments_differ", Caller, "deployment, keyring, view and token are not of one deployment";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

/// Makes tokens under the active root of a keyring.
pub struct Issuer {
    deployment: Arc<Deployment>,
    keyring: Arc<Keyring>,
    cache: KeyCache,
}

impl Issuer {
    /// An issuer for one deployment. Derived keys are kept for 4,096 tenants.
    pub fn new(deployment: Arc<Deployment>, keyring: Arc<Keyring>) -> Self {
        Self { deployment, keyring, cache: KeyCache::with_capacity(4096) }
    }

    /// Makes a link under the counters of the view ([`crate::RevocationView::generations`]).
    ///
    /// # Errors
    /// [`IssueError::LifetimeZero`], [`IssueError::LifetimeOverCeiling`], [`IssueError::TimeOutOfRange`],
    /// [`IssueError::TokenTooLong`], [`IssueError::NoActiveRoot`], [`IssueError::DeploymentsDiffer`], [`IssueError::Random`].
    pub fn issue_link(
        &self,
        request: &LinkRequest,
        generations: Generations,
        now: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        self.issue_link_as(random::bytes()?, request, generations, now)
    }

    /// Makes a session from a link that was just verified.
    ///
    /// # Errors
    /// Those of [`Issuer::issue_link`], and [`IssueError::NothingGranted`], [`IssueError::Expired`].
    pub fn issue_session(
        &self,
        link: &LinkAccess,
        limits: &SessionLimits,
        now: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        self.issue_session_as(random::bytes()?, link, limits, now)
    }

    /// Makes the same link again. Compare its [`IssuedToken::link_check`] with the one that was kept before it goes out.
    ///
    /// # Errors
    /// [`IssueError::UnknownRoot`] if the keyring does not check with its root any more.
    pub fn issue_again(&self, head: &LinkHead) -> Result<IssuedToken, IssueError> {
        self.sign(&head.to_head(), ISSUED_LINK_MAX)
    }

    /// Makes a session for what a link and its blocks grant, as the store knows it: in place of a session that ends, and with its id, so that
    /// revoking one revokes them all.
    ///
    /// # Errors
    /// As [`Issuer::issue_session`].
    pub fn renew_session(
        &self,
        grant: &ChainGrant,
        limits: &SessionLimits,
        now: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        let token_id = grant.session.map_or_else(random::bytes, Ok)?;
        self.issue_session_of(token_id, grant, limits, now)
    }

    pub(crate) fn issue_link_as(
        &self,
        token_id: EntryId,
        request: &LinkRequest,
        generations: Generations,
        now: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        let lifetime = lifetime(request.lifetime, self.deployment.link)?;
        let head = Head {
            kind: Kind::Link,
            root: self.active_root()?,
            token_id,
            issued_at: now,
            expires_at: expiry(now, lifetime)?,
            generations,
            tenant: &request.tenant,
            client: &request.client,
            audience: request.audience.as_ref(),
            permissions: request.permissions,
            origin: None,
        };
        self.sign(&head, ISSUED_LINK_MAX)
    }

    pub(crate) fn issue_session_as(
        &self,
        token_id: EntryId,
        link: &LinkAccess,
        limits: &SessionLimits,
        now: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        self.issue_session_of(token_id, &link.to_grant(), limits, now)
    }

    fn issue_session_of(
        &self,
        token_id: EntryId,
        link: &ChainGrant,
        limits: &SessionLimits,
        now: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        if link.deployment != self.deployment.id {
            return Err(IssueError::DeploymentsDiffer);
        }
        let lifetime = lifetime(limits.lifetime, self.deployment.session)?;
        let permissions = limits.permissions.map_or(link.permissions, |limit| link.permissions.intersection(limit));
        let resources = session_resources(&link.resources, limits.resources.as_deref())?;
        let permissions = self.deployment.vocabulary.named(permissions);
        if permissions.is_empty() {
            return Err(IssueError::NothingGranted);
        }
        let ends = [Some(now.saturating_add(lifetime)), Some(link.expires_at), limits.expires_at];
        let expires_at = ends.into_iter().flatten().min().unwrap_or(now);
        if expires_at <= now {
            return Err(IssueError::Expired);
        }
        let head = Head {
            kind: Kind::Session,
            root: self.active_root()?,
            token_id,
            issued_at: now,
            expires_at,
            generations: link.generations,
            tenant: &link.tenant,
            client: &link.client,
            audience: link.audience.as_ref(),
            permissions,
            origin: Some(Origin {
                link: link.link,
                link_root: link.link_root,
                revision: limits.revision,
                copies: &link.copies,
                resources: &resources,
            }),
        };
        self.sign(&head, TOKEN_MAX)
    }

    fn active_root(&self) -> Result<crate::key::RootId, IssueError> {
        if self.keyring.deployment() != self.deployment.id {
            return Err(IssueError::DeploymentsDiffer);
        }
        self.keyring.active().map(|root| root.id()).ok_or(IssueError::NoActiveRoot)
    }

    fn sign(&self, head: &Head<'_>, limit: usize) -> Result<IssuedToken, IssueError> {
        let mut bytes = Vec::with_capacity(192);
        head.write(&mut bytes);
        let tag = self.tag(head, &bytes)?;
        let signed = bytes.clone();
        bytes.put(&tag.0);
        let prefix = head.kind.prefix();
        let crc = codec::crc32(prefix, &bytes);
        bytes.put(&crc);
        let text = codec::encode_after(prefix, &bytes);
        if text.len() > limit {
            return Err(IssueError::TokenTooLong);
        }
        Ok(IssuedToken { text, id: head.token_id, expires_at: head.expires_at, first_tag: tag, head: signed })
    }

    fn tag(&self, head: &Head<'_>, bytes: &[u8]) -> Result<Wiped, IssueError> {
        let wire = WireBuffer::from(head.tenant);
        let id = TokenKeyId {
            root: head.root,
            kind: head.kind.wire(),
            tenant: wire.identifier(),
            tenant_generation: head.generations.tenant,
        };
        if let Some(tag) = self.cache.with(&id, |key| Wiped(key.tag(bytes))) {
            return Ok(tag);
        }
        let root = self.keyring.root(head.root).and_then(|root| root.for_checking()).ok_or(IssueError::UnknownRoot)?;
        let mut key = TokenKey::EMPTY;
        derive_token_key(root, &self.deployment.id, &id, &mut key);
        let tag = Wiped(key.tag(bytes));
        self.cache.insert(&id, &key);
        Ok(tag)
    }
}

/// The lifetime asked for, or the default, in whole seconds.
fn lifetime(asked: Option<Duration>, allowed: Lifetimes) -> Result<Duration, IssueError> {
    let lifetime = Duration::from_secs(asked.unwrap_or(allowed.default_lifetime()).as_secs());
    if lifetime.is_zero() {
        return Err(IssueError::LifetimeZero);
    }
    if lifetime > allowed.ceiling() {
        return Err(IssueError::LifetimeOverCeiling);
    }
    Ok(lifetime)
}

fn expiry(now: Timestamp, lifetime: Duration) -> Result<Timestamp, IssueError> {
    let expires_at = now.saturating_add(lifetime);
    if expires_at > Timestamp::WIRE_MAX { Err(IssueError::TimeOutOfRange) } else { Ok(expires_at) }
}

/// What link and registry allow together; an empty list means: not restricted.
fn session_resources(link: &Resources, limit: Option<&[Identifier]>) -> Result<Vec<Identifier>, IssueError> {
    let resources = match (link, limit) {
        (Resources::All, None) => return Ok(Vec::new()),
        (Resources::All, Some(limit)) => sorted(limit.iter().copied()),
        (Resources::Only(own), None) => sorted(own.iter().copied()),
        (Resources::Only(own), Some(limit)) => sorted(own.iter().copied().filter(|resource| limit.contains(resource))),
    };
    if resources.is_empty() || resources.len() > RESOURCES_MAX {
        return Err(IssueError::NothingGranted);
    }
    Ok(resources)
}

impl From<RandomError> for IssueError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}
