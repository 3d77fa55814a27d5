use napi_derive::napi;
use portward_bridge::{self as bridge, Edit, Event, Filter, Link, NewLink, Page, Store};

use crate::convert::{maybe, number, small};
use crate::store::ask;
use crate::token::{TokenRow, token_row};
use crate::work::{External, Promised, same};

/// A link to be made.
#[napi(object)]
pub(crate) struct NewLinkRow {
    pub tenant: String,
    pub client: String,
    pub permissions: Vec<String>,
    pub audience: Option<String>,
    pub lifetime: Option<f64>,
    pub label: Option<String>,
    pub uses_max: Option<f64>,
    pub expires_at: Option<f64>,
}

/// A link as its tenant sees it; with its token, if it was just made.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct LinkRow {
    pub token: Option<String>,
    pub id: String,
    pub tenant: String,
    pub client: String,
    pub label: Option<String>,
    pub state: String,
    pub expires_at: f64,
    pub ceiling: f64,
    pub permissions: Vec<String>,
    pub permissions_ceiling: Vec<String>,
    pub resources: Option<Vec<String>>,
    pub uses_max: Option<f64>,
    pub uses: f64,
    pub revision: f64,
    pub created_at: f64,
    pub changed_at: f64,
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

#[napi(catch_unwind)]
pub(crate) fn store_issue(store: &External<Store>, row: NewLinkRow) -> Promised<(bridge::Token, Link), LinkRow> {
    let issued = move |store: &Store| {
        let NewLinkRow { tenant, client, permissions, audience, lifetime, label, uses_max, expires_at } = row;
        let (lifetime, uses_max, expires_at) = (maybe(lifetime)?, maybe(uses_max)?, maybe(expires_at)?);
        store.issue(&NewLink { tenant, client, permissions, audience, lifetime, label, uses_max, expires_at })
    };
    ask(store, issued, |(token, link)| LinkRow { token: Some(token.text), ..link_row(link) })
}

#[napi(catch_unwind)]
pub(crate) fn store_show(store: &External<Store>, tenant: String, link: String) -> Promised<bridge::Token, TokenRow> {
    ask(store, move |store| store.show(&tenant, &link), token_row)
}

#[napi(catch_unwind)]
pub(crate) fn store_link(store: &External<Store>, tenant: String, link: String) -> Promised<Link, LinkRow> {
    ask(store, move |store| store.link(&tenant, &link), link_row)
}

/// Which links to list.
#[napi(object)]
pub(crate) struct FilterRow {
    pub client: Option<String>,
    pub state: Option<String>,
    pub expires_before: Option<f64>,
    pub label_contains: Option<String>,
    pub after: Option<String>,
    pub limit: f64,
}

/// Some links, and what the next ones begin behind.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct PageRow {
    pub links: Vec<LinkRow>,
    pub next: Option<String>,
}

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
    pub has_label: bool,
    pub label: Option<String>,
    pub expires_at: Option<f64>,
    pub permissions: Option<Vec<String>>,
    pub has_resources: bool,
    pub resources: Option<Vec<String>>,
    pub has_uses_max: bool,
    pub uses_max: Option<f64>,
}

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

#[napi(catch_unwind)]
pub(crate) fn store_pause(store: &External<Store>, tenant: String, link: String) -> Promised<String, String> {
    ask(store, move |store| store.pause(&tenant, &link), same)
}

#[napi(catch_unwind)]
pub(crate) fn store_restore(store: &External<Store>, tenant: String, link: String) -> Promised<String, String> {
    ask(store, move |store| store.restore(&tenant, &link), same)
}

/// One line of a link's history.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct EventRow {
    pub number: f64,
    pub at: f64,
    pub kind: String,
    pub detail: Option<String>,
}

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
