use std::sync::Arc;
use std::time::Duration;

use crate::codec::Malformed;
use crate::error::error_codes;
use crate::key::{DeploymentId, Keyring, derive_view_key};
use crate::random::{self, RandomError};
use crate::revocation::body::{self, Order};
use crate::revocation::message::{Header, MessageFault, Proof, UnverifiedMessage};
use crate::revocation::state::State;
use crate::revocation::view::Evidence;
use crate::revocation::{Change, RevocationView, Scope, Stamp, ViewCell};
use crate::time::{Steady, Timestamp};

/// 16 random bytes that the next live answer has to carry.
pub type Challenge = [u8; 16];

/// Takes messages, decides whether they may be believed, and moves the shared view on.
///
/// Verifiers read the view through [`Follower::cell`]; only the follower writes it.
pub struct Follower {
    deployment: DeploymentId,
    keyring: Arc<Keyring>,
    skew: Duration,
    cell: Arc<ViewCell>,
    highest: Option<Stamp>,
    outstanding: Option<(Challenge, Steady)>,
    /// The compaction that is under way, and the changes accepted since it was begun.
    since_compaction: Option<(u64, Vec<Change>)>,
    compactions: u64,
}

error_codes! {
    /// Why a feed message was not accepted. The view stays as it was.
    pub enum FeedError {
        Malformed => "malformed_message", Input, "the message is not what its format says";
        UnknownVersion => "unknown_version", Input, "the message is of a version that this program does not know";
        UnknownType => "unknown_type", Input, "the message is of a type that this program does not know";
        WrongDeployment => "wrong_deployment", Input, "the message is of another deployment";
        WrongScope => "wrong_scope", Input, "the message is of another scope";
        UnknownRoot => "unknown_root", Input, "the message is under a root that the keyring does not check with";
        Forged => "forged_message", Input, "the tag of the message is wrong";
        WrongChallenge => "wrong_challenge", Input, "the message does not answer the request that is out";
        ListNotYetCurrent => "list_not_yet_current", Input, "the published list is from the future";
        ListExpired => "list_expired", Input, "the published list is past its next update";
        Rollback => "rollback", Input, "the message is older than one that was accepted";
        AnotherIncarnation => "another_incarnation", Input, "the store began a new life: a snapshot is needed";
        Gap => "gap", Input, "the message does not follow on the view: a snapshot is needed";
        Fork => "fork", Input, "the message tells another history than the view: a snapshot is needed";
        Random => "random_unavailable", Environment, "the operating system gave no random bytes";
    }
}

