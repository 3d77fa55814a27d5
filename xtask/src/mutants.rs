//! Whether the tests would notice: cargo-mutants changes the code that decides who gets in, one place at a time, and a test has to fail.
//! `.cargo/mutants.toml` says what is not changed, and why.

use std::fs;
use std::io;
use std::process::Command;

use serde_json::Value;

use crate::log::Log;
use crate::need::Need;
use crate::report::Report;
use crate::tally::Tally;

pub(crate) const NEEDS: &[Need] = &[Need::CargoTool { name: "cargo-mutants", version: "27.1.0" }];

/// Files that are tested by the same tests. Fewer tests than all, so that a change takes seconds.
struct Group {
    name: &'static str,
    package: &'static str,
    /// Below the package's folder.
    files: &'static [&'static str],
    /// What `cargo test` is told.
    tests: &'static [&'static str],
}

/// The long form, of one group.
pub(crate) fn run(log: &mut Log, name: &str) -> io::Result<Report> {
    let group = GROUPS.iter().find(|group| group.name == name);
    let group = group.ok_or_else(|| io::Error::other(format!("no group `{name}`")))?;
    let outcome = group.run(log)?;
    for survivor in &outcome.survivors {
        log.note(&format!("survived: {survivor}"))?;
    }
    let command = format!("cargo mutants -p {} -f {}", group.package, group.files.join(" -f "));
    Ok(Report { command, tally: outcome.tally(), result: outcome.told() })
}

pub(crate) fn groups() -> io::Result<Vec<String>> {
    Ok(GROUPS.iter().map(|group| group.name.to_owned()).collect())
}

