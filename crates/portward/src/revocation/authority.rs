use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::codec::WireBuffer;
use crate::codec::Writer as _;
use crate::error::error_codes;
use crate::id::Identifier;
use crate::key::{HISTORY_LABEL, Keyring, derive_view_key};
use crate::primitive::{self, Digest32};
use crate::random::RandomError;
use crate::revocation::body::{self, BodyWriter, Order};
use crate::revocation::message::{Header, ListTimes, Proof};
use crate::revocation::view::Evidence;
use crate::revocation::{
    Challenge, Change, FeedError, Follower, Incarnation, RevocationView, Scope, Stamp, TenantChange, ViewCell,
};
use crate::time::{Steady, Timestamp};

/// Where revocations are decided: commits changes one after the other and makes the messages that followers accept.
///
/// It lives in memory. What must outlive a process is saved with [`RevocationView::save`], or kept by a store.
pub struct Authority {
    keyring: Arc<Keyring>,
    view: RevocationView,
    position: (Stamp, Digest32),
    /// The last changes with the history before them, for followers that are only a little behind.
    deltas: VecDeque<Delta>,
    /// How many changes are in them.
    kept: usize,
    cell: Arc<ViewCell>,
}

/// Changes that are decided and not yet made: what a store writes down first.
#[derive(Clone)]
pub struct PreparedChange {
    before: (Stamp, Digest32),
    after: (Stamp, Digest32),
    changes: Vec<Change>,
    body: Vec<u8>,
}

impl PreparedChange {
    /// When it is made, and in which life.
    pub const fn stamp(&self) -> Stamp {
        self.after.0
    }

    /// The history hash after it.
    pub const fn history(&self) -> [u8; 32] {
        self.after.1
    }

