//! `cargo xtask bench ciphers`: the libraries that the feature `fast-aes` could have taken.

use std::io;
use std::time::SystemTime;

use super::cargo;
use super::measure::Measured;
use super::page::{PERFORMANCE, publish};
use super::table::time;

pub(crate) fn run() -> io::Result<bool> {
    let start = SystemTime::now();
    if !cargo::bench(&["ciphers"], "ciphers", None)? {
        return Ok(false);
    }
    publish(PERFORMANCE, "bench ciphers", &table(&cargo::measured(start)?))?;
    Ok(true)
}

/// The first is the one that was chosen.
const LIBRARIES: [&str; 4] = ["graviola", "ring", "aws-lc-rs", "aes-gcm"];
const CASES: [(&str, &str); 2] =
    [("chunk of 16 KiB", "cipher-chunk"), ("record of 1 KiB, with its key schedule", "cipher-record")];

/// How many times as long each takes as the one that was chosen.
fn table(measured: &Measured) -> String {
    let head = LIBRARIES.map(|library| format!("`{library}`")).join(" | ");
    let mut lines = vec![format!("| AES-256-GCM, seal in place | {head} |"), "|---|---:|---:|---:|---:|".to_owned()];
    for (name, id) in CASES {
        let of = |library: &str| measured.get(&format!("{id}/{library}")).copied();
        let cell = |library: &str| {
            let ratio = of(library).zip(of(LIBRARIES[0])).map(|(it, chosen)| (it, it / chosen));
            ratio.map_or("not measured".to_owned(), |(it, ratio)| format!("{ratio:.2} ({})", time(it)))
        };
        lines.push(format!("| {name} | {} |", LIBRARIES.map(cell).join(" | ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_compared_with_the_one_that_was_chosen() {
        let values = [("cipher-chunk/graviola", 2000.0), ("cipher-chunk/aes-gcm", 6000.0)];
        let table = table(&values.map(|(id, nanoseconds)| (id.to_owned(), nanoseconds)).into());
        let expected = "| chunk of 16 KiB | 1.00 (2000 ns) | not measured | not measured | 3.00 (6000 ns) |";
        assert_eq!(table.lines().nth(2), Some(expected));
    }
}
