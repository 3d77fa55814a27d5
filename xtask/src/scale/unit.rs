//! Numbers, short to read. What was not measured is a dash.

use crate::bench::table::time;

/// `1,500,577`
pub(crate) fn count(value: f64) -> String {
    known(value, |value| {
        let digits = format!("{value:.0}");
        let commas = digits.char_indices().map(|(place, digit)| match digits.len() - place {
            left if place > 0 && left % 3 == 0 => format!(",{digit}"),
            _ => digit.to_string(),
        });
        commas.collect()
    })
}

/// `100 M`
pub(crate) fn magnitude(value: u64) -> String {
    match value {
        large if large >= 1_000_000 => format!("{} M", large / 1_000_000),
        large if large >= 1_000 => format!("{} k", large / 1_000),
        small => small.to_string(),
    }
}

/// `0.0039`, `0.39`, `12.3`, `1,000`
pub(crate) fn number(value: f64) -> String {
    known(value, |value| match value {
        tiny if tiny < 0.001 => format!("{tiny:.5}"),
        tiny if tiny < 0.01 => format!("{tiny:.4}"),
        small if small < 0.1 => format!("{small:.3}"),
        small if small < 1.0 => format!("{small:.2}"),
        middling if middling < 100.0 => format!("{middling:.1}"),
        large => count(large),
    })
}

/// In powers of ten.
pub(crate) fn bytes(value: f64) -> String {
    known(value, |value| match value {
        small if small < 1e4 => format!("{} B", count(small)),
        small if small < 1e6 => format!("{} kB", number(small / 1e3)),
        large if large < 1e9 => format!("{} MB", number(large / 1e6)),
        large => format!("{} GB", number(large / 1e9)),
    })
}

/// Of bytes a second.
pub(crate) fn bits(bytes: f64) -> String {
    known(bytes * 8.0, |bits| match bits {
        low if low < 1e6 => format!("{} kbit/s", number(low / 1e3)),
        high => format!("{} Mbit/s", number(high / 1e6)),
    })
}

pub(crate) fn seconds(value: f64) -> String {
    known(value, |value| match value {
        short if short < 1.0 => time(short * 1e9),
        middling if middling < 7_200.0 => format!("{} s", number(middling)),
        long if long < 172_800.0 => format!("{} h", number(long / 3_600.0)),
        long => format!("{} days", number(long / 86_400.0)),
    })
}

pub(crate) fn percent(part: f64) -> String {
    known(part * 100.0, |part| if part < 0.01 { "< 0.01 %".to_owned() } else { format!("{} %", number(part)) })
}

fn known(value: f64, text: impl Fn(f64) -> String) -> String {
    if value.is_finite() { text(value) } else { "–".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_to_read() {
        assert_eq!([7, 20_000, 100_000_000].map(magnitude), ["7", "20 k", "100 M"]);
        assert_eq!([7.0, 1_500_577.4, 100_000.0].map(count), ["7", "1,500,577", "100,000"]);
        assert_eq!([0.046, 0.385_8, 0.003_86, 12.34, 1000.0].map(number), ["0.046", "0.39", "0.0039", "12.3", "1,000"]);
        assert_eq!([170.0, 57_119.0, 36_313_441.0, 3.66e10].map(bytes), ["170 B", "57.1 kB", "36.3 MB", "36.6 GB"]);
        assert_eq!([211.0, 185_800.0].map(bits), ["1.7 kbit/s", "1.5 Mbit/s"]);
        assert_eq!([0.85, 1.395, 25_920.0, 259_200.0].map(seconds), ["850 ms", "1.4 s", "7.2 h", "3.0 days"]);
        assert_eq!([0.000_01, 0.002_2, 0.33].map(percent), ["< 0.01 %", "0.22 %", "33.0 %"]);
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        assert_eq!([count, number, bytes, bits, seconds, percent].map(|text| text(f64::NAN)), ["–"; 6]);
    }
}
