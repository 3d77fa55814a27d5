use core::fmt;

use portward::{IssuedToken, LinkAccess, Now, PeekCookie, StoredChain, Timestamp, VerifyError};

use crate::database::{Lock, Work, record};
use crate::events::{EventKind, Operation, Subject};
use crate::hex::hex;
use crate::store::error::StoreError;
use crate::store::list::link_row;
use crate::store::open::{Result, Store, within};
use crate::store::rows::{ChainRow, LinkRow, LinkState, RedemptionRow};

/// What looking at a link gives: no session, but what is needed to ask for one.
pub struct Peeked {
    /// To be sent back with the link and the cookie.
    pub nonce: String,
    /// When the nonce ends.
    pub expires_at: Timestamp,
    /// The browser's cookie: the one that came, or a new one.
    pub cookie: PeekCookie,
    /// Who is being let in.
    pub access: LinkAccess,
}

impl fmt::Debug for Peeked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peeked")
            .field("expires_at", &self.expires_at)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// A session.
#[derive(Debug)]
pub struct Redeemed {
    /// It goes to its holder and nowhere else.
    pub session: IssuedToken,
}

impl Store {
    /// Looks at a link without spending anything of it. It touches no database.
    ///
    /// # Errors
    /// [`StoreError::Verify`], [`StoreError::Nonce`], [`StoreError::Random`].
    pub fn peek(&self, link: &str, cookie: Option<PeekCookie>) -> Result<Peeked> {
        let (now, access) = self.verified(|now| self.inner.verifier.verify_link(link, now))?;
        let cookie = cookie.map_or_else(PeekCookie::generate, Ok)?;
        let (nonce, expires_at) = self.inner.keyring.make_nonce(access.chain_id(), &cookie, now.wall)?;
        Ok(Peeked { nonce, expires_at, cookie, access })
    }

    /// Makes a session of a link, and counts a use of it: once for a nonce, however often it is asked for with that.
    ///
    /// # Errors
    /// Tell the public no more than [`StoreError::refusal`]. [`StoreError::Verify`], [`StoreError::Nonce`], [`StoreError::UnknownLink`],
    /// [`StoreError::LinkDiffers`], [`StoreError::LinkRevoked`], [`StoreError::LinkSuspended`], [`StoreError::LinkEnded`],
    /// [`StoreError::Outdated`], [`StoreError::UsesExhausted`], [`StoreError::Issue`], [`StoreError::Random`], and those of the
    /// database.
    pub async fn redeem(&self, link: &str, cookie: &PeekCookie, nonce: &str) -> Result<Redeemed> {
        let (now, access) = self.verified(|now| self.inner.verifier.verify_link(link, now))?;
        let nonce = self.inner.keyring.check_nonce(nonce, access.chain_id(), cookie, now.wall)?;
        within(async {
            let inner = &self.inner;
            let id = (*access.tenant(), access.link_id());
            let _inside = inner.feed.enter().await?;
            let mut work = inner.feed.database.begin(Lock::Link(id.0, id.1)).await?;
            // While it waited it may have been revoked, or its tenant, client or copy: no use is spent for a session that is refused.
            let (now, (access, check)) = self.verified(|now| inner.verifier.verify_link_with_check(link, now))?;
            let (tenant, link) = id;
            let mut row = link_row(&mut work, &inner.keyring, tenant, link).await?;
            if row.check != check {
                return Err(StoreError::LinkDiffers);
            }
            self.refuse_ended(&row, now.wall)?;
            // Refused before anything is counted.
            let session = inner.issuer.issue_session(&access, &row.limits(), now.wall)?;
            let redemption =
                RedemptionRow { tenant, link, id: nonce.id, chain: access.chain_id(), expires: nonce.expires_at };
            if !self.was_redeemed(&redemption, &mut work).await? {
                if row.uses_max.is_some_and(|max| row.uses >= max.into()) {
                    return Err(StoreError::UsesExhausted);
                }
                row.uses = row.uses.saturating_add(1);
                row.last_used = Some(now.wall);
                self.happened(&mut row, EventKind::Redeemed, Some(hex(&redemption.chain)), &mut work).await?;
                record::save(&row, &inner.keyring, &mut work).await?;
                record::insert(&redemption, &inner.keyring, &mut work).await?;
                self.count_chain(&access, &mut work).await?;
            } else {
                // Once more a session for the same use, for who lost the answer.
                self.tell(self.event(Operation::Renewed).of(tenant).about(Subject::Entry(link))).await?;
            }
            work.commit().await?;
            Ok(Redeemed { session })
        })
        .await
    }

