//! The tables of the page: a column for each deployment; each row says whether it was measured.

use super::column::Column;
use super::load::{Asking, CatchUp, Load};
use super::unit::{bits, bytes, count, number, percent, seconds};

pub(crate) fn tables(columns: &[Column]) -> String {
    let parts: [(&str, Vec<Row>); 7] = [
        ("The deployments", deployments()),
        ("What a verifier holds", view()),
        ("A request, and its answer: bytes, processor time of the server, processor time of the verifier", answers()),
        ("What the server does beside", server()),
        ("All verifiers, all the time", ASKINGS.iter().flat_map(loads).collect()),
        ("One verifier, until it is up to date again", CATCH_UPS.iter().map(one_catches_up).collect()),
        (
            "All verifiers at once: bytes, time of one core of the server, time of its line, until the last is up to date",
            CATCH_UPS.iter().map(all_catch_up).collect(),
        ),
    ];
    parts.map(|(title, rows)| format!("**{title}**\n\n{}", table(columns, &rows))).join("\n\n")
}

struct Row {
    name: String,
    how: &'static str,
    cell: Cell,
}

type Cell = Box<dyn Fn(&Column) -> String>;

fn row(name: impl Into<String>, how: &'static str, cell: impl Fn(&Column) -> String + 'static) -> Row {
    Row { name: name.into(), how, cell: Box::new(cell) }
}

