use napi_derive::napi;
use portward_bridge::{self as bridge, Edit, Event, Filter, Link, NewLink, Page, Store};

use crate::convert::{maybe, number, small};
use crate::store::ask;
use crate::token::{TokenRow, token_row};
use crate::work::{External, Promised, same};

/// A link to be made.
#[napi(object)]
pub(crate) struct NewLinkRow {
    /// Whose data.
    pub tenant: String,
    /// Who comes.
    pub client: String,
    /// What it grants.
    pub permissions: Vec<String>,
    /// For whom it is good.
    pub audience: Option<String>,
    /// How long it can live at most, in seconds.
    pub lifetime: Option<f64>,
    /// What the tenant calls it: 1 to 200 characters.
    pub label: Option<String>,
    /// How often it can be redeemed.
    pub uses_max: Option<f64>,
    /// When it ends, in Unix seconds, if that is before its lifetime is over: it can then be extended.
    pub expires_at: Option<f64>,
}

/// A link as its tenant sees it.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct LinkRow {
    /// `null`, but of a link that was just made. `show` makes it again.
    pub token: Option<String>,
    /// Its id.
    pub id: String,
    /// Whose data.
    pub tenant: String,
    /// Who comes.
    pub client: String,
    /// What the tenant calls it.
    pub label: Option<String>,
    /// `active`, `paused` or `revoked`.
    pub state: String,
    /// When it ends, in Unix seconds.
    pub expires_at: f64,
    /// Until when it can be extended, in Unix seconds.
    pub ceiling: f64,
    /// What it grants.
    pub permissions: Vec<String>,
    /// What it could grant at most.
    pub permissions_ceiling: Vec<String>,
    /// For which resources it is good; `null` for all.
    pub resources: Option<Vec<String>>,
    /// How often it can be redeemed; `null` as often as one likes.
    pub uses_max: Option<f64>,
    /// How often it was.
    pub uses: f64,
    /// How often something was taken away from it.
    pub revision: f64,
    /// When it was made, in Unix seconds.
    pub created_at: f64,
    /// When it was changed, in Unix seconds.
    pub changed_at: f64,
    /// When it was redeemed, in Unix seconds.
    pub last_used_at: Option<f64>,
}

fn link_row(link: Link) -> LinkRow {
    LinkRow {
        token: None,
        id: link.id,
        tenant: link.tenant,
        client: link.client,
        label: link.label,
        state: link.state.to_owned(),
        expires_at: number(link.expires_at),
        ceiling: number(link.ceiling),
        permissions: link.permissions,
        permissions_ceiling: link.permissions_ceiling,
        resources: link.resources,
        uses_max: link.uses_max.map(f64::from),
        uses: number(link.uses),
        revision: f64::from(link.revision),
        created_at: number(link.created_at),
        changed_at: number(link.changed_at),
        last_used_at: link.last_used_at.map(number),
    }
}

/// Makes a link and its row in one step; it has its `token`.
#[napi(catch_unwind)]
pub(crate) fn store_issue(store: &External<Store>, row: NewLinkRow) -> Promised<(bridge::Token, Link), LinkRow> {
    let issued = move |store: &Store| {
        let NewLinkRow { tenant, client, permissions, audience, lifetime, label, uses_max, expires_at } = row;
        let (lifetime, uses_max, expires_at) = (maybe(lifetime)?, maybe(uses_max)?, maybe(expires_at)?);
        store.issue(&NewLink { tenant, client, permissions, audience, lifetime, label, uses_max, expires_at })
    };
    ask(store, issued, |(token, link)| LinkRow { token: Some(token.text), ..link_row(link) })
}

/// Makes the token of a link again. Errors: `link_unknown`, `link_revoked`.
#[napi(catch_unwind)]
pub(crate) fn store_show(store: &External<Store>, tenant: String, link: String) -> Promised<bridge::Token, TokenRow> {
    ask(store, move |store| store.show(&tenant, &link), token_row)
}

/// One link. Errors: `link_unknown`.
#[napi(catch_unwind)]
pub(crate) fn store_link(store: &External<Store>, tenant: String, link: String) -> Promised<Link, LinkRow> {
    ask(store, move |store| store.link(&tenant, &link), link_row)
}

