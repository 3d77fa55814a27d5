use portward::{IssuedToken, LinkHead, LinkRequest, Resources, RevocationView, Timestamp};

use crate::database::record;
use crate::database::{Lock, Work};
use crate::events::{Event, EventKind, Operation, Subject};
use crate::store::error::StoreError;
use crate::store::list::{Link, link_row, state};
use crate::store::open::{Result, Store, within};
use crate::store::rows::{EventRow, LinkEvent, LinkRow, LinkState, is_label};

use portward::{EntryId, Identifier};

/// What a registry says of a new link. The default says nothing.
#[derive(Clone, Debug, Default)]
pub struct LinkTerms {
    /// What the tenant calls it: 1 to 200 characters.
    pub label: Option<String>,
    /// How often it, and all copies of it together, can be redeemed: at least once; `None` as often as one likes.
    pub uses_max: Option<u32>,
    /// When it ends, if that is before its signed expiry: it can then be extended without being sent again.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// Makes a link and its row in one step. Its token goes to its holder; it is not kept, and [`Store::show`] makes it again.
    ///
    /// # Errors
    /// [`StoreError::Issue`], [`StoreError::Label`], [`StoreError::NothingLeft`], [`StoreError::OverCeiling`], [`StoreError::Random`], and those
    /// of the database.
    pub async fn issue(&self, request: &LinkRequest, terms: LinkTerms) -> Result<(IssuedToken, Link)> {
        check_label(terms.label.as_deref())?;
        check_cap(terms.uses_max)?;
        within(async {
            let inner = &self.inner;
            let (tenant, client) = (request.tenant(), request.client());
            let look = |view: &RevocationView| view.generations(&tenant, &client);
            let (mut work, generations) = inner.feed.begin_looking(Lock::None, look).await?;
            let now = self.wall();
            let token = inner.issuer.issue_link(request, generations, now)?;
            let head = LinkHead::from_bytes(token.head()).map_err(|_| StoreError::Malformed)?;
            let expires = terms.expires_at.unwrap_or(head.expires_at());
            if expires > head.expires_at() {
                return Err(StoreError::OverCeiling);
            }
            if expires <= now {
                return Err(StoreError::NothingLeft);
            }
            let mut row = LinkRow {
                check: token.link_check(),
                label: terms.label,
                expires,
                permissions: head.permissions(),
                resources: Resources::All,
                uses_max: terms.uses_max,
                uses: 0,
                state: LinkState::Active,
                revision: 0,
                events: 0,
                created: now,
                changed: now,
                last_used: None,
                head,
            };
            self.happened(&mut row, EventKind::Issued, None, &mut work).await?;
            record::insert(&row, &inner.keyring, &mut work).await?;
            work.commit().await?;
            Ok((token, Link::of(row, self)))
        })
        .await
    }

    /// Makes the token of a link again, to be shown to its tenant.
    ///
    /// # Errors
    /// [`StoreError::UnknownLink`], [`StoreError::LinkRevoked`], [`StoreError::LinkDiffers`], [`StoreError::Issue`], [`StoreError::Random`], and those
    /// of the database.
    pub async fn show(&self, tenant: Identifier, link: EntryId) -> Result<IssuedToken> {
        within(async {
            let inner = &self.inner;
            let mut work = inner.feed.database.begin(Lock::Link(tenant, link)).await?;
            let mut row = link_row(&mut work, &inner.keyring, tenant, link).await?;
            if state(&row, self) == LinkState::Revoked {
                return Err(StoreError::LinkRevoked);
            }
            let token = inner.issuer.issue_again(&row.head)?;
            if token.link_check() != row.check {
                return Err(StoreError::LinkDiffers);
            }
            self.happened(&mut row, EventKind::Shown, None, &mut work).await?;
            record::save(&row, &inner.keyring, &mut work).await?;
            work.commit().await?;
            Ok(token)
        })
        .await
    }

    /// Writes a line of the link's history, after the sink was told; the row is for the caller to save.
    pub(super) async fn happened(
        &self,
        row: &mut LinkRow,
        kind: EventKind,
        detail: Option<String>,
        work: &mut Work,
    ) -> Result<()> {
        let (tenant, link) = (*row.head.tenant(), row.head.id());
        let told = self.event(Operation::Link(kind)).of(tenant).about(Subject::Entry(link));
        // A label is of persons, and an erasure does not reach what was told.
        let told = Event { detail: detail.clone().filter(|_| kind != EventKind::Labelled), ..told };
        self.tell(told).await?;
        let event = LinkEvent { number: row.events, at: self.wall(), kind, detail };
        // In place of a line that is there already: somebody planted it, or put an older row of the link back.
        record::save(&EventRow { tenant, link, event }, &self.inner.keyring, work).await?;
        row.events = row.events.saturating_add(1);
        Ok(())
    }
}

pub(super) fn check_label(label: Option<&str>) -> Result<()> {
    if label.is_none_or(is_label) { Ok(()) } else { Err(StoreError::Label) }
}

pub(super) fn check_cap(uses_max: Option<u32>) -> Result<()> {
    if uses_max == Some(0) { Err(StoreError::NothingLeft) } else { Ok(()) }
}
