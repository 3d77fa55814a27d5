//! Who follows: the view of one verifier.

use std::time::Duration;

use portward::{Compaction, FeedRequest, Follower, Scope, Steady};
use portward_benches::cpu_time::CpuTime;

use crate::exchange::Exchange;
use crate::store::Store;

pub struct Edge {
    pub follower: Follower,
    scope: Scope,
    day: u64,
}

impl Edge {
    /// Which knows nothing yet.
    pub fn new(store: &Store, scope: &Scope) -> Self {
        let follower = Follower::new(store.keyring.clone(), scope.clone(), Duration::ZERO, None).unwrap();
        Self { follower, scope: scope.clone(), day: store.day() }
    }

    /// Asks for what came after its view, or for everything.
    pub fn pull(&mut self, store: &Store) -> Exchange {
        let since = self.follower.cell().load().stamp();
        let challenge = self.follower.request(Steady::default()).unwrap();
        let (mut message, mut answer) = (Vec::new(), Duration::ZERO);
        let heap = allocation_counter::measure(|| {
            let start = CpuTime::now();
            message = store.authority.answer(&self.scope, since, challenge).unwrap();
            answer = CpuTime::since(start);
        });
        Exchange { answer, answer_peak: heap.bytes_max, ..self.accept(store, &message) }
    }

    pub fn accept(&mut self, store: &Store, message: &[u8]) -> Exchange {
        let mut accept = Duration::ZERO;
        let heap = allocation_counter::measure(|| {
            let start = CpuTime::now();
            self.follower.accept(message, store.now()).unwrap();
            accept = CpuTime::since(start);
        });
        let is_snapshot = message[TYPE] != LIVE_DELTA;
        let (held, accept_peak) = (heap.bytes_current, heap.bytes_max);
        Exchange { bytes: message.len(), is_snapshot, accept, held, accept_peak, ..Exchange::default() }
    }

    /// How long a request is.
    pub fn request(&mut self) -> usize {
        let challenge = self.follower.request(Steady::default()).unwrap();
        let since = self.follower.cell().load().stamp();
        FeedRequest { scope: self.scope.clone(), since, challenge }.to_bytes().len()
    }

    /// The snapshot of its view.
    pub fn save(&self, store: &Store) -> Vec<u8> {
        self.follower.cell().load().save(&store.keyring).unwrap()
    }

    /// What a server does beside: collects at midnight, and merges what it has accepted when that has become much.
    pub fn rest(&mut self, store: &Store) {
        if store.day() > self.day {
            self.day = store.day();
            self.follower.collect(store.now());
        }
        if self.follower.unsettled() > UNSETTLED_MAX {
            self.settle();
        }
    }

    pub fn settle(&mut self) {
        let (compaction, _) = self.compaction();
        self.follower.install(compaction);
    }

    /// The work of merging, which another thread can do, and how long it took.
    pub fn compaction(&mut self) -> (Compaction, Duration) {
        let compaction = self.follower.begin_compaction();
        let start = CpuTime::now();
        let compaction = compaction.run();
        (compaction, CpuTime::since(start))
    }
}

/// As `portward_store::remote` has it.
pub const UNSETTLED_MAX: usize = 5_000;
/// Where the type of a message stands, and what it is for a live delta: `spec/revocation.md` section 4.
const TYPE: usize = 4;
const LIVE_DELTA: u8 = 0x01;
