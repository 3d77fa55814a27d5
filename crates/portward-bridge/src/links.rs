//! The links of a tenant: made, listed, changed.

use portward::{Resources, Vocabulary};
use portward_store::store::{self, LinkEdit, LinkFilter, LinkState, LinkTerms, PageStart};

use crate::error::Error;
use crate::holder::resources;
use crate::store::{Store, stamp_text};
use crate::text;
use crate::token::{Token, request};

/// A link to be made.
#[derive(Clone, Debug, Default)]
pub struct NewLink {
    /// Whose data.
    pub tenant: String,
    /// Who comes.
    pub client: String,
    /// What it grants.
    pub permissions: Vec<String>,
    /// For whom it is good.
    pub audience: Option<String>,
    /// How long it can live at most, in seconds; the deployment's default if nothing is said.
    pub lifetime: Option<u64>,
    /// What the tenant calls it: 1 to 200 characters.
    pub label: Option<String>,
    /// How often it can be redeemed.
    pub uses_max: Option<u32>,
    /// When it ends, in Unix seconds, if that is before its lifetime is over: it can then be extended.
    pub expires_at: Option<u64>,
}

/// A link as its tenant sees it. Times are Unix seconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// Whose data.
    pub tenant: String,
    /// Who comes.
    pub client: String,
    /// What the tenant calls it.
    pub label: Option<String>,
    /// `active`, `paused` or `revoked`.
    pub state: &'static str,
    /// When it ends.
    pub expires_at: u64,
    /// Until when it can be extended.
    pub ceiling: u64,
    /// What it grants.
    pub permissions: Vec<String>,
    /// What it could grant at most.
    pub permissions_ceiling: Vec<String>,
    /// For which resources it is good; `None` for all.
    pub resources: Option<Vec<String>>,
    /// How often it can be redeemed; `None` as often as one likes.
    pub uses_max: Option<u32>,
    /// How often it was.
    pub uses: u64,
    /// How often something was taken away from it.
    pub revision: u32,
    /// When it was made.
    pub created_at: u64,
    /// When it was changed.
    pub changed_at: u64,
    /// When it was redeemed.
    pub last_used_at: Option<u64>,
}

/// Which links to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of one client.
    pub client: Option<String>,
    /// Those in this state: `active`, `paused` or `revoked`.
    pub state: Option<String>,
    /// Those that end before, in Unix seconds.
    pub expires_before: Option<u64>,
    /// Those whose label contains this, in any case of ASCII letters.
    pub label_contains: Option<String>,
}

/// Some links, the newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// At most as many as were asked for.
    pub links: Vec<Link>,
    /// What the next page begins behind; `None` if this is the last.
    pub next: Option<String>,
}

/// What is to be changed; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// `Some(None)` takes the label away.
    pub label: Option<Option<String>>,
    /// In Unix seconds.
    pub expires_at: Option<u64>,
    /// What it grants.
    pub permissions: Option<Vec<String>>,
    /// `Some(None)` for all.
    pub resources: Option<Option<Vec<String>>>,
    /// `Some(None)` as often as one likes.
    pub uses_max: Option<Option<u32>>,
}

/// One line of a link's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// From 0, without gaps.
    pub number: u64,
    /// When, in Unix seconds.
    pub at: u64,
    /// What: `issued`, `shown`, `redeemed` and so on.
    pub kind: &'static str,
    /// More of it.
    pub detail: Option<String>,
}

impl Store {
    /// Makes a link and its row in one step.
    ///
    /// # Errors
    /// Those of the values, and of the database.
    pub fn issue(&self, link: &NewLink) -> Result<(Token, Link), Error> {
        let of = (&*link.tenant, &*link.client, &*link.permissions);
        let request = request(self.deployment(), of, link.audience.as_deref(), link.lifetime)?;
        let NewLink { label, uses_max, expires_at, .. } = link.clone();
        let terms = LinkTerms { label, uses_max, expires_at: expires_at.map(text::time) };
        let (token, link) = self.ask(async |store| store.issue(&request, terms).await)?;
        Ok((token.into(), self.link_of(link)))
    }

    /// Makes the token of a link again.
    ///
    /// # Errors
    /// `link_unknown`, `link_revoked`, and those of the database.
    pub fn show(&self, tenant: &str, link: &str) -> Result<Token, Error> {
        let (tenant, link) = (text::identifier("tenant", tenant)?, text::entry_id("link", link)?);
        self.ask(async |store| store.show(tenant, link).await).map(Token::from)
    }

    /// One link.
    ///
    /// # Errors
    /// `link_unknown`, and those of the database.
    pub fn link(&self, tenant: &str, link: &str) -> Result<Link, Error> {
        let (tenant, link) = (text::identifier("tenant", tenant)?, text::entry_id("link", link)?);
        self.ask(async |store| store.link(tenant, link).await).map(|link| self.link_of(link))
    }

