//! Small databases with one thing wrong or planted in each, over this repository's own lock.

use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::*;

const ROOT: &str = "../..";

fn today() -> Date {
    day("2026-11-26").unwrap()
}

/// A folder with this repository's `Cargo.lock`, and a database of advisories of `today`.
struct Fixture(TempDir);

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("db/crates")).unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        fs::copy(format!("{ROOT}/Cargo.lock"), folder.path().join("root/Cargo.lock")).unwrap();
        Self(folder).with("db/DATE", "2026-11-26 0123456789abcdef\n")
    }

    /// With one sound advisory about a package that is nowhere, so that the database is not empty.
    fn unrelated() -> Self {
        Self::new().advisory("RUSTSEC-2026-0001", "nowhere-to-be-seen", "", "patched = []")
    }

    fn with(self, path: &str, text: &str) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn advisory(self, id: &str, package: &str, more: &str, versions: &str) -> Self {
        let head = format!("[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-11-20\"\n{more}\n");
        let text = format!("```toml\n{head}\n[versions]\n{versions}\n```\n\n# It leaks\n\nEverything.\n");
        self.with(&format!("db/crates/{package}/{id}.md"), &text)
    }

    fn allow(self, lines: &str) -> Self {
        self.with("root/advisories.toml", &format!("[[allow]]\n{lines}\n"))
    }

    /// What is printed, and whether that is good.
    fn scan(&self) -> io::Result<(String, bool)> {
        self.scan_aged(30)
    }

    fn scan_aged(&self, max_age: i64) -> io::Result<(String, bool)> {
        let options = Options { advisories: &self.0.path().join("db"), max_age, today: today() };
        let scan = Scan::new(&self.0.path().join("root"), &options)?;
        Ok((scan.to_string(), scan.is_clean()))
    }

    fn refusal(&self) -> String {
        self.scan().map(|(text, _)| text).unwrap_err().to_string()
    }
}

/// One that the core has, in the lock's version.
fn planted(more: &str, versions: &str) -> Fixture {
    Fixture::unrelated().advisory("RUSTSEC-2026-0002", "subtle", more, versions)
}

#[test]
fn a_planted_advisory_is_found_and_nothing_else_is() {
    let (text, clean) = planted("", "patched = []").scan().unwrap();
    assert!(!clean, "{text}");
    assert!(text.contains("FOUND: RUSTSEC-2026-0002 (vulnerability) subtle 2."), "{text}");
    assert!(text.contains(" in Cargo.lock: It leaks\n"), "{text}");
    assert!(text.ends_with("in 1 locks: 1 found, 0 of them allowed\n"), "{text}");

    let (text, clean) = Fixture::unrelated().scan().unwrap();
    assert!(clean && !text.contains("FOUND"), "{text}");
    assert!(text.starts_with("1 advisories of 2026-11-26, 0 days old, the newest one of 2026-11-20\n"), "{text}");
    assert!(text.contains("\nCargo.lock: 4") && text.contains(" packages looked up, "), "{text}");
}

#[test]
fn versions_that_are_patched_or_were_never_affected_are_let_alone() {
    for (versions, is_clean) in [
        ("patched = [\">= 2.0.0\"]", true),
        ("patched = [\">= 99.0.0\"]", false),
        ("patched = []\nunaffected = [\"< 99.0.0\"]", true),
        ("patched = [\">= 99.0.0\"]\nunaffected = [\"< 2.0.0\"]", false),
    ] {
        assert_eq!(planted("", versions).scan().unwrap().1, is_clean, "{versions}");
    }
}

#[test]
fn what_was_withdrawn_counts_for_nothing() {
    let withdrawn = "withdrawn = \"2026-11-21\"";
    assert!(planted(withdrawn, "patched = []").scan().unwrap().1);
    let alone = Fixture::new().advisory("RUSTSEC-2026-0002", "subtle", withdrawn, "patched = []");
    assert!(alone.refusal().contains("there are none"));
}

#[test]
fn without_advisories_nothing_is_proved() {
    assert!(Fixture::new().refusal().contains("there are none"));

    let fixture = Fixture::unrelated();
    fs::remove_dir_all(fixture.0.path().join("db/crates")).unwrap();
    assert!(fixture.refusal().starts_with("no advisories were looked up: "));

    let fixture = Fixture::unrelated();
    fs::remove_dir_all(fixture.0.path().join("db")).unwrap();
    assert!(fixture.refusal().contains("no file DATE"));
}

