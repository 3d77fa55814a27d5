use core::fmt;
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portward::{Clock as _, Incarnation, ListTimes, Now, PeekCookie, Scope, Stamp, SystemClock};
use portward_store::store::{self, Following, Recovery, StoreError, StoreOptions as CoreOptions, Target};

use crate::deployment::Deployment;
use crate::error::Error;
use crate::events;
use crate::keyring::Keyring;
use crate::peeked::Peeked;
use crate::process::{Connected, Guard, PerProcess, wait, within};
use crate::text;
use crate::token::{Access, Token, VerifierOptions, if_newer};

/// Links, what became of them, and what is revoked. Verifying asks no database; all else waits for it.
#[derive(Clone)]
pub struct Store {
    live: Arc<PerProcess<Live>>,
    keyring: Keyring,
    actor: Option<Arc<str>>,
}

/// A store in one process.
pub(crate) struct Live {
    pub(crate) store: store::Store,
    following: Option<Following>,
}

impl Connected for Live {
    async fn close(&self) {
        if let Some(following) = &self.following {
            following.stop();
        }
        self.store.close().await;
    }
}

/// How a store is opened.
#[derive(Clone, Debug, Default)]
pub struct StoreOptions {
    /// Whether it is made, or brought up to date, if need be: on a server that takes rights which are not needed later.
    pub initialise: bool,
    /// Who verifies tokens.
    pub verifier: VerifierOptions,
    /// For how many milliseconds the view is believed without having heard from the database: 30,000.
    pub max_staleness: Option<u64>,
    /// How often the database is asked for what is new, in milliseconds: 500. With 0 it never is, and the view turns stale.
    pub follow: Option<u64>,
    /// A file that every operation is written to as a line of JSON before it takes effect.
    pub events: Option<PathBuf>,
}

/// A session.
pub type Session = Token;

/// What a recovery found and did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// Where the feed stood that was found.
    pub found: String,
    /// Where the new one begins.
    pub begins: String,
    /// Whether a newer view was merged: then valid links work again. Otherwise every token made so far is refused.
    pub merged: bool,
}

impl Store {
    /// Opens a store: `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// `store_location`, `store_uninitialised`, and those of the database and the options.
    pub fn open(location: &str, keyring: &Keyring, options: &StoreOptions) -> Result<Self, Error> {
        let location = text::location(location)?;
        let StoreOptions { initialise, verifier, max_staleness, follow, events } = options.clone();
        let events = events::file(events.as_deref())?;
        let verifier = verifier.to_core()?;
        if initialise {
            wait(store::initialise(
                &location,
                &keyring.core,
                None,
                &events::recorder(events.as_deref())?,
                SystemClock.now().wall,
            ))??;
        }
        let of = keyring.clone();
        let open = move || {
            let recorder = events::recorder(events.as_deref())?;
            let mut options = CoreOptions { verifier: verifier.clone(), recorder, ..CoreOptions::default() };
            if let Some(milliseconds) = max_staleness {
                options.max_staleness = Duration::from_millis(milliseconds);
            }
            let (deployment, core) = (Arc::clone(&of.deployment.0), Arc::clone(&of.core));
            let store = wait(store::Store::open(&location, deployment, core, options))??;
            let following = match follow.unwrap_or(500) {
                0 => None,
                every => Some(within(|| store.follow(Duration::from_millis(every)))?),
            };
            Ok(Live { store, following })
        };
        Ok(Self { live: PerProcess::open(open)?, keyring: keyring.clone(), actor: None })
    }

    /// Begins a new life of a store that was restored, copied or promoted. `newer`: the newest view that somebody saved. `events`: as in
    /// [`StoreOptions`].
    ///
    /// # Errors
    /// Those of the database, and of a view that is not accepted.
    pub fn recover(
        location: &str,
        keyring: &Keyring,
        newer: Option<&[u8]>,
        events: Option<&Path>,
    ) -> Result<Recovered, Error> {
        let location = text::location(location)?;
        let recorder = events::recorder(events::file(events)?.as_deref())?;
        let Recovery { found, begins, merged } =
            wait(Recovery::run(&location, &keyring.core, newer, &recorder, SystemClock.now().wall))??;
        Ok(Recovered { found: stamp_text(found), begins: stamp_text(begins), merged })
    }

