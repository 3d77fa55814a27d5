//! The table of objects beside their peers: who seals and opens what size in what time.

use super::measure::Measured;
use super::table::time;

/// Each line, the name of its measurements, and what stands behind the size there.
const LINES: &[(&str, &str, &str)] = &[
    ("**ours**", "ours", ""),
    ("**ours, `fast-aes`**", "ours", "-fast"),
    ("raw `aes-gcm`", "raw", ""),
    ("raw `graviola`", "raw", "-fast"),
];

/// As ours: a key for each message alone.
const FRESH: &[(&str, &str)] = &[
    ("`age`, X25519", "age-x25519"),
    ("`age`, symmetric recipient", "age-symmetric"),
    ("Tink (Python), envelope", "tink-envelope"),
    ("Tink (Python), streaming, 4 KB", "tink-streaming-4KB"),
    ("Tink (Python), streaming, 1 MB", "tink-streaming-1MB"),
    ("`aws-encryption-sdk` (Python)", "aws-encryption-sdk"),
    ("Cobblestone of `cryptography` (Python)", "python-cobblestone"),
    ("Node `crypto`, HKDF, chunks", "node-fresh-key"),
];

/// One key for many messages, and a random nonce.
const SHARED: &[(&str, &str)] = &[
    ("Tink (Python), AEAD", "tink"),
    ("`aws-encryption-sdk` (Python), data keys cached", "aws-encryption-sdk-caching"),
    ("AES-GCM of `cryptography` (Python)", "python-gcm"),
    ("Node `crypto`, plain", "node-gcm"),
];

const SIZES: [(&str, &str); 4] = [("64B", "64 B"), ("1KiB", "1 KiB"), ("64KiB", "64 KiB"), ("1MiB", "1 MiB")];
const OPERATIONS: [&str; 2] = ["seal", "open"];

/// A line for each, and below them how many times longer the best peer takes.
pub(crate) fn table(measured: &Measured) -> String {
    let heads = columns().map(|(operation, (_, size))| format!("{operation} {size}"));
    let mut lines = vec![line("", heads), format!("|---|{}", "---:|".repeat(columns().count()))];
    let get = |(operation, (size, _)): Column, suffix: &str, who: &str| {
        measured.get(&format!("{operation}-{size}{suffix}/{who}")).copied()
    };
    let peers = FRESH.iter().chain(SHARED).map(|(name, who)| (*name, *who, ""));
    for (name, who, suffix) in LINES.iter().copied().chain(peers) {
        lines.push(line(name, columns().map(|column| get(column, suffix, who).map_or(NONE.to_owned(), time))));
    }
    for (name, peers) in [("the best with a key for each message", FRESH), ("the best with one key for many", SHARED)] {
        for (ours, suffix) in [("ours", ""), ("ours, `fast-aes`", "-fast")] {
            let ratios = columns().map(|column| {
                let best = peers.iter().filter_map(|(_, who)| get(column, "", who)).min_by(f64::total_cmp);
                let ratio = best.zip(get(column, suffix, "ours")).map(|(best, ours)| best / ours);
                ratio.map_or(NONE.to_owned(), |ratio| format!("{ratio:.2}"))
            });
            lines.push(line(&format!("{name} / {ours}"), ratios));
        }
    }
    lines.join("\n")
}

/// An operation, and a size as in ids and for people.
type Column = (&'static str, (&'static str, &'static str));

fn columns() -> impl Iterator<Item = Column> {
    OPERATIONS.into_iter().flat_map(|operation| SIZES.map(|size| (operation, size)))
}

fn line(name: &str, cells: impl Iterator<Item = String>) -> String {
    format!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "))
}

const NONE: &str = "–";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_peer_of_each_kind_is_compared_with_ours() {
        let values = [
            ("seal-64B/ours", 1000.0),
            ("seal-64B-fast/ours", 500.0),
            ("seal-64B/age-x25519", 20_000.0),
            ("seal-64B/node-fresh-key", 3000.0),
            ("seal-64B/tink", 800.0),
        ];
        let table = table(&values.map(|(id, nanoseconds)| (id.to_owned(), nanoseconds)).into());
        let first = |name: &str| {
            let line = table.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
            line.split(" | ").nth(1).unwrap().to_owned()
        };
        assert_eq!(first("**ours**"), "1000 ns");
        assert_eq!(first("`age`, X25519"), "20.0 µs");
        assert_eq!(first("raw `aes-gcm`"), "–");
        assert_eq!(first("the best with a key for each message / ours"), "3.00");
        assert_eq!(first("the best with one key for many / ours, `fast-aes`"), "1.60");
    }
}
