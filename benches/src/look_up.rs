//! Looking many different links up in a view, and the floor of that: one read at a place that cannot be foreseen.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use portward::{EntryId, Identifier, RevocationView, Standing, Unit};

use crate::cpu_time::CpuTime;
use crate::floor;

/// More ids than a cache holds entries for.
const IDS: usize = 1_000_000;

/// The clock costs as much as some look-ups: so many are made for each that is asked for, and the mean is told. (The first call also
/// makes the view, which leaves criterion with too small a guess of how many to ask for.)
const BATCH: u32 = 1000;

/// Ids that no view knows, which are gone through again and again: a cache has forgotten the first when they come back.
pub struct Ids {
    ids: Vec<EntryId>,
    place: Cell<usize>,
}

impl Ids {
    pub fn new(ids: Vec<EntryId>) -> Self {
        Self { ids, place: Cell::new(0) }
    }

    pub fn random() -> Self {
        Self::new((0..IDS).map(|_| floor::draw()).collect())
    }

    pub fn first(&self, count: usize) -> Vec<EntryId> {
        self.ids.iter().take(count).copied().collect()
    }

    fn batch(&self) -> &[EntryId] {
        let from = self.place.get();
        self.place.set((from + BATCH as usize) % self.ids.len());
        self.ids.get(from..from + BATCH as usize).unwrap_or_default()
    }

    /// How long one `each` takes, of `count` times a batch of them.
    fn time(&self, count: u64, mut each: impl FnMut(&EntryId)) -> Duration {
        let start = CpuTime::now();
        for _ in 0..count {
            let batch = self.ids.iter().cycle().skip(self.place.get()).take(BATCH as usize);
            batch.for_each(&mut each);
            self.place.set((self.place.get() + BATCH as usize) % self.ids.len());
        }
        CpuTime::since(start) / BATCH
    }
}

/// A view, and the ids that are looked up in it one after the other.
pub struct LookUps {
    view: Arc<RevocationView>,
    tenant: Identifier,
    ids: Ids,
}

impl LookUps {
    pub fn new(view: Arc<RevocationView>, tenant: Identifier, ids: Ids) -> Self {
        Self { view, tenant, ids }
    }

    /// How long a look-up takes that waits for none before it.
    pub fn time(&self, count: u64) -> Duration {
        let (entries, mut revoked) = (self.view.entries_of(&self.tenant), 0u64);
        let time =
            self.ids.time(count, |id| revoked += u64::from(entries.standing(Unit::Link, *id) == Standing::Revoked));
        black_box(revoked);
        time
    }

    /// The same, asked for together.
    pub fn time_together(&self, count: u64) -> Duration {
        let (entries, mut revoked) = (self.view.entries_of(&self.tenant), 0usize);
        let start = CpuTime::now();
        for _ in 0..count {
            let batch = self.ids.batch();
            entries.exceptions(Unit::Link, batch, |_, standing| revoked += usize::from(standing == Standing::Revoked));
        }
        black_box(revoked);
        CpuTime::since(start) / BATCH
    }

    /// The same, where each looks up what depends on the one before.
    pub fn time_dependent(&self, count: u64) -> Duration {
        let (entries, mut revoked) = (self.view.entries_of(&self.tenant), 0u8);
        let time = self.ids.time(count, |id| {
            let mut id = *id;
            id[0] ^= revoked;
            revoked = u8::from(entries.standing(Unit::Link, id) == Standing::Revoked);
        });
        black_box(revoked);
        time
    }
}

/// As many words as a filter of 12 bits an entry has.
pub struct Words {
    words: Vec<u64>,
    ids: Ids,
}

impl Words {
    pub fn for_entries(entries: usize) -> Self {
        Self { words: (0..).take(entries * 12 / 64).collect(), ids: Ids::random() }
    }

    /// How long it takes to read the word that an id chooses.
    pub fn time(&self, count: u64) -> Duration {
        let mut sum = 0;
        let time = self.ids.time(count, |id| {
            let (half, _) = id.split_first_chunk().unwrap();
            let place = (u128::from(u64::from_ne_bytes(*half)) * self.words.len() as u128) >> 64;
            sum ^= self.words[place as usize];
        });
        black_box(sum);
        time
    }
}