    /// The changes as records. Source: `spec/revocation.md` section 4.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

struct Delta {
    sequence: u64,
    before: Digest32,
    changes: Vec<Change>,
}

error_codes! {
    /// Why the authority did not do something.
    pub enum AuthorityError {
        GenerationExhausted => "generation_exhausted", Caller, "the counter is at its maximum";
        SequenceExhausted => "sequence_exhausted", Caller, "the feed is at its maximum";
        NoActiveRoot => "keyring_no_active_root", Caller, "the keyring has no active root";
        RootActive => "root_active", Caller, "the active root cannot be refused: activate another one first";
        OutOfRange => "change_out_of_range", Caller, "a counter or revision of 0, or an expiry beyond 2^40-1, cannot be stated";
        NoPosition => "view_empty", Caller, "a view without a stamp cannot be saved";
        ListTimes => "list_times", Caller, "a list's this-update lies before its next-update";
        Overtaken => "change_overtaken", Caller, "another change was made since this one was prepared";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

/// What a delta takes of the room for those that are kept; an empty one is a message, too.
fn weight(changes: &[Change]) -> usize {
    changes.len().max(1)
}

impl Authority {
    /// A new feed without any change.
    ///
    /// # Errors
    /// [`AuthorityError::Random`].
    pub fn new(keyring: Arc<Keyring>, incarnation: Incarnation) -> Result<Self, AuthorityError> {
        let position = (Stamp { incarnation, sequence: 0 }, [0; 32]);
        let view =
            RevocationView { position: Some(position), ..RevocationView::empty(keyring.deployment(), Scope::ALL)? };
        Ok(Self::at(keyring, view, position))
    }

    /// A new feed that begins with what these views know: one of a store that was lost, or restored from a backup, for instance.
    ///
    /// # Errors
    /// [`AuthorityError::Random`].
    pub fn beginning_with(
        keyring: Arc<Keyring>,
        incarnation: Incarnation,
        views: &[&RevocationView],
    ) -> Result<Self, AuthorityError> {
        let mut authority = Self::new(keyring, incarnation)?;
        views.iter().for_each(|view| view.state.visit(|change| authority.view.state.apply(change)));
        authority.view.state = authority.view.state.compacted();
        Ok(authority)
    }

    /// Goes on from a view that was saved, in the same incarnation.
    ///
    /// # Errors
    /// [`FeedError`] if the saved view is not accepted; [`FeedError::Malformed`] also for a list or a live answer; [`FeedError::Random`].
    pub fn resume(keyring: Arc<Keyring>, saved: &[u8]) -> Result<Self, FeedError> {
        let mut follower =
            Follower::new(Arc::clone(&keyring), Scope::ALL, Duration::ZERO, None).map_err(|_| FeedError::Random)?;
        follower.accept(saved, Timestamp::default()).map_err(|error| match error {
            // It is of another type.
            FeedError::WrongChallenge
            | FeedError::ListNotYetCurrent
            | FeedError::ListExpired
            | FeedError::AnotherIncarnation => FeedError::Malformed,
            error => error,
        })?;
        let view = (*follower.cell().load()).clone();
        let position = view.position.filter(|_| view.evidence == Evidence::None).ok_or(FeedError::Malformed)?;
        Ok(Self::at(keyring, view, position))
    }

    fn at(keyring: Arc<Keyring>, view: RevocationView, position: (Stamp, Digest32)) -> Self {
        let cell = Arc::new(ViewCell::new(view.clone()));
        Self { keyring, view, position, deltas: VecDeque::new(), kept: 0, cell }
    }

    /// Commits these changes as one: they get one sequence number, and every later answer shows all of them.
    ///
    /// # Errors
    /// [`AuthorityError::SequenceExhausted`]; [`AuthorityError::RootActive`] for refusing the root that signs the feed;
    /// [`AuthorityError::OutOfRange`] for what no message can state.
    pub fn commit(&mut self, changes: Vec<Change>) -> Result<Stamp, AuthorityError> {
        let prepared = self.prepare(changes)?;
        self.make(prepared)
    }

    /// The first half of [`Authority::commit`], for who writes changes down before they are made.
    ///
    /// # Errors
    /// As there.
    pub fn prepare(&self, mut changes: Vec<Change>) -> Result<PreparedChange, AuthorityError> {
        let active = self.keyring.active().map(|root| Change::RefuseRoot(root.id()));
        if changes.iter().any(|change| Some(*change) == active) {
            return Err(AuthorityError::RootActive);
        }
        if !changes.iter().all(is_writable) {
            return Err(AuthorityError::OutOfRange);
        }
        deployment_first(&mut changes);
        let (stamp, before) = self.position;
        let sequence = stamp.sequence.checked_add(1).ok_or(AuthorityError::SequenceExhausted)?;
        let body = body::write(&changes);
        let after = history(&before, sequence, &body);
        Ok(PreparedChange { before: self.position, after: (Stamp { sequence, ..stamp }, after), changes, body })
    }

    /// The second half.
    ///
    /// # Errors
    /// [`AuthorityError::Overtaken`] if another change was made since it was prepared.
    pub fn make(&mut self, prepared: PreparedChange) -> Result<Stamp, AuthorityError> {
        let PreparedChange { before, after, changes, .. } = prepared;
        if before != self.position {
            return Err(AuthorityError::Overtaken);
        }
        self.advance(after, changes);
        Ok(after.0)
    }

    /// Makes a change that was written down: its sequence, its body, and the history hash after it.
    ///
    /// # Errors
    /// [`FeedError::Gap`] if it is not the next one, [`FeedError::Malformed`], [`FeedError::Fork`] if another history comes out.
    pub fn replay(&mut self, sequence: u64, body: &[u8], history_after: [u8; 32]) -> Result<(), FeedError> {
        let (stamp, before) = self.position;
        if stamp.sequence.checked_add(1) != Some(sequence) {
            return Err(FeedError::Gap);
        }
        let mut changes = Vec::new();
        body::read(body, &Scope::ALL, Order::Delta, |change| changes.push(change)).map_err(|_| FeedError::Malformed)?;
        let after = history(&before, sequence, body);
        if after != history_after {
            return Err(FeedError::Fork);
        }
        self.advance((Stamp { sequence, ..stamp }, after), changes);
        Ok(())
    }

    fn advance(&mut self, after: (Stamp, Digest32), changes: Vec<Change>) {
        let (stamp, before) = self.position;
        changes.iter().for_each(|change| self.view.state.apply(*change));
        self.position = after;
        self.view.position = Some(after);
        self.kept = self.kept.saturating_add(weight(&changes));
        self.deltas.push_back(Delta { sequence: stamp.sequence.saturating_add(1), before, changes });
        while self.kept > CHANGES_KEPT {
            let Some(oldest) = self.deltas.pop_front() else { break };
            self.kept = self.kept.saturating_sub(weight(&oldest.changes));
        }
        if self.view.state.unsettled() > UNSETTLED_MAX {
            self.view.state = self.view.state.compacted();
        }
    }

    /// The history hash of all changes so far. Source: `spec/revocation.md` section 2.
    pub const fn history(&self) -> [u8; 32] {
        self.position.1
    }

    /// Where verifiers of this process read what the authority knows. It is fresh only by [`Authority::confirm`].
    pub fn cell(&self) -> Arc<ViewCell> {
        Arc::clone(&self.cell)
    }

    /// Shows what is known in the cell, as all that was decided up to this moment. Who reads changes from a store states when the reading
    /// that brought no more was begun; who alone decides states the present.
    pub fn confirm(&self, read_at: Steady) {
        let evidence = Evidence::Live { sent_at: read_at };
        self.cell.store(RevocationView { evidence, ..self.view.clone() }.shared());
    }

    /// Goes on as another authority, such as one that was resumed from a later snapshot. The cell stays, and nothing final that was known
    /// is forgotten in it; a suspension ends by its absence only in the same life of the store, `spec/revocation.md` section 5.
    pub fn become_other(&mut self, other: Self) {
        let mut view = other.view;
        let same_life = self.stamp().incarnation == other.position.0.incarnation;
        self.view.state.visit(|change| {
            let is_suspension = matches!(change, Change::Tenant(_, TenantChange::Suspend { .. }));
            if !(same_life && is_suspension) {
                view.state.apply(change);
            }
        });
        view.state = view.state.compacted();
        *self = Self { view, cell: Arc::clone(&self.cell), ..other };
    }

    /// Raises the deployment's counter: every token made so far is refused.
    ///
    /// # Errors
    /// [`AuthorityError::GenerationExhausted`], [`AuthorityError::SequenceExhausted`].
    pub fn revoke_everything(&mut self) -> Result<Stamp, AuthorityError> {
        self.commit(vec![self.view.everything_revoked()?])
    }

    /// Raises a tenant's counter: every token of the tenant made so far is refused.
    ///
    /// # Errors
    /// As [`Authority::revoke_everything`].
    pub fn revoke_tenant(&mut self, tenant: Identifier) -> Result<Stamp, AuthorityError> {
        self.commit(vec![self.view.tenant_revoked(tenant)?])
    }

    /// Raises a client's counter: every token of the client made so far is refused.
    ///
    /// # Errors
    /// As [`Authority::revoke_everything`].
    pub fn revoke_client(&mut self, tenant: Identifier, client: Identifier) -> Result<Stamp, AuthorityError> {
        self.commit(vec![self.view.client_revoked(tenant, client)?])
    }

    /// Answers a follower that stands at `since`: what came after, or everything if that is not known any more.
    ///
    /// # Errors
    /// [`AuthorityError::NoActiveRoot`].
    pub fn answer(&self, scope: &Scope, since: Option<Stamp>, challenge: Challenge) -> Result<Vec<u8>, AuthorityError> {
        self.message(scope, since, Proof::Live(challenge))
    }

    /// The same for everybody who will believe it until `times.next_update`.
    ///
    /// # Errors
    /// [`AuthorityError::ListTimes`], [`AuthorityError::NoActiveRoot`].
    pub fn publish(&self, scope: &Scope, since: Option<Stamp>, times: ListTimes) -> Result<Vec<u8>, AuthorityError> {
        if times.this_update >= times.next_update || times.next_update > Timestamp::WIRE_MAX {
            return Err(AuthorityError::ListTimes);
        }
        self.message(scope, since, Proof::List(times))
    }

    /// Drops the entries of tokens that expired 600 s before `now` or earlier.
    pub fn collect(&mut self, now: Timestamp) {
        self.view = self.view.collected(now);
    }

    /// What is revoked. It carries no evidence of freshness: verifiers get theirs from a follower.
    pub const fn view(&self) -> &RevocationView {
        &self.view
    }

    /// How many changes were committed, and in which life.
    pub const fn stamp(&self) -> Stamp {
        self.position.0
    }

    fn message(&self, scope: &Scope, since: Option<Stamp>, proof: Proof) -> Result<Vec<u8>, AuthorityError> {
        match since.and_then(|since| self.delta(since)) {
            Some((first, before, changes)) => {
                let within = changes.iter().filter(|change| is_within(scope, change));
                seal(&self.keyring, scope, self.position, (Order::Delta, first, before), proof, &body::write(within))
            }
            None => self.view.snapshot(&self.keyring, scope, proof),
        }
    }

    /// Everything after a stamp of this incarnation, with the history at it.
    fn delta(&self, since: Stamp) -> Option<(u64, Digest32, Vec<Change>)> {
        let (stamp, history) = self.position;
        if since.incarnation != stamp.incarnation {
            return None;
        }
        if since.sequence == stamp.sequence {
            return Some((since.sequence, history, Vec::new()));
        }
        let next = since.sequence.checked_add(1)?;
        let start = self.deltas.iter().position(|delta| delta.sequence == next)?;
        let before = self.deltas.get(start)?.before;
        let mut changes: Vec<_> = self.deltas.iter().skip(start).flat_map(|delta| delta.changes.clone()).collect();
        deployment_first(&mut changes);
        Some((since.sequence, before, changes))
    }
}

impl RevocationView {
    /// The change that refuses every token made so far.
    ///
    /// # Errors
    /// [`AuthorityError::GenerationExhausted`].
    pub fn everything_revoked(&self) -> Result<Change, AuthorityError> {
        Ok(Change::DeploymentGeneration(raise(self.state.deployment_generation)?))
    }

    /// The change that refuses every token of a tenant made so far.
    ///
    /// # Errors
    /// [`AuthorityError::GenerationExhausted`].
    pub fn tenant_revoked(&self, tenant: Identifier) -> Result<Change, AuthorityError> {
        let known = WireBuffer::from(&tenant);
        let raised = raise(self.state.tenant(known.identifier()).map_or(0, |known| known.generation))?;
        Ok(Change::Tenant(tenant, TenantChange::Generation(raised)))
    }

    /// The change that refuses every token of a client made so far.
    ///
    /// # Errors
    /// [`AuthorityError::GenerationExhausted`].
    pub fn client_revoked(&self, tenant: Identifier, client: Identifier) -> Result<Change, AuthorityError> {
        let raised = raise(self.generations(&tenant, &client).client)?;
        Ok(Change::Tenant(tenant, TenantChange::ClientGeneration(client, raised)))
    }

    /// The view as a message that a follower or [`Authority::resume`] accepts, but that vouches for no freshness.
    ///
    /// # Errors
    /// [`AuthorityError::NoPosition`], [`AuthorityError::NoActiveRoot`].
    pub fn save(&self, keyring: &Keyring) -> Result<Vec<u8>, AuthorityError> {
        self.snapshot(keyring, &self.scope, Proof::Saved)
    }

    fn snapshot(&self, keyring: &Keyring, scope: &Scope, proof: Proof) -> Result<Vec<u8>, AuthorityError> {
        let position = self.position.ok_or(AuthorityError::NoPosition)?;
        let mut body = BodyWriter::default();
        self.state.visit(|change| {
            if is_within(scope, &change) {
                body.push(&change);
            }
        });
        seal(keyring, scope, position, (Order::Snapshot, 0, [0; 32]), proof, &body.finish())
    }
}

fn seal(
    keyring: &Keyring,
    scope: &Scope,
    (last, after): (Stamp, Digest32),
    (order, first, before): (Order, u64, Digest32),
    proof: Proof,
    body: &[u8],
) -> Result<Vec<u8>, AuthorityError> {
    let root = keyring.active().ok_or(AuthorityError::NoActiveRoot)?;
    let material = root.for_checking().ok_or(AuthorityError::NoActiveRoot)?;
    let deployment = keyring.deployment();
    let header =
        Header { order, proof, root: root.id(), deployment, scope: &scope.to_wire(), first, before, last, after };
    Ok(header.seal(body, &derive_view_key(material, &deployment, &scope.digest())))
}

fn is_within(scope: &Scope, change: &Change) -> bool {
    match change {
        Change::DeploymentGeneration(_) | Change::RefuseRoot(_) => true,
        Change::Tenant(tenant, _) => scope.contains(tenant),
    }
}

/// `SHA-256("portward/v1/history" ‖ 0x00 ‖ before ‖ u64(sequence) ‖ body)`, `spec/revocation.md` section 2.
pub(crate) fn history(before: &Digest32, sequence: u64, body: &[u8]) -> Digest32 {
    let mut head = HISTORY_LABEL.as_bytes().to_vec();
    head.put(&[0]);
    head.put(before);
    head.put(&sequence.to_be_bytes());
    primitive::sha256(&[&head, body])
}

/// Whether a message can state it: counters begin at 1, times end at 2⁴⁰−1.
fn is_writable(change: &Change) -> bool {
    match change {
        Change::DeploymentGeneration(counter) => *counter > 0,
        Change::RefuseRoot(_) => true,
        Change::Tenant(_, change) => match change {
            TenantChange::Generation(counter) | TenantChange::ClientGeneration(_, counter) => *counter > 0,
            TenantChange::Revoke { expires_at, .. } | TenantChange::Suspend { expires_at, .. } => {
                *expires_at <= Timestamp::WIRE_MAX
            }
            TenantChange::Revision { minimum, expires_at, .. } => *minimum > 0 && *expires_at <= Timestamp::WIRE_MAX,
            TenantChange::Restore { .. } | TenantChange::Tombstone(_) => true,
        },
    }
}

/// A body states the deployment's records before those of tenants. They do not touch each other, so the effect is the same.
fn deployment_first(changes: &mut [Change]) {
    changes.sort_by_key(|change| matches!(change, Change::Tenant(..)));
}

fn raise(generation: u32) -> Result<u32, AuthorityError> {
    generation.checked_add(1).ok_or(AuthorityError::GenerationExhausted)
}

impl From<RandomError> for AuthorityError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

/// About 1.5 MB of them. A follower that is further behind gets a snapshot.
const CHANGES_KEPT: usize = 10_000;
const UNSETTLED_MAX: usize = 10_000;
