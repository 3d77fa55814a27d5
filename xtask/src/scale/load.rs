//! From what one exchange takes to what all verifiers take. Rates are of a second, times are in seconds.

use super::column::Column;

/// When a verifier asks.
#[derive(Clone, Copy)]
pub(crate) enum Asking {
    /// So many seconds after it asked before.
    Every(f64),
    /// When a change in its scope is notified, or so many seconds after it asked before.
    Woken(f64),
}

/// What goes on all the time, of all verifiers together unless it says otherwise.
pub(crate) struct Load {
    pub(crate) answers: f64,
    pub(crate) requested: f64,
    pub(crate) answered: f64,
    /// A part of one core.
    pub(crate) one_verifier: f64,
    /// What the server does where it reads the database once for each answer.
    pub(crate) each: Reading,
    /// The same where one reading serves all who are woken together.
    pub(crate) shared: Reading,
    /// How long one core of the server takes for all who are told of one change.
    pub(crate) burst: f64,
}

pub(crate) struct Reading {
    pub(crate) rows: f64,
    /// A part of one core.
    pub(crate) server: f64,
}

impl Load {
    pub(crate) fn of(column: &Column, asking: Asking) -> Self {
        let changes = column.plan.revoked_a_second();
        let (Asking::Every(period) | Asking::Woken(period)) = asking;
        // How many times one verifier asks, with changes that come independently of each other.
        let asked = match asking {
            Asking::Every(period) => 1.0 / period,
            Asking::Woken(most) => times(changes * column.share(), most),
        };
        let answers = column.verifiers() * asked;
        // An answer tells of a change, be it one outside the scope, or of none.
        let telling = -(-changes * period).exp_m1();
        let mean = |side: &str| {
            let took = |case: &str| column.of_scope(&format!("{case}/{side}")) / 1e9;
            telling * took("one") + (1.0 - telling) * took("empty")
        };
        let told = column.verifiers() * changes * column.share();
        // What was read is shown in the server's own view, too.
        let reading =
            |rows: f64| Reading { rows, server: answers * mean("answer") + rows * column.of_scope("confirm") / 1e9 };
        Self {
            answers,
            requested: answers * column.of_scope("request"),
            answered: answers * column.of_scope("empty/bytes") + told * column.bytes_a_revocation(),
            one_verifier: asked * mean("accept"),
            each: reading(answers),
            shared: reading(times(changes, period)),
            burst: (column.verifiers() * column.share()).max(1.0) * column.of_scope("one/answer") / 1e9,
        }
    }
}

/// How often something ends that ends with an event, of which there are so many a second, or after so many seconds.
fn times(events: f64, most: f64) -> f64 {
    events / -(-events * most).exp_m1()
}

/// Getting up to date once.
pub(crate) struct CatchUp {
    pub(crate) bytes: f64,
    pub(crate) server: f64,
    pub(crate) transfer: f64,
    /// Until the verifier, or the last of them, is up to date.
    pub(crate) done: f64,
}

impl CatchUp {
    /// One verifier alone.
    pub(crate) fn of_one(column: &Column, case: &str) -> Self {
        Self::new(column, case, 1.0, VERIFIER_BYTES)
    }

    /// All of them at the same moment, against a server with one core for them.
    pub(crate) fn of_all(column: &Column, case: &str) -> Self {
        Self::new(column, case, column.verifiers(), SERVER_BYTES)
    }

    fn new(column: &Column, case: &str, verifiers: f64, bytes_a_second: f64) -> Self {
        // Who begins with a saved snapshot is given that as it lies there, and then asks for the last hour.
        let answered = if case == "restart" { "hour" } else { case };
        let bytes = verifiers * column.of_scope(&format!("{case}/bytes"));
        let server = verifiers * column.of_scope(&format!("{answered}/answer")) / 1e9;
        let (transfer, accept) = (bytes / bytes_a_second, column.of_scope(&format!("{case}/accept")) / 1e9);
        let done = if verifiers > 1.0 { server.max(transfer) } else { server + transfer } + accept;
        Self { bytes, server, transfer, done }
    }
}

/// 100 Mbit/s.
const VERIFIER_BYTES: f64 = 12.5e6;
/// 1 Gbit/s.
const SERVER_BYTES: f64 = 125e6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::Measured;
    use crate::scale::plan::PLANS;

    /// Everything takes a millisecond, and each of 1,389 revocations of an hour 41 bytes.
    fn column(scope: &'static str) -> Column {
        let cases = ["empty", "one", "hour", "day", "restart"];
        let ids = |of: &str| {
            cases.map(|case| {
                [("bytes", 170.0), ("answer", 1e6), ("accept", 1e6)]
                    .map(|(what, value)| (format!("{of}/{case}/{what}"), value))
            })
        };
        let mut measured: Measured = ["whole", "narrow"].into_iter().flat_map(ids).flatten().collect();
        measured.insert("whole/hour/bytes".to_owned(), 170.0 + 41.0 * 1_389.0);
        measured.insert(format!("{scope}/restart/bytes"), 1e6);
        measured.insert(format!("{scope}/confirm"), 1e6);
        Column { plan: PLANS[0], scope, measured }
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 0.01 * other
    }

    #[test]
    fn who_polls_asks_whether_there_is_something_or_not() {
        let load = Load::of(&column("whole"), Asking::Every(5.0));
        assert!(close(load.answers, 200.0));
        assert!(close(load.answered, 200.0 * 170.0 + 1_000.0 * 0.3858 * 41.0));
        assert!(close(load.each.rows, 200.0) && close(load.each.server, 0.4) && close(load.one_verifier, 0.2e-3));
    }

    #[test]
    fn who_is_woken_asks_as_often_as_there_is_something_for_him() {
        // One row for 0.386 revocations a second, and for the few times that none comes for 10 s.
        let load = Load::of(&column("whole"), Asking::Woken(10.0));
        assert!(close(load.answers, 394.0) && close(load.shared.rows, 0.394) && close(load.burst, 1.0));
        assert!(close(load.each.server, 0.788) && close(load.shared.server, 0.394));
        let load = Load::of(&column("narrow"), Asking::Woken(10.0));
        assert!(close(load.answers, 100.0) && close(load.each.rows, 100.0) && close(load.burst, 1e-3));
    }

    #[test]
    fn a_saved_snapshot_is_made_for_nobody_in_particular() {
        let column = column("whole");
        let one = CatchUp::of_one(&column, "restart");
        assert!(close(one.server, 1e-3) && close(one.transfer, 0.08) && close(one.done, 0.082));
        let all = CatchUp::of_all(&column, "restart");
        assert!(close(all.server, 1.0) && close(all.transfer, 8.0) && close(all.done, 8.001));
        assert!(CatchUp::of_all(&column, "minute").done.is_nan());
    }
}