    /// The same store, with this name in the events of what is done through it.
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        Self { actor: Some(actor.into()), ..self.clone() }
    }

    /// Ends all connections for good. Everything then fails, verifying too.
    pub fn close(&self) {
        self.live.end();
    }

    /// The deployment.
    pub const fn deployment(&self) -> &Deployment {
        &self.keyring.deployment
    }

    /// Whether it is open in this process: if not, the next call opens it, and waits for the database.
    pub fn is_open(&self) -> bool {
        self.peek_live().is_some()
    }

    /// Verifies a link, now: what was signed, if it is not paused or revoked. What its tenant narrowed or shortened later shows in its sessions.
    ///
    /// # Errors
    /// Kind `Refused`; tell the public no more than [`Error::public`].
    pub fn verify_link(&self, token: &str) -> Result<Access, Error> {
        self.try_verify_link(token).unwrap_or_else(|| self.link_access(&*self.live.get()?, token, SystemClock.now()))
    }

    /// The same, without waiting for anybody: `None` where it is not open in this process.
    pub fn try_verify_link(&self, token: &str) -> Option<Result<Access, Error>> {
        let now = SystemClock.now();
        Some(self.link_access(&*self.live.peek(now.steady)?, token, now))
    }

    fn link_access(&self, live: &Live, token: &str, now: Now) -> Result<Access, Error> {
        let access =
            if_newer(now, || SystemClock.now(), |now| live.store.verifier().verify_link(token, now).map(Box::new))?;
        Ok(Access::of_link(access, self.deployment()))
    }

    /// Verifies a session, now.
    ///
    /// # Errors
    /// As [`Store::verify_link`].
    pub fn verify_session(&self, token: &str) -> Result<Access, Error> {
        self.try_verify_session(token)
            .unwrap_or_else(|| self.session_access(&*self.live.get()?, token, SystemClock.now()))
    }

    /// The same, without waiting for anybody: `None` where it is not open in this process.
    pub fn try_verify_session(&self, token: &str) -> Option<Result<Access, Error>> {
        let now = SystemClock.now();
        Some(self.session_access(&*self.live.peek(now.steady)?, token, now))
    }

    fn session_access(&self, live: &Live, token: &str, now: Now) -> Result<Access, Error> {
        let access =
            if_newer(now, || SystemClock.now(), |now| live.store.verifier().verify_session(token, now).map(Box::new))?;
        Ok(Access::of_session(access, self.deployment()))
    }

    /// Looks at a link without spending anything of it.
    ///
    /// # Errors
    /// As [`Store::verify_link`]; `cookie_malformed`.
    pub fn peek(&self, link: &str, cookie: Option<&str>) -> Result<Peeked, Error> {
        let cookie = cookie.map(cookie_of).transpose()?;
        let store::Peeked { nonce, expires_at, cookie, .. } = self.any_live()?.store.peek(link, cookie)?;
        Ok(Peeked { nonce, expires_at: expires_at.unix(), cookie: cookie.to_text() })
    }

    /// Makes a session of a link, and counts a use of it.
    ///
    /// # Errors
    /// Kind `Refused`, or those of the database.
    pub fn redeem(&self, link: &str, cookie: &str, nonce: &str) -> Result<Session, Error> {
        let cookie = cookie_of(cookie)?;
        self.ask(async |store| store.redeem(link, &cookie, nonce).await).map(|redeemed| redeemed.session.into())
    }

    /// Makes another session for one that has not ended.
    ///
    /// # Errors
    /// As [`Store::redeem`].
    pub fn renew(&self, session: &str) -> Result<Session, Error> {
        self.ask(async |store| store.renew(session).await).map(|redeemed| redeemed.session.into())
    }

    /// Revokes a link with its copies and sessions, for good. Returns the stamp: a view that is at least there refuses it.
    ///
    /// # Errors
    /// `link_unknown`, and those of the database.
    pub fn revoke_link(&self, tenant: &str, link: &str) -> Result<String, Error> {
        self.revoke(tenant, Target::Link(text::entry_id("link", link)?))
    }

    /// Revokes a copy of a link, and what was narrowed from it. Copies are made without the store, which cannot know an id that is none.
    ///
    /// # Errors
    /// As [`Store::revoke_link`]; `not_a_copy`.
    pub fn revoke_copy(&self, tenant: &str, link: &str, copy: &str) -> Result<String, Error> {
        let (link, copy) = (text::entry_id("link", link)?, text::entry_id("copy", copy)?);
        if copy == link {
            return Err(Error::value("not_a_copy", "it is the link itself, and no copy").of_argument("copy"));
        }
        self.revoke(tenant, Target::Copy { link, copy })
    }

    /// Revokes one session.
    ///
    /// # Errors
    /// As [`Store::revoke_link`].
    pub fn revoke_session(&self, tenant: &str, link: &str, session: &str) -> Result<String, Error> {
        let (link, session) = (text::entry_id("link", link)?, text::entry_id("session", session)?);
        self.revoke(tenant, Target::Session { link, session })
    }

    /// Revokes everything of a client that was made so far.
    ///
    /// # Errors
    /// `generation_exhausted`, and those of the database.
    pub fn revoke_client(&self, tenant: &str, client: &str) -> Result<String, Error> {
        self.revoke(tenant, Target::Client(text::identifier("client", client)?))
    }

    /// Revokes everything of a tenant that was made so far.
    ///
    /// # Errors
    /// As [`Store::revoke_client`].
    pub fn revoke_tenant(&self, tenant: &str) -> Result<String, Error> {
        self.revoke(tenant, Target::Tenant)
    }

    /// Revokes every token of the deployment that was made so far.
    ///
    /// # Errors
    /// As [`Store::revoke_client`].
    pub fn revoke_everything(&self) -> Result<String, Error> {
        self.ask(async |store| store.revoke_everything().await).map(stamp_text)
    }

    fn revoke(&self, tenant: &str, target: Target) -> Result<String, Error> {
        let tenant = text::identifier("tenant", tenant)?;
        self.ask(async |store| store.revoke(tenant, target).await).map(stamp_text)
    }

    /// Asks the database for what is new, now.
    ///
    /// # Errors
    /// Those of the database.
    pub fn refresh(&self) -> Result<(), Error> {
        self.ask(async |store| store.refresh().await)
    }

    /// How far the view is; `None` where it is not open in this process.
    pub fn stamp(&self) -> Option<String> {
        self.peek_live()?.store.stamp().map(stamp_text)
    }

    /// Whether the view is believed now.
    pub fn is_fresh(&self) -> bool {
        self.peek_live().is_some_and(|live| live.store.is_fresh())
    }

    /// Whether the view shows at least what this stamp stands for.
    ///
    /// # Errors
    /// `stamp_malformed`.
    pub fn is_at_least(&self, stamp: &str) -> Result<bool, Error> {
        let stamp = stamp_of(stamp)?;
        Ok(self.peek_live().is_some_and(|live| live.store.cell().load().is_at_least(stamp)))
    }

    /// Answers the request of a [`crate::Follower`].
    ///
    /// # Errors
    /// `malformed_request`, and those of the database.
    pub fn answer(&self, request: &[u8]) -> Result<Vec<u8>, Error> {
        self.ask(async |store| store.answer_request(request).await)
    }

    /// A list for verifiers without a live feed: of these tenants, or of all; good from one time to the other, in Unix seconds.
    ///
    /// # Errors
    /// Those of the values and the database.
    pub fn publish(&self, tenants: Option<&[String]>, this_update: u64, next_update: u64) -> Result<Vec<u8>, Error> {
        let scope = scope(tenants)?;
        let times = ListTimes { this_update: text::time(this_update), next_update: text::time(next_update) };
        self.ask(async |store| store.publish(&scope, None, times).await)
    }

    /// The view as bytes, to be kept for a recovery. It can be read by who has the keyring.
    ///
    /// # Errors
    /// `random_unavailable` and those of a keyring without an active root.
    pub fn save_view(&self) -> Result<Vec<u8>, Error> {
        let view = self.live.get()?.store.cell().load();
        Ok(view.save(&self.keyring.core)?)
    }

    /// Writes a snapshot in place of old changes, and takes away links that ended more than so many seconds ago. Returns how many changes,
    /// redemptions and links are gone.
    ///
    /// # Errors
    /// Those of the database.
    pub fn compact(&self, kept: u64) -> Result<(u64, u64, u64), Error> {
        let done = self.ask(async |store| store.compact(Duration::from_secs(kept)).await)?;
        Ok((done.changes, done.redemptions, done.links))
    }

    pub(crate) fn live(&self) -> Result<Guard<Live>, Error> {
        self.live.get()
    }

    /// Waits for the work with the store of this process, under this handle's actor.
    pub(crate) fn ask<T>(&self, work: impl AsyncFnOnce(&store::Store) -> Result<T, StoreError>) -> Result<T, Error> {
        let live = self.live.get()?;
        let acting = self.actor.as_deref().map(|actor| live.store.acting_as(actor));
        Ok(wait(work(acting.as_ref().unwrap_or(&live.store)))??)
    }

    fn peek_live(&self) -> Option<Guard<Live>> {
        self.live.peek(SystemClock.now().steady)
    }

    fn any_live(&self) -> Result<Guard<Live>, Error> {
        self.peek_live().map_or_else(|| self.live.get(), Ok)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("deployment", &self.deployment().id()).finish_non_exhaustive()
    }
}