#[test]
fn an_old_database_is_refused_and_one_without_a_date_too() {
    let dated = |stamp| Fixture::unrelated().with("db/DATE", stamp);
    assert!(dated("2026-10-27 0123").scan_aged(30).unwrap().1);
    assert!(dated("2026-10-26 0123").refusal().contains("31 days old; 30 are allowed"));
    assert!(dated("2026-11-27").refusal().contains("after 2026-11-26"));
    for stamp in ["", "yesterday", "2026-02-30", "26-11-2026"] {
        assert!(dated(stamp).refusal().contains("is no date"), "{stamp}");
    }
    let fixture = Fixture::unrelated();
    fs::remove_file(fixture.0.path().join("db/DATE")).unwrap();
    assert!(fixture.refusal().contains("no file DATE says how old they are"));
}

#[test]
fn one_file_that_cannot_be_read_spoils_the_database() {
    for text in ["# No data\n", "```toml\n[advisory]\nid = \"RUSTSEC-2026-0003\"\n```\n\n# Half\n", ""] {
        let fixture = Fixture::unrelated().with("db/crates/subtle/RUSTSEC-2026-0003.md", text);
        assert!(fixture.refusal().starts_with("no advisories were looked up: "), "{text}");
    }
    // In the folder of another package it would never be asked for.
    let text =
        fs::read_to_string(Fixture::unrelated().0.path().join("db/crates/nowhere-to-be-seen/RUSTSEC-2026-0001.md"));
    let fixture = Fixture::new().with("db/crates/subtle/RUSTSEC-2026-0001.md", &text.unwrap());
    assert!(fixture.refusal().contains("subtle"));
}

#[test]
fn what_is_informational_is_found_and_can_be_allowed_for_a_time() {
    let unsound = || planted("informational = \"unsound\"", "patched = []");
    let (text, clean) = unsound().scan().unwrap();
    assert!(!clean && text.contains("FOUND: RUSTSEC-2026-0002 (unsound) subtle"), "{text}");

    let entry = |lock, until, reason| {
        format!(
            "id = \"RUSTSEC-2026-0002\"\npackage = \"subtle\"\nlock = \"{lock}\"\nuntil = \"{until}\"\nreason = \"{reason}\""
        )
    };
    let allowed = |until| unsound().allow(&entry("Cargo.lock", until, "its function is not called")).scan();
    let (text, clean) = allowed("2026-11-26").unwrap();
    assert!(clean && text.contains("allowed until 2026-11-26: RUSTSEC-2026-0002"), "{text}");
    assert!(text.contains("\n  its function is not called\n"), "{text}");
    assert!(text.ends_with("1 found, 1 of them allowed\n"), "{text}");

    let (text, clean) = allowed("2026-11-25").unwrap();
    assert!(!clean && text.contains("FOUND: ") && text.contains("USELESS: "), "{text}");
    for (right, wrong) in
        [("\"Cargo.lock", "\"benches/Cargo.lock"), ("RUSTSEC-2026-0002", "RUSTSEC-2026-0001"), ("subtle", "zeroize")]
    {
        let other = entry("Cargo.lock", "2026-12-31", "of something else").replace(right, wrong);
        assert!(!unsound().allow(&other).scan().unwrap().1, "{wrong}");
    }

    for (until, reason, why) in [
        ("2027-05-26", "far away", "more than 180 days"),
        ("soon", "no date", "is no date"),
        ("2026-12-31", " ", "without a reason"),
    ] {
        assert!(unsound().allow(&entry("Cargo.lock", until, reason)).refusal().contains(why), "{why}");
    }
    assert!(unsound().allow("id = \"RUSTSEC-2026-0002\"").refusal().contains("missing field"));
    let more = format!("{}\nforever = true", entry("Cargo.lock", "2026-12-31", "more"));
    assert!(unsound().allow(&more).refusal().contains("unknown field"));
}

#[test]
fn an_exception_that_nothing_needs_is_a_fault() {
    let entry = "id = \"RUSTSEC-2020-0001\"\npackage = \"gone\"\nlock = \"Cargo.lock\"\nuntil = \"2026-12-31\"\nreason = \"was there\"";
    let (text, clean) = Fixture::unrelated().allow(entry).scan().unwrap();
    assert!(!clean && text.contains("USELESS: advisories.toml allows RUSTSEC-2020-0001 for gone"), "{text}");
}

