use std::sync::Arc;
use std::time::Duration;

use crate::codec::{WireBuffer, WireIdentifier};
use crate::error::error_codes;
use crate::id::Identifier;
use crate::key::{Deployment, DeploymentId, Keyring};
use crate::random::RandomError;
use crate::revocation::{EntryId, Freshness, RevocationView, Subject, ViewCell};
use crate::time::Now;
use crate::token::access::{Access, LinkAccess};
use crate::token::authentic::{Authentic, Authenticator};
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
    authenticator: Authenticator,
    revocation: Revocation,
    options: VerifierOptions,
    /// In its wire form.
    audience: Option<Box<[u8]>>,
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
        let authenticator = Authenticator::new(deployment, keyring, options.cached_keys)?;
        let audience = options.audience.as_ref().map(|audience| WireBuffer::from(audience).identifier().bytes().into());
        Ok(Self { authenticator, revocation, options, audience })
    }

    /// Verifies a link.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_link(&self, text: &str, now: Now) -> Result<LinkAccess, VerifyError> {
        self.accept(text, Kind::Link, Purpose::Use, now, |accepted| {
            LinkAccess(accepted.to_access(self.deployment().id))
        })
    }

    /// Verifies a link, and also returns its check value: what a registry keeps to recognise the link, or any copy of it, without being
    /// able to make it.
    ///
    /// # Errors
    /// As [`Verifier::verify_link`].
    pub fn verify_link_with_check(&self, text: &str, now: Now) -> Result<(LinkAccess, EntryId), VerifyError> {
        self.accept(text, Kind::Link, Purpose::Use, now, |accepted| {
            (LinkAccess(accepted.to_access(self.deployment().id)), accepted.authentic.chain().link_check())
        })
    }

    /// Verifies a session.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_session(&self, text: &str, now: Now) -> Result<Access, VerifyError> {
        self.accept(text, Kind::Session, Purpose::Use, now, |accepted| accepted.to_access(self.deployment().id))
    }

    /// Verifies a session for which another one is to be made: a change of its link, which ends its use, does not end this.
    ///
    /// # Errors
    /// [`VerifyError`]; tell the public no more than [`VerifyError::public`].
    pub fn verify_to_renew(&self, text: &str, now: Now) -> Result<RenewableSession, VerifyError> {
        self.accept(text, Kind::Session, Purpose::Renewing, now, |accepted| {
            RenewableSession(accepted.to_access(self.deployment().id))
        })
    }

    /// `spec/token.md` section 5: parse, authenticate, interpret. The result is made where the caller wants it.
    #[inline(always)]
    fn accept<T>(
        &self,
        text: &str,
        kind: Kind,
        purpose: Purpose,
        now: Now,
        take: impl FnOnce(&Accepted<'_, '_>) -> T,
    ) -> Result<T, VerifyError> {
        let (mut token, mut chain) = (UnverifiedToken::EMPTY, Chain::EMPTY);
        let mut buffer = Buffer::for_text(text);
        token.read(text, buffer.bytes())?;
        let authentic = self.authenticator.authenticate(&token, kind, &mut chain)?;
        Ok(take(&self.interpret(authentic, now, purpose)?))
    }

    /// Part D; the numbers are its steps. Nothing is allocated before the token is accepted.
    #[inline]
    fn interpret<'a, 't>(
        &self,
        authentic: Authentic<'a, 't>,
        now: Now,
        purpose: Purpose,
    ) -> Result<Accepted<'a, 't>, VerifyError> {
        let token = authentic.token();
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
        let lineage = Lineage::of(token, authentic.chain());
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
        Ok(Accepted { authentic, limits, lineage })
    }

    fn deployment(&self) -> &Deployment {
        self.authenticator.deployment()
    }

    fn ceiling(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Link => self.deployment().link.ceiling(),
            Kind::Session => self.deployment().session.ceiling(),
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
struct Accepted<'a, 't> {
    authentic: Authentic<'a, 't>,
    limits: Limits<'t>,
    lineage: Lineage<'a>,
}

impl Accepted<'_, '_> {
    #[inline(always)]
    fn to_access(&self, deployment: DeploymentId) -> Access {
        let Self { authentic, limits, lineage } = self;
        let fields = &authentic.token().fields;
        let Lists { resources, recipients } = Lists::of(authentic.token());
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
