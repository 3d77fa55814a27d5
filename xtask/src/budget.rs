//! Minutes a part may take, from `budgets.toml`.

use std::time::Duration;

/// The budget of all parts together.
pub(crate) fn total() -> Duration {
    of("total")
}

/// A part's budget. A part without a line has none, which the tests of this file refuse.
pub(crate) fn of(part: &str) -> Duration {
    let minutes = lines(BUDGETS).find(|(name, _)| *name == part).map_or(0, |(_, minutes)| minutes);
    Duration::from_secs(60 * minutes)
}

fn lines(text: &str) -> impl Iterator<Item = (&str, u64)> {
    let pairs = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    pairs.filter_map(|(name, minutes)| Some((name.trim(), minutes.trim().parse().ok()?)))
}

const BUDGETS: &str = include_str!("../budgets.toml");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::PARTS;

    #[test]
    fn every_part_has_a_budget_and_the_sum_holds() {
        for part in PARTS {
            assert!(of(part.name) > Duration::ZERO, "{} has no line in budgets.toml", part.name);
        }
        assert!(PARTS.iter().map(|part| of(part.name)).sum::<Duration>() <= total());
        assert!(total() <= Duration::from_secs(75 * 60));
    }

    #[test]
    fn every_line_belongs_to_a_part() {
        for (name, _) in lines(BUDGETS).filter(|(name, _)| *name != "total") {
            assert!(PARTS.iter().any(|part| part.name == name), "no part `{name}`");
        }
    }
}
