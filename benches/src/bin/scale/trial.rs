//! What a verifier of one scope meets, from its first snapshot to a day without the feed.

use std::time::Duration;

use portward::{Identifier, Scope};

use crate::alone::Resident;
use crate::edge::{Edge, UNSETTLED_MAX};
use crate::exchange::{Exchange, median};
use crate::report::Report;
use crate::store::Store;

pub struct Trial<'a> {
    pub store: &'a mut Store,
    pub report: Report,
    pub tenants: &'a [Identifier],
    /// How many of the tenants its scope names; 0 is the whole deployment.
    pub narrow: u64,
}

impl Trial<'_> {
    pub fn run(mut self) {
        let scope = scope(self.tenants, self.narrow);
        let mut edge = self.begin(&scope);
        self.alone(&edge);
        self.all_the_time(&mut edge);
        self.away_for_long(&mut edge);
        self.restart(&edge, &scope);
        self.away_for_a_day(&mut edge);
    }

    /// Gets everything, as often as is needed to measure it.
    fn begin(&self, scope: &Scope) -> Edge {
        let cold: Vec<_> = (0..ROUNDS).map(|_| Edge::new(self.store, scope).pull(self.store)).collect();
        self.report.exchange("cold", &cold);
        let mut edge = Edge::new(self.store, scope);
        edge.pull(self.store);
        self.report.say("entries", edge.follower.cell().load().entries());
        self.report.say("request", edge.request());
        edge
    }

    /// In a process of its own.
    fn alone(&self, edge: &Edge) {
        let resident = Resident::measure(self.store, &edge.save(self.store), self.tenants.len(), self.narrow);
        self.report.say("resident/after", resident.after << 10);
        self.report.say("resident/peak", resident.peak << 10);
    }

    /// Measured half-way between two compactions, or between two collections where there is no compaction in between.
    fn all_the_time(&mut self, edge: &mut Edge) {
        let mut ones = self.pull(edge, 1, 1);
        while edge.follower.unsettled() < UNSETTLED_MAX / 2 && (ones.len() as u64) < self.store.pace.revoked_a_day / 2 {
            ones.extend(self.pull(edge, 1, 1));
        }
        let empty = self.pull(edge, 0, 1_000);
        self.report.exchange("one", &ones[ones.len() * 9 / 10..]);
        self.report.exchange("empty", &empty);
        let compactions: Vec<_> = (0..ROUNDS).map(|_| edge.compaction().1).collect();
        self.report.say("compaction", median(&compactions, |time| time.as_nanos()));
        edge.settle();
    }

    fn away_for_long(&mut self, edge: &mut Edge) {
        let pace = self.store.pace;
        let minutes = self.pull(edge, pace.revoked_a_day.div_ceil(1_440), 21);
        self.report.exchange("minute", &minutes);
        let hours = self.pull(edge, pace.revoked_an_hour(), ROUNDS);
        self.report.exchange("hour", &hours);
    }

    /// Begins with a snapshot that was saved an hour ago, and asks for that hour. How long the server takes is not told: the same as for an
    /// hour, and here its memory has just been stirred by the snapshot.
    fn restart(&mut self, edge: &Edge, scope: &Scope) {
        let saved = edge.save(self.store);
        self.store.revoke(self.store.pace.revoked_an_hour());
        let restart = |_| {
            let mut edge = Edge::new(self.store, scope);
            let (saved, hour) = (edge.accept(self.store, &saved), edge.pull(self.store));
            Exchange { bytes: saved.bytes + hour.bytes, accept: saved.accept + hour.accept, ..saved }
        };
        let all: Vec<_> = (0..ROUNDS).map(restart).collect();
        self.report.exchange("restart", &all);
    }

    fn away_for_a_day(&mut self, edge: &mut Edge) {
        edge.pull(self.store);
        let day = self.store.pace.revoked_a_day;
        let (mut commits, mut confirmations, mut days) = (Duration::ZERO, Vec::new(), Vec::new());
        for _ in 0..DAYS {
            edge.settle();
            let mut left = day;
            while left > 0 {
                let count = left.min(day.div_ceil(CONFIRMED_A_DAY));
                commits += self.store.revoke(count);
                confirmations.push(self.store.confirm());
                left -= count;
            }
            days.push(edge.pull(self.store));
            edge.rest(self.store);
        }
        self.report.exchange("day", &days);
        self.report.say("commit", commits.as_nanos() / u128::from(DAYS * day));
        self.report.say("confirm", median(&confirmations, |time| time.as_nanos()));
    }

    /// Pulls again and again, each time after so many revocations.
    fn pull(&mut self, edge: &mut Edge, revocations: u64, rounds: u64) -> Vec<Exchange> {
        let round = |_| {
            self.store.revoke(revocations);
            let exchange = edge.pull(self.store);
            edge.rest(self.store);
            exchange
        };
        (0..rounds).map(round).collect()
    }
}

/// The first so many tenants; the whole deployment for none.
pub fn scope(tenants: &[Identifier], narrow: u64) -> Scope {
    Scope::tenants(tenants.iter().take(narrow as usize).copied()).unwrap_or(Scope::ALL)
}

/// Of what takes long.
const ROUNDS: u64 = 5;
/// Of what takes longest.
const DAYS: u64 = 3;
/// So often it is measured how long it takes to show what was committed: at every distance from the last compaction.
const CONFIRMED_A_DAY: u64 = 300;