fn cookie_of(text: &str) -> Result<PeekCookie, Error> {
    text.parse().map_err(StoreError::Nonce).map_err(Error::from)
}

pub(crate) fn scope(tenants: Option<&[String]>) -> Result<Scope, Error> {
    match tenants {
        None => Ok(Scope::ALL),
        Some(tenants) => Ok(Scope::tenants(text::identifiers("tenants", tenants)?)?),
    }
}

/// The incarnation in 32 hexadecimal digits, a colon, the sequence.
pub(crate) fn stamp_text(stamp: Stamp) -> String {
    format!("{}:{}", text::id(&stamp.incarnation.to_bytes()), stamp.sequence)
}

pub(crate) fn stamp_of(text: &str) -> Result<Stamp, Error> {
    let malformed = || {
        Error::value("stamp_malformed", "a stamp is 32 hexadecimal digits, a colon and a number").of_argument("stamp")
    };
    let (incarnation, sequence) = text.split_once(':').ok_or_else(malformed)?;
    let incarnation = Incarnation::from_bytes(text::entry_id("stamp", incarnation).map_err(|_| malformed())?);
    let digits = sequence.bytes().all(|byte| byte.is_ascii_digit());
    let sequence = if digits { sequence.parse().map_err(|_| malformed())? } else { return Err(malformed()) };
    Ok(Stamp { incarnation, sequence })
}
