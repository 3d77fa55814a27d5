//! The table of the performance page.

use super::measure::Measured;
use super::row::{Ciphers, Goal, OPEN_PREFIX, ROWS, Row};

/// Every row of the table, measured or not, and the open rows that were measured.
pub(crate) fn table(measured: &Measured) -> String {
    let ciphers = |row: &'static Row| match row.ciphers {
        Ciphers::One => vec![(row, "")],
        Ciphers::Both => vec![(row, ""), (row, FAST)],
    };
    let rows = ROWS.iter().flat_map(ciphers).map(|(row, cipher)| line(row, cipher, measured));
    let open = measured.iter().filter(|(id, _)| id.starts_with(OPEN_PREFIX));
    let open =
        open.map(|(id, ours)| format!("| {} | – | – | {} | – | – | – |", id.replacen('/', ": ", 1), time(*ours)));
    HEAD.lines().map(str::to_owned).chain(rows).chain(open).collect::<Vec<_>>().join("\n")
}

fn line(row: &Row, cipher: &str, measured: &Measured) -> String {
    let get = |id: &str| measured.get(&with_cipher(id, cipher)).copied();
    let name = if cipher.is_empty() { row.name.to_owned() } else { format!("{}, `fast-aes`", row.name) };
    let goals = goals(row, &get);
    let Some(ours) = get(row.ours) else {
        return format!("| {name} | – | – | not measured | – | – | {goals} |");
    };
    let floor = row.floor.and_then(get);
    let peers = row.peers.iter().filter_map(|peer| Some((short(peer), get(peer)?)));
    let best = peers.min_by(|(_, one), (_, other)| one.total_cmp(other));
    let cells = [
        name,
        cell(row.floor.is_some(), floor.map(time)),
        cell(!row.peers.is_empty(), best.map(|(name, nanoseconds)| format!("{name} {}", time(nanoseconds)))),
        time(ours),
        cell(row.floor.is_some(), floor.map(|floor| format!("{:.2}", ours / floor))),
        cell(!row.peers.is_empty(), best.map(|(_, peer)| format!("{:.1}", peer / ours))),
        goals,
    ];
    format!("| {} |", cells.join(" | "))
}

/// `seal-file/ours` is measured as `seal-file-fast/ours` with the faster cipher.
fn with_cipher(id: &str, cipher: &str) -> String {
    id.replacen('/', &format!("{cipher}/"), 1)
}

/// A dash where nothing is compared.
fn cell(compared: bool, value: Option<String>) -> String {
    if compared { value.unwrap_or_else(|| "not measured".to_owned()) } else { "–".to_owned() }
}

fn goals(row: &Row, get: &dyn Fn(&str) -> Option<f64>) -> String {
    let goals: Vec<String> = row.goals.iter().map(|goal| goal_met(goal, row, get)).collect();
    if goals.is_empty() { "–".to_owned() } else { goals.join("; ") }
}

fn goal_met(goal: &Goal, row: &Row, get: &dyn Fn(&str) -> Option<f64>) -> String {
    let ours = get(row.ours);
    let (text, met) = match goal {
        Goal::Floor(times) => {
            let floor = row.floor.and_then(get);
            (format!("≤ {times} × floor"), ours.zip(floor).map(|(ours, floor)| ours <= times * floor))
        }
        Goal::Faster(times, peers) => {
            let names: Vec<&str> = peers.iter().map(|peer| short(peer)).collect();
            let slowest_allowed =
                peers.iter().map(|peer| get(peer)).try_fold(f64::MAX, |least, peer| Some(least.min(peer?)));
            let met = ours.zip(slowest_allowed).map(|(ours, peer)| times * ours <= peer);
            (format!("≥ {times} × faster than {}", names.join(", ")), met)
        }
        Goal::Nanoseconds(most) => (format!("≤ {}", time(*most)), ours.map(|ours| ours <= *most)),
    };
    format!("{text}: {}", answer(met))
}

/// Whether a goal is met.
pub(crate) fn answer(met: Option<bool>) -> &'static str {
    met.map_or("not measured", |met| if met { "**met**" } else { "**missed**" })
}

/// `verify/jsonwebtoken` is `jsonwebtoken` in a row about `verify`.
fn short(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, name)| name)
}

/// In the unit that keeps the number short.
pub(crate) fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        short if short < 1e4 => (short, "ns"),
        short if short < 1e6 => (short / 1e3, "µs"),
        long if long < 1e10 => (long / 1e6, "ms"),
        long => (long / 1e9, "s"),
    };
    if value < 100.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

const FAST: &str = "-fast";

const HEAD: &str = "\
| operation | floor | best peer | ours | ours / floor | best peer / ours | goal |
|---|---:|---:|---:|---:|---:|---|";

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(values: &[(&str, f64)], name: &str) -> Vec<String> {
        let measured = values.iter().map(|(id, nanoseconds)| ((*id).to_owned(), *nanoseconds)).collect();
        table(&measured).lines().filter(|line| line.contains(name)).map(str::to_owned).collect()
    }

    #[test]
    fn a_full_row_names_the_best_peer_and_judges_each_goal() {
        let values = [
            ("verify/ours", 200.0),
            ("verify/floor", 160.0),
            ("verify/jsonwebtoken", 1500.0),
            ("verify/macaroon", 900.0),
        ];
        let expected = "| verify a link | 160 ns | macaroon 900 ns | 200 ns | 1.25 | 4.5 | \
                        ≤ 1.3 × floor: **met**; ≥ 8 × faster than jsonwebtoken: **missed** |";
        assert_eq!(lines(&values, "| verify a link |"), [expected]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let bare = "| apply a revocation to 10 M | – | – | not measured | – | – | ≤ 1.0 ms: not measured |";
        assert_eq!(lines(&[], "apply a revocation"), [bare]);
        let half = lines(&[("issue/ours", 50.0)], "| issue a link |");
        let expected = "| issue a link | not measured | not measured | 50.0 ns | not measured | not measured | \
                        ≤ 1.5 × floor: not measured |";
        assert_eq!(half, [expected]);
    }

    #[test]
    fn what_both_ciphers_seal_has_two_lines() {
        let values = [("record-64B/seal", 20.0), ("record-64B-fast/seal", 15.0), ("record-64B-fast/floor", 10.0)];
        let expected = [
            "| seal a record of 64 B | not measured | – | 20.0 ns | not measured | – | – |",
            "| seal a record of 64 B, `fast-aes` | 10.0 ns | – | 15.0 ns | 1.50 | – | – |",
        ];
        assert_eq!(lines(&values, "record of 64 B"), expected);
    }

    #[test]
    fn times_are_short_to_read() {
        assert_eq!(
            [3.04, 4558.0, 34_876.0, 11_080_216.0, 2e10].map(time),
            ["3.0 ns", "4558 ns", "34.9 µs", "11.1 ms", "20.0 s"]
        );
    }

    #[test]
    fn refusals_have_a_row_each() {
        let expected = ["| refuse: expired | – | – | 99.0 ns | – | – | – |"];
        assert_eq!(lines(&[("refuse/expired", 99.0)], "refuse:"), expected);
    }
}