impl Follower {
    /// Begins with an empty view. `highest` is the highest stamp accepted before the last stop, kept by the caller; `skew` is
    /// how far ahead the clock of a list's maker may be.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn new(
        keyring: Arc<Keyring>,
        scope: Scope,
        skew: Duration,
        highest: Option<Stamp>,
    ) -> Result<Self, RandomError> {
        let deployment = keyring.deployment();
        let cell = Arc::new(ViewCell::new(RevocationView::empty(deployment, scope)?));
        Ok(Self { deployment, keyring, skew, cell, highest, outstanding: None, since_compaction: None, compactions: 0 })
    }

    /// The challenge for a request that is sent now. The answer's freshness is dated from this moment; an earlier
    /// challenge is forgotten.
    ///
    /// # Errors
    /// [`RandomError::Unavailable`].
    pub fn request(&mut self, sent_at: Steady) -> Result<Challenge, RandomError> {
        let mut challenge = [0; 16];
        random::draw(&mut challenge)?;
        self.outstanding = Some((challenge, sent_at));
        Ok(challenge)
    }

    /// For the vectors of the testkit: a request with a challenge that is known.
    #[cfg(test)]
    pub(crate) fn request_as(&mut self, challenge: Challenge, sent_at: Steady) {
        self.outstanding = Some((challenge, sent_at));
    }

    /// Accepts a message, or says why not. `spec/revocation.md` section 5; the numbers are its steps.
    ///
    /// # Errors
    /// Every [`FeedError`] but [`FeedError::Random`].
    pub fn accept(&mut self, message: &[u8], now: Timestamp) -> Result<Stamp, FeedError> {
        let message = UnverifiedMessage::parse(message)?; // 1–3
        let view = self.cell.load();
        if message.header.deployment != self.deployment {
            return Err(FeedError::WrongDeployment); // 4
        }
        if message.header.scope != view.scope.to_wire() {
            return Err(FeedError::WrongScope);
        }
        let root = self
            .keyring
            .root(message.header.root)
            .filter(|root| !view.state.refused_roots.contains(&root.id()))
            .and_then(|root| root.for_checking())
            .ok_or(FeedError::UnknownRoot)?; // 5
        if !message.is_authentic(&derive_view_key(root, &self.deployment, &view.scope.digest())) {
            return Err(FeedError::Forged); // 6
        }
        body::read(message.body, &view.scope, message.header.order, |_| ()).map_err(|_| FeedError::Malformed)?; // 7
        let evidence = self.evidence(&message.header, &view, now)?; // 8
        self.check_position(&message.header, &view)?; // 9–12
        self.advance(&view, &message, evidence).map_err(|_| FeedError::Malformed)
    }

    fn evidence(&mut self, header: &Header<'_>, view: &RevocationView, now: Timestamp) -> Result<Evidence, FeedError> {
        match header.proof {
            Proof::Live(challenge) => match self.outstanding {
                Some((expected, sent_at)) if expected == challenge => {
                    self.outstanding = None;
                    Ok(Evidence::Live { sent_at })
                }
                _ => Err(FeedError::WrongChallenge),
            },
            Proof::List(times) if times.this_update > now.saturating_add(self.skew) => {
                Err(FeedError::ListNotYetCurrent)
            }
            Proof::List(times) if now >= times.next_update => Err(FeedError::ListExpired),
            Proof::List(times) => Ok(match view.evidence {
                held @ Evidence::Live { .. } => held,
                held @ Evidence::List(known)
                    if view.stamp() == Some(header.last) && times.this_update < known.this_update =>
                {
                    held
                }
                _ => Evidence::List(times),
            }),
            Proof::Saved => Ok(view.evidence),
        }
    }

    fn check_position(&self, header: &Header<'_>, view: &RevocationView) -> Result<(), FeedError> {
        if self.highest.is_some_and(|highest| header.last < highest) {
            return Err(FeedError::Rollback); // 9
        }
        let held = view.position.filter(|(stamp, _)| stamp.incarnation == header.last.incarnation);
        match (header.order, held) {
            (Order::Delta, None) => Err(FeedError::AnotherIncarnation), // 10
            (Order::Delta, Some((stamp, _))) if header.first != stamp.sequence => Err(FeedError::Gap), // 11
            (Order::Delta, Some((_, history))) if header.before != history => Err(FeedError::Fork), // 12
            (Order::Snapshot, Some((stamp, history))) if header.last == stamp && header.after != history => {
                Err(FeedError::Fork)
            }
            _ => Ok(()),
        }
    }

    fn advance(
        &mut self,
        view: &RevocationView,
        message: &UnverifiedMessage<'_>,
        evidence: Evidence,
    ) -> Result<Stamp, Malformed> {
        let header = &message.header;
        let same_life = view.stamp().is_none_or(|stamp| stamp.incarnation == header.last.incarnation);
        // Nothing final is ever forgotten, whatever a snapshot leaves out. Only suspensions can end by not being in it.
        let mut state = match header.order {
            Order::Snapshot if same_life => view.state.without_suspensions(),
            Order::Snapshot | Order::Delta => view.state.clone(),
        };
        if header.order == Order::Snapshot {
            self.since_compaction = None;
        }
        let since = &mut self.since_compaction;
        body::read(message.body, &view.scope, header.order, |change| {
            state.apply(change);
            if let Some((_, since)) = since {
                since.push(change);
            }
        })?;
        if header.order == Order::Snapshot {
            state = state.compacted();
        }
        let position = Some((header.last, header.after));
        self.cell.store(
            RevocationView { deployment: self.deployment, scope: view.scope.clone(), position, evidence, state }
                .shared(),
        );
        self.highest = self.highest.max(Some(header.last));
        Ok(header.last)
    }

    /// The highest stamp ever accepted: keep it across restarts.
    pub const fn highest(&self) -> Option<Stamp> {
        self.highest
    }

    /// Where the view is read.
    pub fn cell(&self) -> Arc<ViewCell> {
        Arc::clone(&self.cell)
    }

    /// Drops the entries of tokens that expired 600 s before `now` or earlier. Works through the whole view.
    pub fn collect(&mut self, now: Timestamp) {
        self.since_compaction = None;
        self.cell.store(self.cell.load().collected(now).shared());
    }

    /// How much each further message may have to copy. Above some thousands it is time for a compaction.
    pub fn unsettled(&self) -> usize {
        self.cell.load().state.unsettled()
    }

    /// Begins a compaction: call [`Compaction::run`] on any thread, while messages go on being accepted, and then [`Follower::install`].
    pub fn begin_compaction(&mut self) -> Compaction {
        self.compactions = self.compactions.wrapping_add(1);
        self.since_compaction = Some((self.compactions, Vec::new()));
        Compaction { cell: Arc::clone(&self.cell), number: self.compactions, state: self.cell.load().state.clone() }
    }

    /// Installs a compacted state under the view of today. One that was overtaken by a snapshot or another compaction is dropped.
    /// So is one of another follower.
    pub fn install(&mut self, Compaction { cell, number, mut state }: Compaction) {
        if !Arc::ptr_eq(&cell, &self.cell) {
            return;
        }
        let Some((_, since)) = self.since_compaction.take_if(|(current, _)| *current == number) else { return };
        since.into_iter().for_each(|change| state.apply(change));
        let view = self.cell.load();
        self.cell.store(RevocationView { state, ..(*view).clone() }.shared());
    }
}

/// The work of a compaction, apart from the follower so that it can be done elsewhere.
pub struct Compaction {
    /// Whose it is.
    cell: Arc<ViewCell>,
    number: u64,
    state: State,
}

impl Compaction {
    /// Merges the changes since the last compaction into the large tables.
    #[must_use]
    pub fn run(self) -> Self {
        Self { state: self.state.compacted(), ..self }
    }
}

impl From<MessageFault> for FeedError {
    fn from(fault: MessageFault) -> Self {
        match fault {
            MessageFault::Malformed => Self::Malformed,
            MessageFault::UnknownVersion => Self::UnknownVersion,
            MessageFault::UnknownType => Self::UnknownType,
        }
    }
}
