//! What was measured, a line of JSON each.

use std::fmt::Display;

use crate::exchange::Exchange;

/// Of what it is: stands before every id.
pub struct Report(pub &'static str);

impl Report {
    pub fn say(&self, what: &str, value: impl Display) {
        println!(r#"{{"id": "{}/{what}", "value": {value}}}"#, self.0);
    }

    /// The middle of some exchanges of one kind.
    pub fn exchange(&self, case: &str, all: &[Exchange]) {
        let middle = Exchange::middle(all);
        let say = |what: &str, value: u128| self.say(&format!("{case}/{what}"), value);
        say("bytes", middle.bytes as u128);
        say("is-snapshot", middle.is_snapshot.into());
        say("answer", middle.answer.as_nanos());
        say("answer-peak", middle.answer_peak.into());
        say("accept", middle.accept.as_nanos());
        say("accept-peak", middle.accept_peak.into());
        self.say(&format!("{case}/held"), middle.held);
    }
}
