use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use portward::{
    Access as Core, AllowError, Clock as _, Generations, IssuedToken, Issuer as CoreIssuer, LinkAccess, LinkRequest,
    NoRevocation, Now, Revocation, SessionLimits, SystemClock, Verifier as CoreVerifier,
    VerifierOptions as CoreOptions,
};

use crate::deployment::Deployment;
use crate::error::{Error, Kind};
use crate::holder::resources;
use crate::keyring::Keyring;
use crate::text;

/// A token just made.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself: it goes to its holder and nowhere else.
    pub text: String,
    /// Its id.
    pub id: String,
    /// When it ends, in Unix seconds.
    pub expires_at: u64,
}

impl From<IssuedToken> for Token {
    fn from(token: IssuedToken) -> Self {
        Self { text: token.text().to_owned(), id: text::id(&token.id()), expires_at: token.expires_at().unix() }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("id", &self.id).field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What a token that was believed grants.
#[derive(Debug)]
pub struct Access {
    held: Held,
    deployment: Deployment,
}

#[derive(Debug)]
enum Held {
    Link(LinkAccess),
    Session(Core),
}

impl Access {
    pub(crate) fn of_link(access: LinkAccess, deployment: &Deployment) -> Self {
        Self { held: Held::Link(access), deployment: deployment.clone() }
    }

    pub(crate) fn of_session(access: Core, deployment: &Deployment) -> Self {
        Self { held: Held::Session(access), deployment: deployment.clone() }
    }

    fn core(&self) -> &Core {
        match &self.held {
            Held::Link(access) => access,
            Held::Session(access) => access,
        }
    }

    /// Whether the permission is granted, on this resource if one is stated. A token that is restricted to resources grants nothing where
    /// none is stated.
    ///
    /// # Errors
    /// `permission_denied`, also for a name that the vocabulary lacks, `resource_required`, `resource_denied`; those of an identifier.
    pub fn require(&self, permission: &str, resource: Option<&str>) -> Result<(), Error> {
        let Ok(permission) = self.deployment.0.vocabulary.permission(permission) else {
            return Err(AllowError::PermissionDenied.into());
        };
        Ok(match resource {
            Some(resource) => self.core().allow_on(permission, &text::identifier("resource", resource)?)?,
            None => self.core().allow(permission)?,
        })
    }

    /// Whether [`Access::require`] would let it pass.
    ///
    /// # Errors
    /// Those of an identifier.
    pub fn allows(&self, permission: &str, resource: Option<&str>) -> Result<bool, Error> {
        match self.require(permission, resource) {
            Err(error) if error.kind == Kind::Refused => Ok(false),
            required => required.map(|()| true),
        }
    }

    /// `link` or `session`.
    pub const fn kind(&self) -> &'static str {
        match self.held {
            Held::Link(_) => "link",
            Held::Session(_) => "session",
        }
    }

    /// Whose data.
    pub fn tenant(&self) -> String {
        self.core().tenant().to_string()
    }

    /// Who comes.
    pub fn client(&self) -> String {
        self.core().client().to_string()
    }

    /// For whom it is good; `None` for all.
    pub fn audience(&self) -> Option<String> {
        self.core().audience().map(ToString::to_string)
    }

    /// What it grants.
    pub fn permissions(&self) -> Vec<String> {
        self.deployment.names(self.core().permissions())
    }

    /// For which resources; `None` for all.
    pub fn resources(&self) -> Option<Vec<String>> {
        resources(self.core().resources())
    }

    /// When it was made, in Unix seconds.
    pub fn issued_at(&self) -> u64 {
        self.core().issued_at().unix()
    }

    /// When it ends, in Unix seconds.
    pub fn expires_at(&self) -> u64 {
        self.core().expires_at().unix()
    }

    /// The token's id.
    pub fn token_id(&self) -> String {
        text::id(&self.core().token_id())
    }

    /// The id of the link that it is or comes from.
    pub fn link_id(&self) -> String {
        text::id(&self.core().link_id())
    }

    /// The revision of its link that a session was made under; 0 of a link.
    pub fn link_revision(&self) -> u32 {
        self.core().link_revision()
    }

    /// The ids of the copies on its way, the last of which is the one that came.
    pub fn copies(&self) -> Vec<String> {
        self.core().copies().iter().map(|id| text::id(id)).collect()
    }

    /// What holders wrote on its copies. Not evidence.
    pub fn recipients(&self) -> Vec<String> {
        self.core().recipients().to_vec()
    }
}

/// What a verifier can be told.
#[derive(Clone, Debug, Default)]
pub struct VerifierOptions {
    /// Who is asking: tokens that state an audience must state this one.
    pub audience: Option<String>,
    /// How far ahead the issuer's clock may be, in seconds: 60 by default, at most 300.
    pub skew: Option<u64>,
}

impl VerifierOptions {
    pub(crate) fn to_core(&self) -> Result<CoreOptions, Error> {
        let audience = self.audience.as_deref().map(|audience| text::identifier("audience", audience)).transpose()?;
        let default = CoreOptions::default();
        Ok(CoreOptions { audience, skew: self.skew.map_or(default.skew, Duration::from_secs), ..default })
    }
}

/// Turns tokens into [`Access`], without a database.
#[derive(Clone)]
pub struct Verifier {
    pub(crate) core: Arc<CoreVerifier>,
    pub(crate) deployment: Deployment,
}

impl Verifier {
    /// One that knows of no revocation: a token then lives until it expires, whatever happens.
    ///
    /// # Errors
    /// Those of the options; `random_unavailable`.
    pub fn without_revocation(keyring: &Keyring, options: &VerifierOptions) -> Result<Self, Error> {
        Self::of(keyring, Revocation::None(NoRevocation), options)
    }

