//! `cargo xtask assure supply`: what takes tools that have to be built first, or the release itself.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use flate2::read::ZlibDecoder;
use serde_json::Value;

use crate::{sbom, tool};

const ROOT: &str = "../..";
const BINARY: &str = "target/release/portward";

#[test]
#[ignore = "cargo-deny"]
fn licences_second_versions_and_sources_are_as_deny_toml_says() {
    assert!(deny("deny.toml"));
    // It can fail: without one of the licences, and without one reason for a second version.
    for (line, what) in [("    \"Zlib\",\n", "zlib"), ("    { crate = \"sha2@0.10\"", "sha2")] {
        let config = fs::read_to_string(format!("{ROOT}/deny.toml")).unwrap();
        let (before, after) = config.split_once(line).unwrap();
        let rest = if line.ends_with('\n') { after } else { after.split_once('\n').unwrap().1 };
        let path = format!("target/deny-without-{what}.toml");
        fs::write(Path::new(ROOT).join(&path), format!("{before}{rest}")).unwrap();
        assert!(!deny(&path), "{what}");
    }
}

fn deny(config: &str) -> bool {
    let mut cargo = tool::DENY.cargo(Path::new(ROOT)).unwrap();
    cargo.args(["deny", "--offline", "--config", config, "check", "licenses", "bans", "sources"]);
    cargo.output().unwrap().status.success()
}

#[test]
#[ignore = "cargo-cyclonedx"]
fn every_artefact_has_a_list_of_what_is_built_into_it() {
    let folder = tempfile::tempdir().unwrap();
    assert!(sbom::run(Path::new(ROOT), &["--out", folder.path().to_str().unwrap()]).unwrap());
    let names = |package: &str| {
        let text = fs::read_to_string(folder.path().join(format!("{package}.cdx.json"))).unwrap();
        let bom: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(bom["bomFormat"], "CycloneDX");
        let components = bom["components"].as_array().unwrap();
        components.iter().map(|component| component["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 9);
    assert!(names("portward").contains("sha2") && !names("portward").contains("sqlx"));
    assert!(names("portward-node").contains("napi") && !names("portward-node").contains("pyo3"));
    assert!(names("portward-python").contains("pyo3") && names("portward-python").contains("graviola"));
    assert!(names("portward-mobile").contains("uniffi"));
    for stores in ["portward-store", "sqlx", "tokio", "ring"] {
        assert!(!names("portward-mobile").contains(stores), "{stores}");
    }
}

#[test]
#[ignore = "builds the command as it is released"]
fn the_command_carries_the_list_of_what_it_is_made_of() {
    let mut cargo = tool::AUDITABLE.cargo(Path::new(ROOT)).unwrap();
    cargo.args(["auditable", "build", "--release", "--locked", "-p", "portward-cli"]);
    assert!(cargo.env("CARGO_TARGET_DIR", "target").status().unwrap().success());
    let carried = carried(BINARY);
    assert!(carried.contains("portward-cli") && carried.contains("graviola"), "{carried:?}");

    // It may name more than is linked, of other members of the workspace; never less.
    let tree = ["tree", "-p", "portward-cli", "-e", "normal", "--prefix", "none", "-f", "{p}", "--locked"];
    let output = Command::new("cargo").args(tree).current_dir(ROOT).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let built: BTreeSet<String> = text.lines().filter_map(|line| Some(line.split_once(" v")?.0.to_owned())).collect();
    let missing: Vec<&String> = built.difference(&carried).collect();
    assert!(built.len() > 100 && missing.is_empty(), "{missing:?}");
}

/// The names in the section that `cargo auditable` adds: JSON, compressed by zlib.
fn carried(binary: &str) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let section = folder.path().join("section");
    let mut objcopy = Command::new("objcopy");
    objcopy.current_dir(ROOT).args(["-O", "binary", "--only-section=.dep-v0", "--set-section-flags", ".dep-v0=alloc"]);
    assert!(objcopy.arg(binary).arg(&section).status().unwrap().success());
    let mut json = String::new();
    ZlibDecoder::new(fs::File::open(section).unwrap()).read_to_string(&mut json).unwrap();
    let list: Value = serde_json::from_str(&json).unwrap();
    let packages = list["packages"].as_array().unwrap().iter();
    packages.map(|package| package["name"].as_str().unwrap().to_owned()).collect()
}
