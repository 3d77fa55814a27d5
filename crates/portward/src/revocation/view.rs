use std::sync::Arc;
use std::time::Duration;

use crate::codec::{WireBuffer, WireIdentifier};
use crate::error::error_codes;
use crate::id::Identifier;
use crate::key::{DeploymentId, RootId};
use crate::primitive::Digest32;
use crate::random::RandomError;
use crate::revocation::message::ListTimes;
use crate::revocation::state::State;
use crate::revocation::table::Scatter;
use crate::revocation::tenant::{Standing, Tenant};
use crate::revocation::{Change, EntryId, Generations, Scope, Stamp, Unit};
use crate::time::{Now, Steady, Timestamp};

/// What a verifier takes for up to date. There is no default: how long a lost connection may go unnoticed is yours to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Freshness {
    /// The view was confirmed by a live answer whose request was sent at most this long ago. 30 s is the usual choice.
    Live {
        /// Whole milliseconds.
        max_staleness: Duration,
    },
    /// The view is a published list between its this-update and its next-update. A list replayed within that time goes unnoticed.
    PublishedList,
}

/// All that is known to be revoked, as of one moment. Immutable; reading it takes no lock.
#[derive(Clone)]
pub struct RevocationView {
    pub(super) deployment: DeploymentId,
    pub(super) scope: Scope,
    pub(super) position: Option<(Stamp, Digest32)>,
    pub(super) evidence: Evidence,
    pub(super) state: State,
}

/// The entries of one tenant in a view, to ask for many: what a list of links shows.
#[derive(Clone, Copy)]
pub struct TenantEntries<'a> {
    tenant: Option<&'a Tenant>,
    scatter: Scatter,
}

impl TenantEntries<'_> {
    /// How it stands with one link, session or copy itself, whatever counters and parents say. A [`Verifier`](crate::Verifier) asks for
    /// all that a token stands on.
    #[inline]
    pub fn standing(&self, unit: Unit, id: EntryId) -> Standing {
        match self.tenant {
            Some(tenant) => tenant.standing(self.scatter, unit, id),
            None => Standing::Good,
        }
    }

    /// The lowest revision of a link whose sessions are good; 0 if all are.
    pub fn minimum_revision(&self, link: EntryId) -> u32 {
        self.tenant.map_or(0, |tenant| tenant.minimum_revision(link))
    }

    /// Tells those of many that are not good, by their place in `ids` and in that order. The same answers as [`TenantEntries::standing`] for
    /// each, in a fraction of the time: they do not wait for memory one after the other.
    pub fn exceptions(&self, unit: Unit, ids: &[EntryId], tell: impl FnMut(usize, Standing)) {
        if let Some(tenant) = self.tenant {
            tenant.exceptions(self.scatter, unit, ids, tell);
        }
    }
}

/// Why a view may be fresh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Evidence {
    None,
    Live { sent_at: Steady },
    List(ListTimes),
}

/// What of a token matters to revocation.
pub(crate) struct Subject<'a> {
    /// The root it is under, and that of its link.
    pub(crate) roots: [RootId; 2],
    pub(crate) tenant: WireIdentifier<'a>,
    pub(crate) client: WireIdentifier<'a>,
    pub(crate) generations: Generations,
    pub(crate) link: EntryId,
    pub(crate) copies: &'a [EntryId],
    /// Token id of a session, and its link revision: but for renewing, where a change of the link does not end it.
    pub(crate) session: Option<(EntryId, Option<u32>)>,
}

