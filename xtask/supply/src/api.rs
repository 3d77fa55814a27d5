//! `api`: the public items of every library in `crates/`, one a line, in `docs/api/`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Writes the listings; with `--check` compares them instead, and `false` means that one differs.
pub(crate) fn run(arguments: &[&str]) -> io::Result<bool> {
    let check = match arguments {
        [] => false,
        ["--check"] => true,
        _ => return Err(io::Error::other("usage: cargo xtask api [--check]")),
    };
    let metadata = metadata()?;
    document()?;
    let mut is_same = true;
    for library in libraries(&metadata) {
        let json = format!("{}/doc/{}.json", text(&metadata, "target_directory"), library.replace('-', "_"));
        let Some(listing) = listing(&json)? else { return Ok(true) };
        let page = format!("{FOLDER}/{library}.txt");
        if check {
            let differs = differences(&fs::read_to_string(&page).unwrap_or_default(), &listing);
            differs.iter().for_each(|line| println!("{page}: {line}"));
            is_same &= differs.is_empty();
        } else {
            fs::create_dir_all(FOLDER)?;
            fs::write(&page, listing)?;
        }
    }
    if !is_same {
        println!("if that is meant, `cargo xtask api` writes it down");
    }
    Ok(is_same)
}

/// The packages of `crates/` that have a library.
fn libraries(metadata: &Value) -> Vec<&str> {
    let crates = format!("{}/crates/", text(metadata, "workspace_root"));
    let packages = list(metadata, "packages").iter();
    let here = packages.filter(|package| text(package, "manifest_path").starts_with(&crates));
    let is_library = |target: &Value| list(target, "kind").iter().any(|kind| kind == "lib");
    let libraries = here.filter(|package| list(package, "targets").iter().any(is_library));
    libraries.map(|package| text(package, "name")).collect()
}

/// The features are those of the part `docs`, so that nothing below is built twice.
fn document() -> io::Result<()> {
    let wrapper = std::env::current_dir()?.join("xtask/supply/rustdoc.sh");
    let mut cargo = Command::new("cargo");
    cargo.args(["doc", "--quiet", "--workspace", "--lib", "--all-features", "--no-deps"]);
    cargo.env("RUSTDOC", wrapper).env("RUSTDOCFLAGS", "-Zunstable-options --output-format json");
    if cargo.status()?.success() { Ok(()) } else { Err(io::Error::other("`cargo doc` failed")) }
}

/// With derived implementations, so that a key which becomes `Clone` shows; `None` if the toolchain is not one whose JSON is read.
fn listing(json: &str) -> io::Result<Option<String>> {
    let built = public_api::Builder::from_rustdoc_json(Path::new(json));
    match built.omit_blanket_impls(true).omit_auto_trait_impls(true).build() {
        Ok(api) => Ok(Some(api.to_string())),
        Err(error) => match format_of(json)? {
            FORMAT => Err(io::Error::other(format!("{json}: {error}"))),
            other => {
                println!("skipped: rustdoc writes JSON of format {other}, and format {FORMAT} is read");
                Ok(None)
            }
        },
    }
}

fn format_of(json: &str) -> io::Result<u64> {
    let value: Value = serde_json::from_slice(&fs::read(json)?)?;
    Ok(value.get("format_version").and_then(Value::as_u64).unwrap_or_default())
}

/// Lines of one text that the other lacks, each with `-` or `+`.
fn differences(before: &str, now: &str) -> Vec<String> {
    let lacks = |text: &str, line: &str| !text.lines().any(|other| other == line);
    let gone = before.lines().filter(|line| lacks(now, line)).map(|line| format!("- {line}"));
    let new = now.lines().filter(|line| lacks(before, line)).map(|line| format!("+ {line}"));
    let lines: Vec<String> = gone.chain(new).collect();
    if lines.is_empty() && before != now { vec!["other order or number of lines".to_owned()] } else { lines }
}

fn metadata() -> io::Result<Value> {
    let output = Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

const FOLDER: &str = "docs/api";
/// Of Rust 1.95, which `public-api` of this lock reads.
const FORMAT: u64 = 57;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_with_its_side() {
        let before = "pub fn a()\npub fn b()\n";
        assert!(differences(before, before).is_empty());
        assert_eq!(differences(before, "pub fn a()\npub fn c()\n"), ["- pub fn b()", "+ pub fn c()"]);
        assert_eq!(differences("", "pub fn a()\n"), ["+ pub fn a()"]);
        assert_eq!(differences(before, "pub fn b()\npub fn a()\n"), ["other order or number of lines"]);
    }

    #[test]
    fn a_format_that_is_not_read_is_told_from_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        let json = |format: u64| {
            let path = folder.path().join(format!("{format}.json")).display().to_string();
            fs::write(&path, format!("{{\"format_version\":{format}}}")).unwrap();
            listing(&path)
        };
        assert_eq!(json(FORMAT + 1).unwrap(), None);
        assert!(json(FORMAT).is_err());
    }

    #[test]
    fn every_library_has_its_listing() {
        let listed = fs::read_dir(Path::new("../..").join(FOLDER)).unwrap();
        let mut listed: Vec<String> = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let metadata = metadata().unwrap();
        let mut expected: Vec<String> = libraries(&metadata).iter().map(|library| format!("{library}.txt")).collect();
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected);
        assert!(expected.contains(&"portward-store.txt".to_owned()));
    }
}
