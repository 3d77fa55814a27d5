//! Looking many different links up in a view.
//!
//! A look-up is not a public function by itself: a verification does it. So links are verified with the view and without, by turns,
//! and the difference is what is told. It contains all that a verifier asks of a view: counters, tenant, entry, freshness.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use portward::{EntryId, Now, Verifier, ViewCell};

use crate::cpu_time::CpuTime;
use crate::ours::World;

/// More links than a cache holds entries for.
const LINKS: usize = 1_000_000;
/// So many are verified with the view before the same are verified without, long enough for the clock not to matter.
const TURN: usize = 1000;

/// Links of one length, and their ids.
#[derive(Clone)]
pub struct Texts {
    texts: String,
    length: usize,
    pub ids: Vec<EntryId>,
}

impl Texts {
    pub fn issue(world: &World) -> Self {
        let mut issued = Self { texts: String::new(), length: world.link().text().len(), ids: Vec::new() };
        for _ in 0..LINKS {
            let link = world.link();
            issued.texts.push_str(link.text());
            issued.ids.push(link.id());
        }
        issued
    }

    /// Only so many of them.
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.ids.len());
        Self {
            texts: self.texts[..count * self.length].to_owned(),
            length: self.length,
            ids: self.ids[..count].to_vec(),
        }
    }
}

pub struct LookUps {
    with: Verifier,
    without: Verifier,
    texts: Texts,
    now: Now,
    place: usize,
}

impl LookUps {
    pub fn new(world: &World, view: Arc<ViewCell>, texts: &Texts) -> Self {
        let (with, without) = (world.verifier(view), world.verifier_without_revocation());
        Self { with, without, texts: texts.clone(), now: world.now, place: 0 }
    }

    /// How long this many look-ups take that do not wait for each other.
    pub fn time(&mut self, count: u64) -> Duration {
        self.difference(count, || ())
    }

    /// The same, each after the one before has ended.
    pub fn time_dependent(&mut self, count: u64) -> Duration {
        self.difference(count, || fence(Ordering::SeqCst))
    }

    fn difference(&mut self, count: u64, between: impl Fn()) -> Duration {
        let mut left = usize::try_from(count).unwrap();
        let (mut with, mut without) = (Duration::ZERO, Duration::ZERO);
        while left > 0 {
            let turn = left.min(TURN).min(self.texts.ids.len() - self.place);
            // Once before, so that the texts are as near in both.
            self.verify(&self.without, turn, &between);
            with += self.verify(&self.with, turn, &between);
            without += self.verify(&self.without, turn, &between);
            left -= turn;
            self.place = (self.place + turn) % self.texts.ids.len();
        }
        with.saturating_sub(without).max(Duration::from_nanos(1))
    }

    fn verify(&self, verifier: &Verifier, count: usize, between: impl Fn()) -> Duration {
        let texts = &self.texts.texts.as_bytes()[self.place * self.texts.length..];
        let start = CpuTime::now();
        for text in texts.chunks(self.texts.length).take(count) {
            let _ = black_box(verifier.verify_link(std::str::from_utf8(text).unwrap(), self.now));
            between();
        }
        CpuTime::since(start)
    }
}