error_codes! {
    /// Why an authentic token is refused by the view.
    pub enum RevocationError {
        RootRefused => "root_refused", Input, "the root key of the token is refused";
        DeploymentRevoked => "deployment_revoked", Input, "all tokens of this deployment generation are revoked";
        TenantRevoked => "tenant_revoked", Input, "all tokens of this tenant generation are revoked";
        ClientRevoked => "client_revoked", Input, "all tokens of this client generation are revoked";
        LinkRevoked => "link_revoked", Input, "the link is revoked";
        LinkSuspended => "link_suspended", Input, "the link is paused";
        CopyRevoked => "copy_revoked", Input, "this copy of the link, or one it was made from, is revoked";
        CopySuspended => "copy_suspended", Input, "this copy of the link, or one it was made from, is paused";
        SessionRevoked => "session_revoked", Input, "the session is revoked";
        SessionSuspended => "session_suspended", Input, "the session is paused";
        SessionSuperseded => "session_superseded", Input, "the link was changed after the session began";
        OutOfScope => "out_of_scope", Environment, "the view does not cover this tenant";
        GenerationAhead => "generation_ahead", Environment, "the token is newer than the view";
        ViewStale => "view_stale", Environment, "the view is too old to vouch for anything";
    }
}

impl RevocationView {
    /// A view of this deployment that knows nothing and is never fresh: what a follower begins with.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn empty(deployment: DeploymentId, scope: Scope) -> Result<Self, RandomError> {
        Ok(Self { deployment, scope, position: None, evidence: Evidence::None, state: State::empty()? })
    }

    /// `spec/revocation.md` section 3; the numbers are its steps.
    pub(crate) fn check(
        &self,
        subject: &Subject<'_>,
        freshness: Freshness,
        skew: Duration,
        now: Now,
    ) -> Result<(), RevocationError> {
        use RevocationError as Error;
        let tenant = self.state.tenant(subject.tenant);
        let current = self.current(tenant, subject.client);
        let of = &subject.generations;
        if subject.roots.iter().any(|root| self.state.refused_roots.contains(root)) {
            return Err(Error::RootRefused); // 1
        }
        if of.deployment < current.deployment {
            return Err(Error::DeploymentRevoked); // 2
        }
        if of.tenant < current.tenant {
            return Err(Error::TenantRevoked);
        }
        if of.client < current.client {
            return Err(Error::ClientRevoked);
        }
        if let Some(tenant) = tenant {
            self.check_entries(tenant, subject)?; // 3–6
        }
        if !self.scope.contains_wire(subject.tenant) {
            return Err(Error::OutOfScope); // 7
        }
        if of.deployment > current.deployment || of.tenant > current.tenant || of.client > current.client {
            return Err(Error::GenerationAhead); // 8
        }
        if self.is_fresh(freshness, skew, now) { Ok(()) } else { Err(Error::ViewStale) } // 9
    }

    fn current(&self, tenant: Option<&Tenant>, client: WireIdentifier<'_>) -> Generations {
        Generations {
            deployment: self.state.deployment_generation,
            tenant: tenant.map_or(0, |tenant| tenant.generation),
            client: tenant.map_or(0, |tenant| tenant.client_generation(client)),
        }
    }

    fn check_entries(&self, tenant: &Tenant, subject: &Subject<'_>) -> Result<(), RevocationError> {
        use RevocationError as Error;
        let standing = |unit, id, suspended, revoked| match tenant.standing(self.state.scatter(), unit, id) {
            Standing::Good => Ok(()),
            Standing::Suspended => Err(suspended),
            Standing::Revoked => Err(revoked),
        };
        standing(Unit::Link, subject.link, Error::LinkSuspended, Error::LinkRevoked)?;
        for copy in subject.copies {
            standing(Unit::Copy, *copy, Error::CopySuspended, Error::CopyRevoked)?;
        }
        let Some((session, revision)) = subject.session else { return Ok(()) };
        standing(Unit::Session, session, Error::SessionSuspended, Error::SessionRevoked)?;
        match revision {
            Some(revision) if revision < tenant.minimum_revision(subject.link) => Err(Error::SessionSuperseded),
            _ => Ok(()),
        }
    }

    /// Whether what it says of tokens that it does not name can be believed now.
    pub fn is_fresh(&self, freshness: Freshness, skew: Duration, now: Now) -> bool {
        match (freshness, self.evidence) {
            (Freshness::Live { max_staleness }, Evidence::Live { sent_at }) => {
                let age = now.steady.millis().checked_sub(sent_at.millis());
                age.is_some_and(|age| Duration::from_millis(age) <= max_staleness)
            }
            (Freshness::PublishedList, Evidence::List(times)) => times.are_current(skew, now.wall),
            _ => false,
        }
    }

    /// How far in the feed it is; `None` before the first message.
    pub fn stamp(&self) -> Option<Stamp> {
        self.position.map(|(stamp, _)| stamp)
    }

    /// Whether it shows the change that this stamp stands for.
    pub fn is_at_least(&self, stamp: Stamp) -> bool {
        self.stamp().is_some_and(|own| own >= stamp)
    }

    /// Of which deployment it is.
    pub const fn deployment(&self) -> DeploymentId {
        self.deployment
    }

    /// Whose revocations it knows.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The counters under which a token for this client is to be made.
    pub fn generations(&self, tenant: &Identifier, client: &Identifier) -> Generations {
        let (tenant, client) = (WireBuffer::from(tenant), WireBuffer::from(client));
        self.current(self.state.tenant(tenant.identifier()), client.identifier())
    }

    /// The deployment's counter.
    pub const fn deployment_generation(&self) -> u32 {
        self.state.deployment_generation
    }

    /// Whether everything under this root is refused.
    pub fn is_refused(&self, root: RootId) -> bool {
        self.state.refused_roots.contains(&root)
    }

    /// Whether this stored key was destroyed for ever.
    pub fn is_tombstoned(&self, tenant: &Identifier, key: EntryId) -> bool {
        let tenant = WireBuffer::from(tenant);
        self.state.tenant(tenant.identifier()).is_some_and(|tenant| tenant.tombstones.contains(&key))
    }

    /// The stored keys of a tenant that were destroyed for ever.
    pub fn tombstones(&self, tenant: &Identifier) -> Vec<EntryId> {
        let tenant = self.state.tenant(WireBuffer::from(tenant).identifier());
        tenant.map_or_else(Vec::new, |tenant| tenant.tombstones.iter().copied().collect())
    }

    /// What it knows of one tenant's entries.
    pub fn entries_of(&self, tenant: &Identifier) -> TenantEntries<'_> {
        let tenant = self.state.tenant(WireBuffer::from(tenant).identifier());
        TenantEntries { tenant, scatter: self.state.scatter() }
    }

    /// How many revoked and suspended entries it holds.
    pub fn entries(&self) -> usize {
        self.state.entries()
    }

    /// Everything it knows, as the changes that would make it.
    pub fn to_changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.state.visit(|change| changes.push(change));
        changes
    }

    /// The same view without the entries whose tokens expired 600 s before `now` or earlier.
    #[must_use]
    pub fn collected(&self, now: Timestamp) -> Self {
        Self { state: self.state.collected(now), ..self.clone() }
    }

    /// For the vectors of the testkit: a view of any content and evidence.
    #[cfg(test)]
    pub(crate) fn for_vectors(
        deployment: DeploymentId,
        scope: Scope,
        position: (Stamp, Digest32),
        records: &[u8],
        live_sent_at: Option<Steady>,
        list: Option<(Timestamp, Timestamp)>,
    ) -> Self {
        use crate::revocation::body::{self, Order};
        let mut view = Self::empty(deployment, scope).unwrap();
        view.position = Some(position);
        body::read(records, &view.scope, Order::Snapshot, |change| view.state.apply(change)).unwrap();
        view.state = view.state.compacted();
        let list = list.map(|(this_update, next_update)| Evidence::List(ListTimes { this_update, next_update }));
        view.evidence = live_sent_at.map(|sent_at| Evidence::Live { sent_at }).or(list).unwrap_or(Evidence::None);
        view
    }

    pub(super) fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}

impl core::fmt::Debug for RevocationView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RevocationView")
            .field("stamp", &self.stamp())
            .field("entries", &self.entries())
            .finish_non_exhaustive()
    }
}