    pub(crate) fn of(keyring: &Keyring, revocation: Revocation, options: &VerifierOptions) -> Result<Self, Error> {
        let Keyring { deployment, core } = keyring;
        let core = CoreVerifier::new(Arc::clone(&deployment.0), Arc::clone(core), revocation, options.to_core()?)?;
        Ok(Self { core: Arc::new(core), deployment: deployment.clone() })
    }

    /// Verifies a link, as of now or of a time in Unix seconds.
    ///
    /// # Errors
    /// Kind `Refused`; tell the public no more than [`Error::public`].
    pub fn verify_link(&self, token: &str, at: Option<u64>) -> Result<Access, Error> {
        Ok(Access::of_link(self.core.verify_link(token, now(at))?, &self.deployment))
    }

    /// The same of a session.
    ///
    /// # Errors
    /// As [`Verifier::verify_link`].
    pub fn verify_session(&self, token: &str, at: Option<u64>) -> Result<Access, Error> {
        Ok(Access::of_session(self.core.verify_session(token, now(at))?, &self.deployment))
    }
}

fn now(at: Option<u64>) -> Now {
    let now = SystemClock.now();
    at.map_or(now, |seconds| Now { wall: text::time(seconds), ..now })
}

/// Makes tokens without a store. Nobody can list, change or hand them out again.
pub struct Issuer {
    core: CoreIssuer,
    deployment: Deployment,
}

impl Issuer {
    /// Under the keyring's active root.
    pub fn new(keyring: &Keyring) -> Self {
        let Keyring { deployment, core } = keyring;
        Self { core: CoreIssuer::new(Arc::clone(&deployment.0), Arc::clone(core)), deployment: deployment.clone() }
    }

    /// Makes a link. `lifetime`: in seconds.
    ///
    /// # Errors
    /// Those of the values; `lifetime_zero`, `lifetime_over_ceiling`, `token_too_long`.
    pub fn issue_link(
        &self,
        tenant: &str,
        client: &str,
        permissions: &[String],
        audience: Option<&str>,
        lifetime: Option<u64>,
    ) -> Result<Token, Error> {
        let request = request(&self.deployment, (tenant, client, permissions), audience, lifetime)?;
        Ok(self.core.issue_link(&request, Generations::default(), SystemClock.now().wall)?.into())
    }

    /// Makes a session of a link. `lifetime`: in seconds.
    ///
    /// # Errors
    /// `not_a_link`; `nothing_granted`, `expired`, `lifetime_zero`, `lifetime_over_ceiling`.
    pub fn issue_session(&self, link: &Access, lifetime: Option<u64>) -> Result<Token, Error> {
        let Held::Link(link) = &link.held else {
            return Err(Error::value("not_a_link", "a session is made of a link").of_argument("link"));
        };
        let limits = SessionLimits { lifetime: lifetime.map(Duration::from_secs), ..SessionLimits::default() };
        Ok(self.core.issue_session(link, &limits, SystemClock.now().wall)?.into())
    }
}

pub(crate) fn request(
    deployment: &Deployment,
    (tenant, client, permissions): (&str, &str, &[String]),
    audience: Option<&str>,
    lifetime: Option<u64>,
) -> Result<LinkRequest, Error> {
    let (tenant, client) = (text::identifier("tenant", tenant)?, text::identifier("client", client)?);
    let mut request = LinkRequest::new(tenant, client, deployment.set(permissions)?);
    if let Some(audience) = audience {
        request = request.audience(text::identifier("audience", audience)?);
    }
    if let Some(seconds) = lifetime {
        request = request.lifetime(Duration::from_secs(seconds));
    }
    Ok(request)
}
