//! The table of one large file beside libraries in other languages.

use super::table::time;
use super::took::{Cases, Took};

/// Each line, the name of its cases, and on how many threads.
const LINES: &[(&str, &str, u8)] = &[
    (OURS[0].0, OURS[0].1, 1),
    (OURS[1].0, OURS[1].1, 1),
    ("ours, two threads", "ours", 2),
    ("ours, `fast-aes`, two threads", "ours-fast", 2),
    ("`age`, X25519", "age", 1),
    ("Tink (Python), streaming, 4 KB", "tink-streaming-4KB", 1),
    ("Tink (Python), streaming, 1 MB", "tink-streaming-1MB", 1),
    ("`aws-encryption-sdk` (Python), one run", "aws-encryption-sdk", 1),
    ("Cobblestone of `cryptography` (Python)", "python-cobblestone", 1),
    ("Node `crypto`, HKDF, chunks", "node-fresh-key", 1),
    ("Node `crypto`, plain, a pipeline", "node-gcm", 1),
];
const OURS: [(&str, &str); 2] = [("**ours**", "ours"), ("**ours, `fast-aes`**", "ours-fast")];

/// The columns, and the order of the ratios.
const COLUMNS: [(&str, &str); 4] = [("memory", "seal"), ("memory", "open"), ("disk", "seal"), ("disk", "open")];

/// What each takes, and how long ours takes on one thread where it takes 1.
pub(crate) fn table(cases: &Cases) -> String {
    let get = |(way, operation): (&str, &str), who: &str, threads: u8| {
        cases.get(&format!("{way}-{operation}-{threads}/{who}")).copied()
    };
    let mut lines = vec![HEAD.to_owned()];
    for (name, who, threads) in LINES {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(COLUMNS.map(|column| cell(get(column, who, *threads))));
        cells.extend(OURS.map(|(_, ours)| {
            let ratio = |column| Some(get(column, ours, 1)?.seconds / get(column, who, *threads)?.seconds);
            COLUMNS.map(|column| ratio(column).map_or(NONE.to_owned(), |ratio| format!("{ratio:.2}"))).join(", ")
        }));
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn cell(took: Option<Took>) -> String {
    took.map_or(NONE.to_owned(), |took| format!("{}, {:.1} MiB", time(took.seconds * 1e9), took.peak_kib / 1024.0))
}

const NONE: &str = "–";
const HEAD: &str = "\
| by | seal, memory | open, memory | seal, disk | open, disk | ours / it, in this order | `fast-aes` / it |
|---|---:|---:|---:|---:|---:|---:|";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_compared_with_each_in_each_column() {
        let took = |seconds| Took { seconds, cpu: seconds, peak_kib: 2048.0 };
        let cases = [
            ("memory-seal-1/ours", took(0.5)),
            ("memory-seal-1/ours-fast", took(0.25)),
            ("memory-seal-1/tink-streaming-4KB", took(0.4)),
            ("disk-open-1/tink-streaming-4KB", took(1.0)),
            ("memory-seal-2/ours", took(0.25)),
        ];
        let table = table(&cases.map(|(id, took)| (id.to_owned(), took)).into());
        let line = |name: &str| table.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
        assert_eq!(
            line("Tink (Python), streaming, 4 KB"),
            "| Tink (Python), streaming, 4 KB | 400 ms, 2.0 MiB | – | – | 1000 ms, 2.0 MiB | 1.25, –, –, – | 0.62, –, –, – |"
        );
        assert!(line("ours, two threads").ends_with("| 2.00, –, –, – | 1.00, –, –, – |"));
        assert_eq!(table.lines().count(), 2 + LINES.len());
    }
}