/// Which links to list.
#[napi(object)]
pub(crate) struct FilterRow {
    /// Those of one client.
    pub client: Option<String>,
    /// Those in this state: `active`, `paused` or `revoked`.
    pub state: Option<String>,
    /// Those that end before, in Unix seconds.
    pub expires_before: Option<f64>,
    /// Those whose label contains this, in any case of ASCII letters.
    pub label_contains: Option<String>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// At most 1,000.
    pub limit: f64,
}

/// Some links, the newest first.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct PageRow {
    /// At most as many as were asked for.
    pub links: Vec<LinkRow>,
    /// What the next page begins behind; `null` if this is the last.
    pub next: Option<String>,
}

/// The links of a tenant, the newest first. Errors: `limit_zero`.
#[napi(catch_unwind)]
pub(crate) fn store_list(store: &External<Store>, tenant: String, row: FilterRow) -> Promised<Page, PageRow> {
    let listed = move |store: &Store| {
        let FilterRow { client, state, expires_before, label_contains, after, limit } = row;
        let filter = Filter { client, state, expires_before: maybe(expires_before)?, label_contains };
        store.list(&tenant, &filter, after.as_deref(), small(limit)?)
    };
    ask(store, listed, |page| PageRow { links: page.links.into_iter().map(link_row).collect(), next: page.next })
}

/// What is to be changed. The flags say of what may be absent whether it is meant.
#[napi(object)]
pub(crate) struct EditRow {
    /// Whether the label is changed.
    pub has_label: bool,
    /// What the tenant calls it: 1 to 200 characters; absent takes it away.
    pub label: Option<String>,
    /// When it ends, in Unix seconds.
    pub expires_at: Option<f64>,
    /// What it grants.
    pub permissions: Option<Vec<String>>,
    /// Whether the resources are changed.
    pub has_resources: bool,
    /// For which resources it is good; absent for all.
    pub resources: Option<Vec<String>>,
    /// Whether the number of uses is changed.
    pub has_uses_max: bool,
    /// How often it can be redeemed; absent as often as one likes.
    pub uses_max: Option<f64>,
}

/// Changes a link that was sent already. Errors: `link_unknown`, `link_revoked`, `over_ceiling`, `nothing_granted`, `label_malformed`.
#[napi(catch_unwind)]
pub(crate) fn store_edit(
    store: &External<Store>,
    tenant: String,
    link: String,
    row: EditRow,
) -> Promised<Link, LinkRow> {
    let edited = move |store: &Store| {
        let uses_max = maybe(row.uses_max)?;
        let edit = Edit {
            label: row.has_label.then_some(row.label),
            expires_at: maybe(row.expires_at)?,
            permissions: row.permissions,
            resources: row.has_resources.then_some(row.resources),
            uses_max: row.has_uses_max.then_some(uses_max),
        };
        store.edit(&tenant, &link, &edit)
    };
    ask(store, edited, link_row)
}

/// Lets a link, its copies and its sessions grant nothing until it is restored. Returns the stamp. Errors: `link_unknown`, `link_state`.
#[napi(catch_unwind)]
pub(crate) fn store_pause(store: &External<Store>, tenant: String, link: String) -> Promised<String, String> {
    ask(store, move |store| store.pause(&tenant, &link), same)
}

/// Lets a paused link grant again what it did. Returns the stamp. Errors: `link_unknown`, `link_state`.
#[napi(catch_unwind)]
pub(crate) fn store_restore(store: &External<Store>, tenant: String, link: String) -> Promised<String, String> {
    ask(store, move |store| store.restore(&tenant, &link), same)
}

/// One line of a link's history.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct EventRow {
    /// From 0, without gaps.
    pub number: f64,
    /// When, in Unix seconds.
    pub at: f64,
    /// `issued`, `shown`, `redeemed` and so on.
    pub kind: String,
    /// More of it.
    pub detail: Option<String>,
}

/// What happened to a link, the latest first. `before`: only those with a lower number; `limit`: at most 1,000. Errors: `link_unknown`, `limit_zero`.
#[napi(catch_unwind)]
pub(crate) fn store_history(
    store: &External<Store>,
    tenant: String,
    link: String,
    before: Option<f64>,
    limit: f64,
) -> Promised<Vec<Event>, Vec<EventRow>> {
    let events = move |store: &Store| store.history(&tenant, &link, maybe(before)?, small(limit)?);
    ask(store, events, |events| events.into_iter().map(event_row).collect())
}

fn event_row(event: Event) -> EventRow {
    let (number, at) = (number(event.number), number(event.at));
    EventRow { number, at, kind: event.kind.to_owned(), detail: event.detail }
}