    /// Makes another session in place of one that has not expired, with what link and row grant now. No use is counted.
    ///
    /// # Errors
    /// As [`Store::redeem`]; [`StoreError::UnknownChain`].
    pub async fn renew(&self, session: &str) -> Result<Redeemed> {
        let (now, session) = self.verified(|now| self.inner.verifier.verify_to_renew(session, now))?;
        within(async {
            let inner = &self.inner;
            let (tenant, link) = (*session.tenant(), session.link_id());
            let inside = inner.feed.enter().await?;
            let mut work = inner.feed.database.begin_reading().await?;
            let row = link_row(&mut work, &inner.keyring, tenant, link).await?;
            self.refuse_ended(&row, now.wall)?;
            let chain = self.chain_row(&mut work, &row, session.chain_id()).await?.ok_or(StoreError::UnknownChain)?;
            work.rollback().await?;
            drop(inside);
            let grant = session.with_stored(&row.head, chain.grants).ok_or(StoreError::LinkDiffers)?;
            let session = inner.issuer.renew_session(&grant, &row.limits(), now.wall)?;
            self.tell(self.event(Operation::Renewed).of(tenant).about(Subject::Entry(link))).await?;
            Ok(Redeemed { session })
        })
        .await
    }

    /// As of now. Once more where the view is not fresh: it may have been renewed after the clock was read, and is then newer than the question.
    fn verified<T>(&self, verify: impl Fn(Now) -> core::result::Result<T, VerifyError>) -> Result<(Now, T)> {
        let now = self.now();
        match verify(now) {
            Err(error) if error.is_stale() => {
                let now = self.now();
                Ok((now, verify(now)?))
            }
            verified => Ok((now, verified?)),
        }
    }

    async fn was_redeemed(&self, redemption: &RedemptionRow, work: &mut Work) -> Result<bool> {
        let query = work.query("SELECT * FROM redemption WHERE tenant = $1 AND link = $2 AND id = $3");
        let query = query.bind(redemption.tenant.to_string()).bind(redemption.link.to_vec());
        let Some(row) = query.bind(redemption.id.to_vec()).fetch_optional(&mut **work).await? else { return Ok(false) };
        let row: RedemptionRow = record::read(&row, &self.inner.keyring)?;
        if row == *redemption { Ok(true) } else { Err(StoreError::Malformed) }
    }

    /// Keeps what link and blocks grant together, for renewing.
    async fn count_chain(&self, access: &LinkAccess, work: &mut Work) -> Result<()> {
        let (tenant, link, id) = (*access.tenant(), access.link_id(), access.chain_id());
        let grants: StoredChain = access.to_stored();
        let now = self.wall();
        let known = chain_row(work, self, (tenant, link, id)).await?;
        let uses = known.as_ref().map_or(0, |known| known.uses).saturating_add(1);
        let first_used = known.map_or(now, |known| known.first_used);
        let recipients = access.recipients().to_vec();
        let row = ChainRow { tenant, link, id, grants, recipients, uses, first_used, last_used: now };
        Ok(record::save(&row, &self.inner.keyring, work).await?)
    }

    fn refuse_ended(&self, row: &LinkRow, now: Timestamp) -> Result<()> {
        let view = self.inner.feed.cell.load();
        match row.state {
            LinkState::Revoked => Err(StoreError::LinkRevoked),
            LinkState::Paused => Err(StoreError::LinkSuspended),
            LinkState::Active if now >= row.expires => Err(StoreError::LinkEnded),
            // Its session would be refused as soon as it is made.
            LinkState::Active if row.revision < view.entries_of(row.head.tenant()).minimum_revision(row.head.id()) => {
                Err(StoreError::Outdated)
            }
            LinkState::Active => Ok(()),
        }
    }

    async fn chain_row(&self, work: &mut Work, link: &LinkRow, id: portward::EntryId) -> Result<Option<ChainRow>> {
        chain_row(work, self, (*link.head.tenant(), link.head.id(), id)).await
    }
}

type ChainKey = (portward::Identifier, portward::EntryId, portward::EntryId);

async fn chain_row(work: &mut Work, store: &Store, key: ChainKey) -> Result<Option<ChainRow>> {
    let (tenant, link, id) = key;
    let query = work.query("SELECT * FROM chain WHERE tenant = $1 AND link = $2 AND id = $3");
    let row = query.bind(tenant.to_string()).bind(link.to_vec()).bind(id.to_vec()).fetch_optional(&mut **work).await?;
    let Some(row) = row else { return Ok(None) };
    let row: ChainRow = record::read(&row, &store.inner.keyring)?;
    if (row.tenant, row.link, row.id) == key { Ok(Some(row)) } else { Err(StoreError::Malformed) }
}
