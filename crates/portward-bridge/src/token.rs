use core::fmt::{self, Write as _};
use core::time::Duration;
use std::sync::Arc;

use portward::{
    Access as Core, AllowError, Clock as _, Generations, IssuedToken, Issuer as CoreIssuer, LinkAccess, LinkRequest,
    NoRevocation, Now, Resources, Revocation, SessionLimits, SystemClock, Verifier as CoreVerifier,
    VerifierOptions as CoreOptions, VerifyError,
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

/// On the heap at once: they are large, and go through the hands of many.
#[derive(Debug)]
enum Held {
    Link(Box<LinkAccess>),
    Session(Box<Core>),
}

impl Access {
    pub(crate) fn of_link(access: Box<LinkAccess>, deployment: &Deployment) -> Self {
        Self { held: Held::Link(access), deployment: deployment.clone() }
    }

    pub(crate) fn of_session(access: Box<Core>, deployment: &Deployment) -> Self {
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
        let allowed = match resource {
            Some(resource) => self.core().allow_on(permission, &text::identifier("resource", resource)?),
            None => self.core().allow(permission),
        };
        Ok(allowed?)
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

    /// All of it in one text, for languages to which each call and each object is dear. 120 characters: `l` or `s`, token id, link id, when it
    /// was made, when it ends and the link's revision (13 digits each), the permissions as a bitmap (16 hexadecimal digits). Then six lines: tenant, client,
    /// audience, resources, copies, recipients; the last three are lists parted by tabs. An absent audience is empty; resources begin with `+`
    /// and are `-` for all. Nothing in them contains a tab or the end of a line. All of it is ASCII.
    pub fn packed(&self) -> String {
        let core = self.core();
        let mut text = String::with_capacity(PACKED);
        text.push(if matches!(self.held, Held::Link(_)) { 'l' } else { 's' });
        text::push_id(&mut text, &core.token_id());
        text::push_id(&mut text, &core.link_id());
        for number in [core.issued_at().unix(), core.expires_at().unix(), core.link_revision().into()] {
            text::push_number(&mut text, number);
        }
        text::push_hex(&mut text, &core.permissions().bits().to_be_bytes());
        // A `String` takes all that is written.
        let _ = write!(text, "{}\n{}\n", core.tenant(), core.client());
        if let Some(audience) = core.audience() {
            let _ = write!(text, "{audience}");
        }
        match core.resources() {
            Resources::All => text.push_str("\n-\n"),
            Resources::Only(list) => {
                text.push_str("\n+");
                push_list(&mut text, list, |text, resource| {
                    let _ = write!(text, "{resource}");
                });
                text.push('\n');
            }
        }
        push_list(&mut text, core.copies(), text::push_id);
        text.push('\n');
        push_list(&mut text, core.recipients(), |text, label| text.push_str(label));
        text
    }
}

/// Most accesses fit into it.
const PACKED: usize = 256;

fn push_list<T>(text: &mut String, list: &[T], push: impl Fn(&mut String, &T)) {
    for (place, item) in list.iter().enumerate() {
        if place > 0 {
            text.push('\t');
        }
        push(text, item);
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
    /// Whether it follows a view, and so asks how old that is.
    follows: bool,
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
        let follows = matches!(revocation, Revocation::View(..));
        let core = CoreVerifier::new(Arc::clone(&deployment.0), Arc::clone(core), revocation, options.to_core()?)?;
        Ok(Self { core: Arc::new(core), deployment: deployment.clone(), follows })
    }

    /// Verifies a link, as of now or of a time in Unix seconds.
    ///
    /// # Errors
    /// Kind `Refused`; tell the public no more than [`Error::public`].
    pub fn verify_link(&self, token: &str, at: Option<u64>) -> Result<Access, Error> {
        let now = || self.now(at);
        let access = if_newer(now(), now, |now| self.core.verify_link(token, now).map(Box::new))?;
        Ok(Access::of_link(access, &self.deployment))
    }

    /// The same of a session.
    ///
    /// # Errors
    /// As [`Verifier::verify_link`].
    pub fn verify_session(&self, token: &str, at: Option<u64>) -> Result<Access, Error> {
        let now = || self.now(at);
        let access = if_newer(now(), now, |now| self.core.verify_session(token, now).map(Box::new))?;
        Ok(Access::of_session(access, &self.deployment))
    }

    /// No clock is read that is not asked for: each reading is felt.
    fn now(&self, at: Option<u64>) -> Now {
        let at = at.map(text::time);
        if self.follows {
            let now = SystemClock.now();
            Now { wall: at.unwrap_or(now.wall), ..now }
        } else {
            Now::at(at.unwrap_or_else(|| SystemClock.wall()))
        }
    }
}

/// Asks once more where the view is not fresh: it may have been renewed after the clock was read, and is then newer than the question.
pub(crate) fn if_newer<T>(
    now: Now,
    again: impl FnOnce() -> Now,
    verify: impl Fn(Now) -> Result<T, VerifyError>,
) -> Result<T, VerifyError> {
    match verify(now) {
        Err(error) if error.is_stale() => verify(again()),
        verified => verified,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use portward::Permissions;

    use crate::{Narrowing, UntrustedLink};

    fn access(narrowing: Option<&Narrowing>) -> (Deployment, Access) {
        let deployment = Deployment::generate(None).unwrap();
        let keyring = Keyring::generate(&deployment).unwrap();
        let permissions = ["files:read".to_owned(), "messages:send".to_owned()];
        let mut token = Issuer::new(&keyring).issue_link("studio-7", "42", &permissions, None, None).unwrap().text;
        if let Some(narrowing) = narrowing {
            token = UntrustedLink::parse(&token).unwrap().narrow(narrowing, &deployment.permissions()).unwrap();
        }
        let verifier = Verifier::without_revocation(&keyring, &VerifierOptions::default()).unwrap();
        let access = verifier.verify_link(&token, None).unwrap();
        (deployment, access)
    }

    #[test]
    fn packed_says_all_of_it() {
        let resources = Some(vec!["a".to_owned(), "b".to_owned()]);
        let narrowing = Narrowing { resources, recipient: Some("the lawyer".into()), ..Narrowing::default() };
        let (deployment, access) = access(Some(&narrowing));
        let packed = access.packed();
        let (fixed, rest) = packed.split_at(120);
        assert_eq!(&fixed[..65], format!("l{}{}", access.token_id(), access.link_id()));
        let numbers = format!("{:013}{:013}{:013}", access.issued_at(), access.expires_at(), access.link_revision());
        assert_eq!(fixed[65..104], numbers);
        let bits = Permissions::from_bits(u64::from_str_radix(&fixed[104..], 16).unwrap());
        assert_eq!(deployment.names(bits), access.permissions());
        let copies = access.copies().join("\t");
        assert_eq!(rest, format!("studio-7\n42\n\n+a\tb\n{copies}\nthe lawyer"));
    }

    #[test]
    fn require_of_what_was_packed_is_require() {
        let only = |list: &[&str]| Narrowing {
            resources: Some(list.iter().map(ToString::to_string).collect()),
            ..Narrowing::default()
        };
        for narrowing in [None, Some(only(&["a"])), Some(only(&["a", "b", "12"]))] {
            let (deployment, access) = access(narrowing.as_ref());
            let list = access.resources();
            let list: Option<Vec<&str>> = list.as_ref().map(|list| list.iter().map(|text| &**text).collect());
            let bits = access.core().permissions().bits();
            for permission in ["files:read", "messages:send", "files:delete", "no:such", ""] {
                for resource in [None, Some("a"), Some("b"), Some("12"), Some("c"), Some(""), Some("white space")] {
                    let packed = deployment.require((bits, list.as_deref()), permission, resource);
                    assert_eq!(packed, access.require(permission, resource), "{permission} {resource:?} {list:?}");
                }
            }
            assert_eq!(access.require("files:read", Some("a")), Ok(()), "the control");
        }
    }
}
