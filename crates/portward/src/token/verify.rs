use std::sync::Arc;
use std::time::Duration;

use crate::codec::{WireBuffer, WireIdentifier};
use crate::error::error_codes;
use crate::id::Identifier;
use crate::key::{Deployment, DeploymentId, Keyring, TokenKeyId, derive_token_key};
use crate::primitive::MacKey;
use crate::random::{self, RandomError};
use crate::revocation::{EntryId, Freshness, RevocationView, Subject, ViewCell};
use crate::secret::Secret;
use crate::time::Now;
use crate::token::access::{Access, LinkAccess};
use crate::token::cache::KeyCache;
use crate::token::chain::Chain;
use crate::token::error::{RefusalError, VerifyError};
use crate::token::frame::{Buffer, UnverifiedToken};
use crate::token::grant::{Limits, Lineage, Lists};
use crate::token::kind::Kind;
use crate::token::stored::RenewableSession;

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
    /// In its wire form.
    audience: Option<Box<[u8]>>,
    cache: KeyCache,
    /// Stands in for a root that is not there, and for a key that is not cached.
    decoy: Secret,
    decoy_key: MacKey,
}

error_codes! {
    /// Why there is no verifier.
    pub enum VerifierError {
        DeploymentsDiffer => "deployments_differ", Caller, "deployment, keyring, view and token are not of one deployment";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

impl From<RandomError> for VerifierError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

const SKEW_MAX: Duration = Duration::from_secs(300);

impl Verifier {
    /// A verifier for tokens of one deployment, of which keyring and view have to be too: another's view would know none of its revocations.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub fn new(
        deployment: Arc<Deployment>,
        keyring: Arc<Keyring>,
        revocation: Revocation,
        options: VerifierOptions,
    ) -> Result<Self, VerifierError> {
        let of_view = match &revocation {
            Revocation::View(cell, _) => cell.read(RevocationView::deployment),
            Revocation::None(_) => deployment.id,
        };
        if keyring.deployment() != deployment.id || of_view != deployment.id {
            return Err(VerifierError::DeploymentsDiffer);
        }
        let options = VerifierOptions { skew: options.skew.min(SKEW_MAX), ..options };
        let cache = KeyCache::with_capacity(options.cached_keys);
        let decoy = Secret::try_filled(|bytes| random::draw(bytes))?;
        let mut decoy_key = MacKey::EMPTY;
        decoy_key.absorb(decoy.expose());
        let audience = options.audience.as_ref().map(|audience| WireBuffer::from(audience).identifier().bytes().into());
        Ok(Self { deployment, keyring, revocation, options, audience, cache, decoy, decoy_key })
    }

    /// Verifies a link.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_link(&self, text: &str, now: Now) -> Result<LinkAccess, VerifyError> {
        let (mut token, mut chain) = (UnverifiedToken::EMPTY, Chain::EMPTY);
        let mut buffer = Buffer::for_text(text);
        token.read(text, buffer.bytes())?;
        self.authenticate(&token, Kind::Link, &mut chain)?;
        Ok(LinkAccess(self.interpret(&token, &mut chain, now, Purpose::Use)?.to_access(&token, self.deployment.id)))
    }

    /// Verifies a link, and also returns its check value: what a registry keeps to recognise the link, or any copy of it, without being
    /// able to make it.
    ///
    /// # Errors
    /// As [`Verifier::verify_link`].
    pub fn verify_link_with_check(&self, text: &str, now: Now) -> Result<(LinkAccess, EntryId), VerifyError> {
        let (mut token, mut chain) = (UnverifiedToken::EMPTY, Chain::EMPTY);
        let mut buffer = Buffer::for_text(text);
        token.read(text, buffer.bytes())?;
        self.authenticate(&token, Kind::Link, &mut chain)?;
        let access = self.interpret(&token, &mut chain, now, Purpose::Use)?.to_access(&token, self.deployment.id);
        Ok((LinkAccess(access), chain.link_check()))
    }

    /// Verifies a session.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_session(&self, text: &str, now: Now) -> Result<Access, VerifyError> {
        let (mut token, mut chain) = (UnverifiedToken::EMPTY, Chain::EMPTY);
        let mut buffer = Buffer::for_text(text);
        token.read(text, buffer.bytes())?;
        self.authenticate(&token, Kind::Session, &mut chain)?;
        Ok(self.interpret(&token, &mut chain, now, Purpose::Use)?.to_access(&token, self.deployment.id))
    }

    /// Verifies a session for which another one is to be made: a change of its link, which ends its use, does not end this.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_to_renew(&self, text: &str, now: Now) -> Result<RenewableSession, VerifyError> {
        let (mut token, mut chain) = (UnverifiedToken::EMPTY, Chain::EMPTY);
        let mut buffer = Buffer::for_text(text);
        token.read(text, buffer.bytes())?;
        self.authenticate(&token, Kind::Session, &mut chain)?;
        let accepted = self.interpret(&token, &mut chain, now, Purpose::Renewing)?;
        Ok(RenewableSession(accepted.to_access(&token, self.deployment.id)))
    }

    /// `spec/token.md` section 5, parts B and C; the numbers are its steps.
    #[inline]
    fn authenticate(&self, token: &UnverifiedToken<'_>, kind: Kind, chain: &mut Chain) -> Result<(), VerifyError> {
        let fields = &token.fields;
        if fields.kind != kind {
            return Err(VerifyError::refused(RefusalError::WrongKind)); // 12
        }
        let root = self.keyring.root(fields.root).and_then(|root| root.for_checking()); // 13
        let id = TokenKeyId {
            root: fields.root,
            kind: kind.wire(),
            tenant: fields.tenant,
            tenant_generation: fields.generations.tenant,
        };
        // Whoever is refused here has waited for the same work, to some tens of nanoseconds: one look into the cache, one chain, one
        // derivation, one more chain. So the time does not tell whether a tenant exists, or was here lately, or a root is known.
        let cached = self.cache.with(&id, |key| chain.fill(key, token)).is_some();
        if !cached {
            chain.fill(&self.decoy_key, token);
        }
        if chain.ends_in(token.tag) && cached && root.is_some() {
            return Ok(()); // 14
        }
        let mut key = MacKey::EMPTY;
        derive_token_key(root.unwrap_or(&self.decoy), &self.deployment.id, &id, &mut key);
        chain.fill(&key, token);
        let authentic = chain.ends_in(token.tag); // 14
        match root {
            None => Err(VerifyError::refused(RefusalError::UnknownRoot)),
            Some(_) if !authentic => Err(VerifyError::refused(RefusalError::Forged)),
            Some(_) => {
                self.cache.insert(&id, &key);
                Ok(())
            }
        }
    }

    /// Part D, of a token that is authentic. Nothing is allocated before it is accepted.
    #[inline]
    fn interpret<'t>(
        &self,
        token: &UnverifiedToken<'t>,
        chain: &'t mut Chain,
        now: Now,
        purpose: Purpose,
    ) -> Result<Accepted<'t>, VerifyError> {
        let fields = &token.fields;
        let refuse = |refusal| Err(VerifyError::refused_authentic(refusal, fields.token_id));
        let limits = Limits::of(token);
        if fields.issued_at >= fields.expires_at {
            return refuse(RefusalError::BadTimes); // 15
        }
        if fields.expires_at.saturating_since(fields.issued_at) > self.ceiling(fields.kind) {
            return refuse(RefusalError::OverCeiling); // 16
        }
        if fields.issued_at > now.wall.saturating_add(self.options.skew) {
            return refuse(RefusalError::NotYetValid); // 17
        }
        if now.wall >= limits.expires_at {
            return refuse(RefusalError::Expired); // 18
        }
        let stated = limits.audience.as_ref().map(WireIdentifier::bytes);
        if limits.audiences_differ || stated.is_some() && stated != self.audience.as_deref() {
            return refuse(RefusalError::WrongAudience); // 19
        }
        chain.name_copies();
        let lineage = Lineage::of(token, chain);
        if let Revocation::View(cell, freshness) = &self.revocation {
            let subject = Subject {
                roots: [fields.root, lineage.root],
                tenant: fields.tenant,
                client: fields.client,
                generations: fields.generations,
                link: lineage.link,
                copies: lineage.copies,
                session: fields.origin.map(|origin| (fields.token_id, purpose.revision(origin.revision))),
            };
            let checked = cell.read(|view| view.check(&subject, *freshness, self.options.skew, now));
            checked.map_err(|cause| VerifyError::revoked(cause, fields.token_id))?; // 20
        }
        Ok(Accepted { limits, lineage })
    }

    fn ceiling(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Link => self.deployment.link.ceiling(),
            Kind::Session => self.deployment.session.ceiling(),
        }
    }
}

