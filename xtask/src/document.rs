//! The parts of a page in `docs/` that a command writes, between two markers.

use std::fs;
use std::io::{self, ErrorKind};
use std::process::Command;

/// A page, with its text or a title if there is none yet.
pub(crate) fn read_or(path: &str, title: &str) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(format!("# {title}\n")),
        read => read,
    }
}

/// What stands between the markers of a section; nothing if it is not there.
pub(crate) fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let (begin, end) = markers(name);
    let body = page.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end));
    body.map_or("", |(body, _)| body.trim())
}

/// The page with a new body for the section, which is added at the end if it is not there.
pub(crate) fn with_section(page: &str, name: &str, body: &str) -> String {
    let (begin, end) = markers(name);
    let parts = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.map_or((format!("{}\n\n", page.trim_end()), "\n"), |(b, a)| (b.to_owned(), a));
    format!("{before}{begin}\n\n{body}\n\n{end}{after}")
}

/// Today in UTC, as `2026-01-31`.
pub(crate) fn today() -> io::Result<String> {
    let output = Command::new("date").args(["-u", "+%F"]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn markers(name: &str) -> (String, String) {
    (format!("<!-- {name}: written by `cargo xtask {name}` -->"), format!("<!-- {name}: end -->"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_added_once_and_then_replaced() {
        let page = with_section("# Title\n\nText.\n", "bench", "one");
        assert!(page.starts_with("# Title\n\nText.\n\n<!-- bench: "));
        assert_eq!(section(&page, "bench"), "one");

        let page = with_section(&format!("{page}\nAfter.\n"), "bench", "two");
        assert_eq!(section(&page, "bench"), "two");
        assert!(page.ends_with("<!-- bench: end -->\n\nAfter.\n"));
        assert_eq!(page.matches("<!-- bench").count(), 2);
        assert_eq!(section(&page, "assure"), "");
    }

    #[test]
    fn a_missing_page_starts_with_its_title() {
        assert_eq!(read_or("docs/absent.md", "Absent").unwrap(), "# Absent\n");
    }
}