fn table(columns: &[Column], rows: &[Row]) -> String {
    let line = |name: &str, how: &str, cells: Vec<String>| format!("| {name} | {how} | {} |", cells.join(" | "));
    let head = line("", "", columns.iter().map(Column::name).collect());
    let rule = format!("|---|---|{}", "---:|".repeat(columns.len()));
    let rows = rows.iter().map(|row| line(&row.name, row.how, columns.iter().map(&row.cell).collect()));
    [head, rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn deployments() -> Vec<Row> {
    vec![
        row("links", ASSUMED, |column| count(column.plan.links as f64)),
        row("tenants", ASSUMED, |column| count(column.plan.tenants as f64)),
        row("verifiers", ASSUMED, |column| count(column.verifiers())),
        row("tenants that one verifier serves", ASSUMED, |column| count(column.tenants())),
        row("revoked a second", COMPUTED, |column| number(column.plan.revoked_a_second())),
    ]
}

fn view() -> Vec<Row> {
    let beside_entries = |column: &Column| {
        (column.of_scope("cold/held") - BYTES_AN_ENTRY * column.of_scope("entries")) / column.tenants()
    };
    vec![
        row("entries of the view, expected", COMPUTED, |column| count(column.plan.entries() * column.share())),
        row("entries of the view", MEASURED, |column| count(column.of_scope("entries"))),
        row("heap of the view", MEASURED, |column| bytes(column.of_scope("cold/held"))),
        row("the same, of an entry", COMPUTED, |column| {
            bytes(column.of_scope("cold/held") / column.of_scope("entries"))
        }),
        row("the same, of a tenant, beside 24 B of each entry", COMPUTED, move |column| bytes(beside_entries(column))),
        row("heap at most, beside the message, while it accepts a first snapshot", MEASURED, |column| {
            bytes(column.of_scope("cold/accept-peak"))
        }),
        row("resident in a process that has accepted one", MEASURED, |column| bytes(column.of_scope("resident/after"))),
        row("the same, at most, with the message", MEASURED, |column| bytes(column.of_scope("resident/peak"))),
        row("a compaction, on any thread", MEASURED, |column| seconds(column.of_scope("compaction") / 1e9)),
    ]
}

fn answers() -> Vec<Row> {
    let cases = [("empty", "nothing new"), ("one", "one revocation")].into_iter().chain(CATCH_UPS.iter().copied());
    let exchange = |(case, name): Case| {
        row(name, MEASURED, move |column| {
            let kind = if column.is_snapshot(case) { " (snapshot)" } else { "" };
            let size = bytes(column.of_scope(&format!("{case}/bytes")));
            let [answer, accept] =
                ["answer", "accept"].map(|side| seconds(column.of_scope(&format!("{case}/{side}")) / 1e9));
            let answer = if case == "restart" { "as an hour" } else { &answer };
            format!("{size}{kind}, {answer}, {accept}")
        })
    };
    let request = row("a request", MEASURED, |column| bytes(column.of_scope("request")));
    [request].into_iter().chain(cases.map(exchange)).collect()
}

fn server() -> Vec<Row> {
    vec![
        row("commits a revocation, compactions included", MEASURED, |column| seconds(column.of_scope("commit") / 1e9)),
        row("shows in its own view what was committed or read", MEASURED, |column| {
            seconds(column.of_scope("confirm") / 1e9)
        }),
        row("collects, once a day", MEASURED, |column| seconds(column.get("store/collect") / 1e9)),
        row("deltas reach back for", COMPUTED, |column| seconds(column.plan.deltas_reach())),
        row("a day in a delta, whether it reaches back so far or not", COMPUTED, |column| {
            let told = column.plan.revoked_a_day() as f64 * column.share();
            bytes(column.of_scope("empty/bytes") + told * column.bytes_a_revocation())
        }),
        row("heap of the authority", MEASURED, |column| bytes(column.get("store/heap"))),
        row("heap beside it, at most, while it makes one snapshot", MEASURED, |column| {
            bytes(column.of_scope("cold/answer-peak"))
        }),
    ]
}

fn loads(&(name, asking): &(&'static str, Asking)) -> Vec<Row> {
    let load = move |what: &str, cell: fn(&Load) -> String| {
        row(format!("{name}: {what}"), COMPUTED, move |column| cell(&Load::of(column, asking)))
    };
    let mut rows = vec![
        load("answers a second", |load| number(load.answers)),
        load("answers", |load| bits(load.answered)),
        load("requests", |load| bits(load.requested)),
        load("of one core of each verifier", |load| percent(load.one_verifier)),
        load("rows read a second, one for each answer", |load| number(load.each.rows)),
        load("then of one core of the server", |load| percent(load.each.server)),
    ];
    if matches!(asking, Asking::Woken(_)) {
        rows.push(load("rows read a second, one for all who are woken together", |load| number(load.shared.rows)));
        rows.push(load("then of one core of the server", |load| percent(load.shared.server)));
        rows.push(load("until all who are woken together are answered", |load| seconds(load.burst)));
    }
    rows
}

fn one_catches_up(&(case, name): &Case) -> Row {
    row(name, COMPUTED, move |column| seconds(CatchUp::of_one(column, case).done))
}

fn all_catch_up(&(case, name): &Case) -> Row {
    row(name, COMPUTED, move |column| {
        let CatchUp { bytes: size, server, transfer, done } = CatchUp::of_all(column, case);
        [bytes(size), seconds(server), seconds(transfer), seconds(done)].join(", ")
    })
}

const ASKINGS: [(&str, Asking); 3] = [
    ("polled every second", Asking::Every(1.0)),
    ("polled every 5 s", Asking::Every(5.0)),
    ("woken, or after 10 s", Asking::Woken(10.0)),
];
/// Its id, and its name for people.
type Case = (&'static str, &'static str);

const CATCH_UPS: [Case; 5] = [
    ("minute", "after a minute"),
    ("hour", "after an hour"),
    ("day", "after a day"),
    ("cold", "from nothing"),
    ("restart", "from nothing, with a snapshot saved an hour ago"),
];
/// What the view's large tables take, `docs/performance.md` and `DESIGN.md` say.
const BYTES_AN_ENTRY: f64 = 24.0;
const ASSUMED: &str = "assumed";
const COMPUTED: &str = "computed";
const MEASURED: &str = "measured";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::Measured;
    use crate::scale::plan::PLANS;

    #[test]
    fn a_row_says_how_it_was_got_and_what_was_not_measured() {
        let measured = [("whole/day/bytes", 36e6), ("whole/day/is-snapshot", 1.0), ("whole/day/answer", 5e8)];
        let measured: Measured = measured.map(|(id, value)| (id.to_owned(), value)).into();
        let columns = ["whole", "narrow"].map(|scope| Column { plan: PLANS[0], scope, measured: measured.clone() });
        let tables = tables(&columns);
        let has = |line: &str| assert!(tables.lines().any(|other| other == line), "{line} is not in\n{tables}");
        has("|  |  | 100 M | 100 M, narrow |");
        has("| tenants that one verifier serves | assumed | 100,000 | 100 |");
        has("| entries of the view, expected | computed | 1,500,216 | 1,500 |");
        has("| after a day | measured | 36.0 MB (snapshot), 500 ms, – | –, –, – |");
        has("| polled every 5 s: answers a second | computed | 200 | 200 |");
        has("| after a day | computed | – | – |");
        has("| after a day | computed | 36.0 GB, 500 s, 288 s, – | –, –, –, – |");
    }
}