    /// The links of a tenant, the newest first: at least one and at most 1,000 at a time.
    ///
    /// # Errors
    /// Those of the values, `limit_zero` among them, and of the database.
    pub fn list(&self, tenant: &str, filter: &Filter, after: Option<&str>, limit: u32) -> Result<Page, Error> {
        let (tenant, limit) = (text::identifier("tenant", tenant)?, at_least_one(limit)?);
        let Filter { client, state, expires_before, label_contains } = filter.clone();
        let filter = LinkFilter {
            client: client.map(|client| text::identifier("client", &client)).transpose()?,
            state: state.map(|state| state_of(&state)).transpose()?,
            expires_before: expires_before.map(text::time),
            label_contains,
        };
        let start = after.map(start_of).transpose()?;
        let store::Page { links, next } = self.ask(async |store| store.list(tenant, &filter, start, limit).await)?;
        let next = next.map(|next| format!("{}:{}", next.created_at().unix(), text::id(&next.id())));
        Ok(Page { links: links.into_iter().map(|link| self.link_of(link)).collect(), next })
    }

    /// Changes a link that was sent already.
    ///
    /// # Errors
    /// `link_unknown`, `link_revoked`, `over_ceiling`, `nothing_granted`, `label_malformed`, and those of the database.
    pub fn edit(&self, tenant: &str, link: &str, edit: &Edit) -> Result<Link, Error> {
        let (tenant, link) = (text::identifier("tenant", tenant)?, text::entry_id("link", link)?);
        let Edit { label, expires_at, permissions, resources, uses_max } = edit.clone();
        let edit = LinkEdit {
            label,
            expires_at: expires_at.map(text::time),
            permissions: permissions.map(|names| self.deployment().set(&names)).transpose()?,
            resources: resources.map(only).transpose()?,
            uses_max,
        };
        self.ask(async |store| store.edit(tenant, link, edit).await).map(|link| self.link_of(link))
    }

    /// Lets a link, its copies and its sessions grant nothing until it is restored.
    ///
    /// # Errors
    /// `link_unknown`, `link_state`, and those of the database.
    pub fn pause(&self, tenant: &str, link: &str) -> Result<String, Error> {
        let (tenant, link) = (text::identifier("tenant", tenant)?, text::entry_id("link", link)?);
        self.ask(async |store| store.pause(tenant, link).await).map(stamp_text)
    }

    /// Lets a paused link grant again what it did.
    ///
    /// # Errors
    /// As [`Store::pause`].
    pub fn restore(&self, tenant: &str, link: &str) -> Result<String, Error> {
        let (tenant, link) = (text::identifier("tenant", tenant)?, text::entry_id("link", link)?);
        self.ask(async |store| store.restore(tenant, link).await).map(stamp_text)
    }

    /// What happened to a link, the latest first: at least one line and at most 1,000. `before`: only those with a lower number.
    ///
    /// # Errors
    /// `link_unknown`, `limit_zero`, and those of the database.
    pub fn history(&self, tenant: &str, link: &str, before: Option<u64>, limit: u32) -> Result<Vec<Event>, Error> {
        let (tenant, link) = (text::identifier("tenant", tenant)?, text::entry_id("link", link)?);
        let limit = at_least_one(limit)?;
        let events = self.ask(async |store| store.history(tenant, link, before, limit).await)?;
        let event = |event: store::LinkEvent| Event {
            number: event.number,
            at: event.at.unix(),
            kind: event.kind.name(),
            detail: event.detail,
        };
        Ok(events.into_iter().map(event).collect())
    }

    fn link_of(&self, link: store::Link) -> Link {
        let vocabulary: &Vocabulary = &self.deployment().0.vocabulary;
        Link {
            id: text::id(&link.id),
            tenant: link.tenant.to_string(),
            client: link.client.to_string(),
            label: link.label,
            state: link.state.name(),
            expires_at: link.expires_at.unix(),
            ceiling: link.ceiling.unix(),
            permissions: text::names(vocabulary, link.permissions),
            permissions_ceiling: text::names(vocabulary, link.permissions_ceiling),
            resources: resources(&link.resources),
            uses_max: link.uses_max,
            uses: link.uses,
            revision: link.revision,
            created_at: link.created_at.unix(),
            changed_at: link.changed_at.unix(),
            last_used_at: link.last_used_at.map(portward::Timestamp::unix),
        }
    }
}

/// The store would give one where none is asked for.
fn at_least_one(limit: u32) -> Result<u32, Error> {
    if limit == 0 { Err(Error::value("limit_zero", "at least one").of_argument("limit")) } else { Ok(limit) }
}

fn only(resources: Option<Vec<String>>) -> Result<Resources, Error> {
    match resources {
        None => Ok(Resources::All),
        Some(list) => Ok(Resources::Only(text::identifiers("resources", &list)?)),
    }
}

fn state_of(name: &str) -> Result<LinkState, Error> {
    let states = [LinkState::Active, LinkState::Paused, LinkState::Revoked];
    let unknown = || Error::value("link_state", "a state is active, paused or revoked").of_argument("state");
    states.into_iter().find(|state| state.name() == name).ok_or_else(unknown)
}

fn start_of(text: &str) -> Result<PageStart, Error> {
    let malformed =
        || Error::value("page_malformed", "a page begins where another said that it does").of_argument("after");
    let (created_at, id) = text.split_once(':').ok_or_else(malformed)?;
    let created_at = created_at.parse().map(text::time).map_err(|_| malformed())?;
    Ok(PageStart::new(created_at, text::entry_id("after", id)?))
}
