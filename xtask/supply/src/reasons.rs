//! What the pages say of dependencies: a reason for each, and how many there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use toml::{Table, Value};

use crate::files;

const ROOT: &str = "../..";

#[test]
fn each_dependency_has_its_reason_and_each_reason_its_dependency() {
    let design = fs::read_to_string(format!("{ROOT}/DESIGN.md")).unwrap();
    let (_, page) = design.split_once("\n## Dependencies\n").unwrap();
    let mentioned: BTreeSet<&str> = page.split('`').skip(1).step_by(2).collect();
    let rows: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")).flat_map(names_of_row).collect();

    let (shipped, all) = dependencies();
    let of = |names: &BTreeSet<String>, reasons: &BTreeSet<&str>| {
        names.iter().filter(|name| !reasons.contains(name.as_str())).cloned().collect::<Vec<_>>()
    };
    assert_eq!(of(&shipped, &rows), [""; 0], "no row in the table of DESIGN.md");
    assert_eq!(of(&all, &mentioned), [""; 0], "not named in DESIGN.md");
    let gone: Vec<&&str> = rows.iter().filter(|name| !all.contains(**name)).collect();
    assert!(gone.is_empty(), "a row in DESIGN.md, and no dependency: {gone:?}");
}

#[test]
fn the_readme_says_how_many_crates_the_core_takes() {
    let readme = fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let linked = tree("normal,no-proc-macro").len();
    let run = tree("normal").len() - linked;
    let sentence = format!("{linked} crates of others, and {run} more that run while it is built");
    assert!(readme.contains(&sentence), "README.md does not say: {sentence}");
}

/// The crates that the core takes on Linux, without itself.
fn tree(edges: &str) -> BTreeSet<String> {
    let arguments = ["tree", "-p", "portward", "-e", edges, "--target", "x86_64-unknown-linux-gnu", "--prefix", "none"];
    let output = Command::new(env!("CARGO")).args(arguments).args(["--locked", "-f", "{p}"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let crates = text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    let crates: BTreeSet<String> = crates.filter(|name| !name.is_empty() && !name.starts_with("portward ")).collect();
    assert!(crates.iter().any(|name| name.starts_with("sha2 ")), "{crates:?}");
    crates
}

/// The names in backticks of a row's first cell; what a row of a feature says in brackets is of this repository.
fn names_of_row(row: &str) -> impl Iterator<Item = &str> {
    let cell = row.split(" |").next().unwrap_or_default();
    let names = cell.split(" (").next().unwrap_or_default();
    names.split("`, `").map(|name| name.trim_end_matches('`'))
}

/// What the crates that users get depend on, and what all manifests of the repository name; in both without its own crates.
fn dependencies() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut shipped, mut all) = (BTreeSet::new(), BTreeSet::new());
    for path in files::below(Path::new(ROOT)).unwrap().iter().filter(|path| files::name(path) == "Cargo.toml") {
        let manifest: Table = fs::read_to_string(format!("{ROOT}/{path}")).unwrap().parse().unwrap();
        let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        for table in targets.filter_map(Value::as_table).chain([&manifest]) {
            let is_shipped =
                path.starts_with("crates/") || (path.starts_with("bindings/") && !path.contains("/bindgen/"));
            for (kind, is_shipped) in
                [("dependencies", is_shipped), ("build-dependencies", is_shipped), ("dev-dependencies", false)]
            {
                let names = table.get(kind).and_then(Value::as_table).into_iter().flat_map(Table::keys);
                let names: Vec<String> = names.filter(|name| !name.starts_with("portward")).cloned().collect();
                shipped.extend(names.iter().filter(|_| is_shipped).cloned());
                all.extend(names);
            }
        }
    }
    assert!(shipped.contains("sha2") && shipped.contains("rustix") && all.contains("criterion"));
    (shipped, all)
}

#[test]
fn the_review_asks_about_places_that_there_are() {
    let review = fs::read_to_string(format!("{ROOT}/docs/review.md")).unwrap();
    let named: Vec<&str> = review.split('`').skip(1).step_by(2).filter(|word| word.contains('/')).collect();
    let gone: Vec<&&str> = named.iter().filter(|path| !Path::new(ROOT).join(path).exists()).collect();
    assert!(named.len() > 80 && gone.is_empty(), "of {}: {gone:?}", named.len());

    let tests = named.iter().filter(|path| path.contains("tests/it/"));
    let tests: String = tests.map(|path| fs::read_to_string(format!("{ROOT}/{path}")).unwrap()).collect();
    let is_name =
        |word: &&str| word.contains('_') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let names = review.split('`').skip(1).step_by(2).filter(is_name).filter(|name| !LINTS.contains(name));
    let gone: Vec<&str> = names.filter(|name| !tests.contains(&format!("fn {name}("))).collect();
    assert!(gone.is_empty(), "no such tests: {gone:?}");
}

const LINTS: [&str; 3] = ["arithmetic_side_effects", "indexing_slicing", "pg_dump"];