/// What a token is verified for.
#[derive(Clone, Copy)]
enum Purpose {
    Use,
    Renewing,
}

impl Purpose {
    #[inline]
    const fn revision(self, revision: u32) -> Option<u32> {
        match self {
            Self::Use => Some(revision),
            Self::Renewing => None,
        }
    }
}

/// Everything that an access is made of, still where it was read.
struct Accepted<'t> {
    limits: Limits<'t>,
    lineage: Lineage<'t>,
}

impl Accepted<'_> {
    #[inline(always)]
    fn to_access(&self, token: &UnverifiedToken<'_>, deployment: DeploymentId) -> Access {
        let Self { limits, lineage } = self;
        let fields = &token.fields;
        let Lists { resources, recipients } = Lists::of(token);
        Access {
            deployment,
            kind: fields.kind,
            token_id: fields.token_id,
            tenant: fields.tenant.to_identifier(),
            client: fields.client.to_identifier(),
            audience: limits.audience.map(WireIdentifier::to_identifier),
            issued_at: fields.issued_at,
            expires_at: limits.expires_at,
            signed_expires_at: fields.expires_at,
            generations: fields.generations,
            permissions: limits.permissions,
            resources,
            recipients,
            copies: lineage.copies.to_vec(),
            link: lineage.link,
            link_root: lineage.root,
            link_revision: lineage.revision,
        }
    }
}
