//! A table of how many times longer others take for the same.

use super::table::{answer, time};

/// How many times longer one of them is to take at least.
pub(crate) struct Goal {
    pub(crate) id: &'static str,
    pub(crate) times: f64,
}

/// A line for each `what/who`, in the order in which they were measured. The first of each `what` is ours.
pub(crate) fn table(measured: &[(String, f64)], goals: &[Goal]) -> String {
    let split = |id: &str| id.split_once('/').map(|(what, who)| (what.to_owned(), who.to_owned()));
    let mut ours: Option<(String, f64)> = None;
    let mut lines = vec![HEAD.to_owned()];
    for (id, nanoseconds) in measured {
        let Some((what, who)) = split(id) else { continue };
        if ours.as_ref().is_none_or(|(of, _)| *of != what) {
            ours = Some((what.clone(), *nanoseconds));
        }
        let times = ours.as_ref().map_or(f64::NAN, |(_, ours)| nanoseconds / ours);
        let goal = goals.iter().find(|goal| goal.id == id);
        let goal =
            goal.map_or("–".to_owned(), |goal| format!("≥ {}: {}", goal.times, answer(Some(times >= goal.times))));
        lines.push(format!("| {what} | {who} | {} | {times:.1} | {goal} |", time(*nanoseconds)));
    }
    let is_missing = |goal: &&Goal| measured.iter().all(|(id, _)| id != goal.id);
    lines.extend(goals.iter().filter(is_missing).map(|goal| {
        let (what, who) = goal.id.split_once('/').unwrap_or((goal.id, ""));
        format!("| {what} | {who} | not measured | – | ≥ {}: {} |", goal.times, answer(None))
    }));
    lines.join("\n")
}

const HEAD: &str = "\
| what | by | time | times ours | goal |
|---|---|---:|---:|---|";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_compared_with_ours_of_the_same_and_judged() {
        let measured =
            [("verify/portward", 500.0), ("verify/a", 16_000.0), ("verify/b", 250.0), ("seal/portward", 1e6)];
        let measured = measured.map(|(id, nanoseconds)| (id.to_owned(), nanoseconds));
        let goals = [("verify/a", 30.0), ("verify/b", 1.5), ("seal/c", 2.0)].map(|(id, times)| Goal { id, times });
        let expected = [
            "| verify | portward | 500 ns | 1.0 | – |",
            "| verify | a | 16.0 µs | 32.0 | ≥ 30: **met** |",
            "| verify | b | 250 ns | 0.5 | ≥ 1.5: **missed** |",
            "| seal | portward | 1.0 ms | 1.0 | – |",
            "| seal | c | not measured | – | ≥ 2: not measured |",
        ];
        assert_eq!(table(&measured, &goals), format!("{HEAD}\n{}", expected.join("\n")));
    }
}
