//! The table of the performance page.

use super::measure::Measured;
use super::row::{Goal, OPEN_PREFIX, ROWS, Row};

/// Every row of the table, measured or not, and the open rows that were measured.
pub(crate) fn table(measured: &Measured) -> String {
    let rows = ROWS.iter().map(|row| line(row, measured));
    let open = measured.iter().filter(|(id, _)| id.starts_with(OPEN_PREFIX));
    let open =
        open.map(|(id, ours)| format!("| {} | – | – | {} | – | – | – |", id.replacen('/', ": ", 1), time(*ours)));
    HEAD.lines().map(str::to_owned).chain(rows).chain(open).collect::<Vec<_>>().join("\n")
}

fn line(row: &Row, measured: &Measured) -> String {
    let get = |id: &str| measured.get(id).copied();
    let Some(ours) = get(row.ours) else {
        return format!("| {} | – | – | not measured | – | – | {} |", row.name, goals(row, measured));
    };
    let floor = row.floor.and_then(get);
    let peers = row.peers.iter().filter_map(|peer| Some((short(peer), get(peer)?)));
    let best = peers.min_by(|(_, one), (_, other)| one.total_cmp(other));
    let cells = [
        row.name.to_owned(),
        cell(row.floor.is_some(), floor.map(time)),
        cell(!row.peers.is_empty(), best.map(|(name, nanoseconds)| format!("{name} {}", time(nanoseconds)))),
        time(ours),
        cell(row.floor.is_some(), floor.map(|floor| format!("{:.2}", ours / floor))),
        cell(!row.peers.is_empty(), best.map(|(_, peer)| format!("{:.1}", peer / ours))),
        goals(row, measured),
    ];
    format!("| {} |", cells.join(" | "))
}

/// A dash where nothing is compared.
fn cell(compared: bool, value: Option<String>) -> String {
    if compared { value.unwrap_or_else(|| "not measured".to_owned()) } else { "–".to_owned() }
}

fn goals(row: &Row, measured: &Measured) -> String {
    let goals: Vec<String> = row.goals.iter().map(|goal| goal_met(goal, row, measured)).collect();
    if goals.is_empty() { "–".to_owned() } else { goals.join("; ") }
}

fn goal_met(goal: &Goal, row: &Row, measured: &Measured) -> String {
    let get = |id: &str| measured.get(id).copied();
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
    let answer = met.map_or("not measured", |met| if met { "**met**" } else { "**missed**" });
    format!("{text}: {answer}")
}

/// `verify/jsonwebtoken` is `jsonwebtoken` in a row about `verify`.
fn short(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, name)| name)
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        small if small < 100.0 => format!("{small:.1} ns"),
        small => format!("{small:.0} ns"),
    }
}

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
        let bare = "| apply a revocation to 10 M | – | – | not measured | – | – | ≤ 1000000 ns: not measured |";
        assert_eq!(lines(&[], "apply a revocation"), [bare]);
        let half = lines(&[("issue/ours", 50.0)], "issue");
        let expected = "| issue a link | not measured | not measured | 50.0 ns | not measured | not measured | \
                        ≤ 1.5 × floor: not measured |";
        assert_eq!(half, [expected]);
    }

    #[test]
    fn refusals_have_a_row_each() {
        let expected = ["| refuse: expired | – | – | 99.0 ns | – | – | – |"];
        assert_eq!(lines(&[("refuse/expired", 99.0)], "refuse:"), expected);
    }
}