#[test]
fn a_lock_with_nothing_to_look_up_is_refused() {
    let fixture = Fixture::unrelated();
    fs::remove_file(fixture.0.path().join("root/Cargo.lock")).unwrap();
    assert_eq!(fixture.refusal(), "no Cargo.lock was found");

    let own = "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n";
    let elsewhere =
        "\n[[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\nsource = \"registry+https://registry.example/index\"\n";
    for lock in ["version = 4\n", own, &format!("{own}{elsewhere}")] {
        let fixture = Fixture::unrelated().with("root/fuzz/Cargo.lock", lock);
        assert_eq!(fixture.refusal(), "fuzz/Cargo.lock: no package of it could be looked up");
    }
    assert!(
        Fixture::unrelated().with("root/fuzz/Cargo.lock", "[[package]]").refusal().starts_with("fuzz/Cargo.lock: ")
    );

    let both = format!("{}{elsewhere}", fs::read_to_string(format!("{ROOT}/Cargo.lock")).unwrap());
    let (text, _) = Fixture::unrelated().with("root/fuzz/Cargo.lock", &both).scan().unwrap();
    assert!(text.contains("\n  theirs of fuzz/Cargo.lock: not of the registry\n"), "{text}");
}

#[test]
fn every_lock_is_read_and_what_cannot_be_is_named() {
    let lock = fs::read_to_string(format!("{ROOT}/Cargo.lock")).unwrap();
    let fixture = planted("", "patched = []").with("root/deep/down/Cargo.lock", &lock);
    let fixture = fixture.with("root/target/Cargo.lock", "rubbish").with("root/.git/Cargo.lock", "rubbish");
    let fixture =
        fixture.with("root/node/package-lock.json", "").with("root/node/node_modules/a/package-lock.json", "");
    let fixture = fixture.with("root/python/requirements-dev.txt", "").with("root/kotlin/pom.xml", "");
    let (text, _) = fixture.scan().unwrap();
    assert!(text.contains(" in Cargo.lock: ") && text.contains(" in deep/down/Cargo.lock: "), "{text}");
    let expected =
        "here:\n  kotlin/pom.xml\n  node/package-lock.json\n  python/requirements-dev.txt\n  Rust's compiler";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn this_repository_s_locks_are_all_known() {
    let (locks, unexamined) = locks::read_all(Path::new(ROOT)).unwrap();
    let locks: Vec<&str> = locks.iter().map(|lock| lock.path.as_str()).collect();
    for lock in ["Cargo.lock", "benches/Cargo.lock", "bindings/mobile/bindgen/Cargo.lock"] {
        assert!(locks.contains(&lock), "{lock}");
    }
    for path in ["bindings/node/package-lock.json", "testkit/ref/requirements.txt", "bindings/mobile/kotlin/pom.xml"] {
        assert!(unexamined.iter().any(|other| other == path), "{path}");
    }
    Allowed::read(Path::new(ROOT).join(ALLOWED).as_path(), today()).unwrap();
}

#[test]
fn the_age_has_to_be_said() {
    let parse = |arguments: &'static [&'static str]| Options::parse(arguments, today());
    let options = parse(&["--advisories", "db", "--max-age", "30"]).unwrap();
    assert_eq!((options.advisories, options.max_age, options.today), (Path::new("db"), 30, today()));
    let options = parse(&["--advisories", "db", "--max-age", "30", "--today", "2026-01-31"]).unwrap();
    assert_eq!(options.today, day("2026-01-31").unwrap());
    for wrong in [
        &[][..],
        &["--advisories", "db"],
        &["--max-age", "30"],
        &["--advisories", "db", "--max-age", "366"],
        &["--advisories", "db", "--max-age", "-1"],
        &["--advisories", "db", "--max-age", "many"],
        &["--advisories", "db", "--max-age", "30", "--today", "now"],
    ] {
        assert!(parse(wrong).is_err(), "{wrong:?}");
    }
}

/// The database itself, in `PORTWARD_ADVISORIES`: it has to find what is known to be there.
#[test]
#[ignore = "takes the whole database"]
fn the_real_database_finds_what_it_knows() {
    let folder = std::env::var("PORTWARD_ADVISORIES").expect("PORTWARD_ADVISORIES names the database");
    let lock = fs::read_to_string(format!("{ROOT}/Cargo.lock")).unwrap();
    let (before, rest) = lock.split_once("name = \"smallvec\"\nversion = \"").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    let fixture = Fixture::unrelated()
        .with("root/Cargo.lock", &format!("{before}name = \"smallvec\"\nversion = \"1.6.0\"{after}"));
    let options = Options { advisories: Path::new(&folder), max_age: AGE_MAX, today: OffsetDateTime::now_utc().date() };
    let scan = Scan::new(&fixture.0.path().join("root"), &options).unwrap();
    let ids: Vec<&str> = scan.found.iter().map(|found| found.id.as_str()).collect();
    assert_eq!(ids, ["RUSTSEC-2021-0003"]);
}