impl Group {
    fn run(&self, log: &mut Log) -> io::Result<Outcome> {
        let folder = format!("target/xtask/mutants-{}", self.name);
        // What an earlier run found is not of this one.
        if fs::exists(&folder)? {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut cargo = Command::new("cargo");
        cargo.args(["mutants", "-j1", "--no-shuffle", "--colors", "never", "-o", &folder, "-p", self.package]);
        for file in self.files {
            cargo.args(["-f", &format!("crates/{}/src/{file}", self.package)]);
        }
        // Of its own, so that groups can run beside each other.
        let built = std::env::current_dir()?.join(&folder).join("target");
        log.run(cargo.arg("--").args(self.tests).env("CARGO_TARGET_DIR", built))?;
        let read = |name: &str| fs::read_to_string(format!("{folder}/mutants.out/{name}.json"));
        Outcome::read(&read("mutants")?, &read("outcomes")?)
    }
}

struct Outcome {
    caught: u64,
    /// Those with which a test does not end. Waiting for ever is noticed, so they count as caught.
    timeouts: u64,
    /// Those that do not compile: the types caught them.
    unviable: u64,
    survivors: Vec<String>,
}

impl Outcome {
    /// From `mutants.json`, all that there are, and `outcomes.json`.
    fn read(mutants: &str, outcomes: &str) -> io::Result<Self> {
        let (all, value): (Vec<Value>, Value) = (serde_json::from_str(mutants)?, serde_json::from_str(outcomes)?);
        let count = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
        // It is written anew after each mutant, and holds the run without one alone where that failed.
        let done: u64 = ["caught", "missed", "timeout", "unviable"].into_iter().map(count).sum();
        if all.is_empty() || done != all.len() as u64 {
            return Err(io::Error::other(format!("{done} of {} mutants were run", all.len())));
        }
        let survived = |outcome: &&Value| outcome.get("summary").and_then(Value::as_str) == Some("MissedMutant");
        let name = |outcome: &Value| outcome.pointer("/scenario/Mutant/name")?.as_str().map(str::to_owned);
        let all = value.get("outcomes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let survivors = all.iter().filter(survived).filter_map(name).collect();
        Ok(Self { caught: count("caught"), timeouts: count("timeout"), unviable: count("unviable"), survivors })
    }

    fn told(&self) -> String {
        let Self { caught, timeouts, unviable, survivors } = self;
        format!("{caught} caught, {timeouts} without an end, {unviable} not compiled, {} survived", survivors.len())
    }

    fn tally(&self) -> Tally {
        Tally { passed: self.caught + self.timeouts, failed: self.survivors.len() as u64, skipped: 0 }
    }
}

const TOKEN: &[&str] = &[
    "--lib",
    "--test",
    "it",
    "--",
    "token",
    "vectors::token",
    "vectors::links",
    "vectors::redeem",
    "session",
    "holder",
];
const VIEW: &[&str] = &[
    "--lib",
    "--test",
    "it",
    "--",
    "revocation",
    "view",
    "schedule",
    "session",
    "vectors::revocation",
    "vectors::feed",
];
const ENVELOPE: &[&str] =
    &["--lib", "--test", "it", "--", "envelope", "vectors::envelope", "vectors::wrapped", "vault"];

/// A group of the core.
const fn core(name: &'static str, files: &'static [&'static str], tests: &'static [&'static str]) -> Group {
    Group { name, package: "portward", files, tests }
}

const GROUPS: &[Group] = &[
    core("verify", &["token/verify.rs", "token/authentic.rs", "token/chain.rs", "token/cache.rs"], TOKEN),
    core("parse", &["token/frame.rs", "token/head.rs", "token/access.rs"], TOKEN),
    core("attenuation", &["token/block.rs", "token/holder.rs", "token/grant.rs"], TOKEN),
    core("view", &["revocation/view.rs", "revocation/state.rs", "revocation/tenant.rs", "revocation/stamp.rs"], VIEW),
    core("table", &["revocation/table.rs", "revocation/filter.rs", "revocation/cell.rs"], VIEW),
    core(
        "feed",
        &["revocation/message.rs", "revocation/body.rs", "revocation/follower.rs", "revocation/authority.rs"],
        VIEW,
    ),
    core("redeem", &["token/nonce.rs", "token/stored.rs"], TOKEN),
    Group {
        name: "redeem-store",
        package: "portward-store",
        files: &["store/redeem.rs"],
        tests: &["--features", "links", "--test", "store", "--", "redeem", "registry"],
    },
    Group {
        name: "redeem-http",
        package: "portward-http",
        files: &["rules.rs", "read.rs", "action.rs", "origin.rs", "cookie.rs", "outcome.rs"],
        tests: &["--lib", "--tests"],
    },
    core(
        "mac",
        &["primitive/mac.rs", "primitive/hash.rs", "key/row.rs"],
        &["--lib", "--", "primitive", "row", "vectors"],
    ),
    core("body", &["envelope/body.rs", "envelope/header.rs", "envelope/find.rs"], ENVELOPE),
    core("open", &["envelope/reader.rs", "envelope/range.rs", "envelope/seal.rs"], ENVELOPE),
    core("wrap", &["envelope/wrap.rs", "envelope/slot.rs", "envelope/context.rs"], ENVELOPE),
    core("kek", &["envelope/tenant_kek.rs", "envelope/root_kek.rs", "envelope/tombstones.rs"], ENVELOPE),
    core("data-key", &["envelope/keys.rs", "envelope/data_key.rs"], ENVELOPE),
    core("vault", &["envelope/vault.rs", "envelope/wrapped_keyring.rs"], ENVELOPE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read() {
        let json = r#"{"outcomes": [
            {"scenario": "Baseline", "summary": "Success"},
            {"scenario": {"Mutant": {"name": "a.rs:1:1: replace a"}}, "summary": "CaughtMutant"},
            {"scenario": {"Mutant": {"name": "a.rs:2:1: replace b"}}, "summary": "MissedMutant"}
        ], "caught": 1, "missed": 1, "timeout": 0, "unviable": 3}"#;
        let outcome = Outcome::read("[1, 2, 3, 4, 5]", json).unwrap();
        assert_eq!(outcome.survivors, ["a.rs:2:1: replace b"]);
        assert_eq!(outcome.told(), "1 caught, 0 without an end, 3 not compiled, 1 survived");
        assert_eq!(outcome.tally(), Tally { passed: 1, failed: 1, skipped: 0 });
        assert!(Outcome::read("[1, 2, 3, 4, 5, 6]", json).is_err(), "it was killed halfway");
        let failed = r#"{"outcomes": [{"scenario": "Baseline", "summary": "Failure"}]}"#;
        assert!(Outcome::read("[1]", failed).is_err(), "nothing was changed");
        assert!(Outcome::read("[]", failed).is_err());
    }

    #[test]
    fn every_file_is_there() {
        for group in GROUPS {
            for file in group.files {
                assert!(fs::exists(format!("../crates/{}/src/{file}", group.package)).unwrap(), "{file}");
            }
        }
    }
}
