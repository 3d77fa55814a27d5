//! The library for phones: built, looked through for keys, generated into Kotlin and Swift, and tested from Kotlin.

mod base;
mod keys;
mod kotlin;
mod kotlinc;
mod portal;
mod surface;
mod swift;

use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use self::base::{FOLDER, cargo, is_provided};
use self::portal::Portal;
use crate::log::Log;
use crate::need::Need;
use crate::tally::Tally;

pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    // Without these nothing is shown, which is no reason to leave it out.
    if !is_provided(log, NEEDS)? {
        return Ok(Tally::FAILED);
    }
    log.say("building the library")?;
    let library = build(log)?;
    log.say("the portal of the tests")?;
    let (Some(library), Some(portal)) = (library, Portal::build(log)?) else { return Ok(Tally::FAILED) };
    let keys = keys::none(log, &library, &portal)?;
    let size = size(log, &library)?;
    log.say("the generator, Kotlin and Swift")?;
    if !generate(log, &library)? {
        return Ok(keys + size + Tally::FAILED);
    }
    let swift = swift::run(log)?;
    log.say("testing Kotlin")?;
    Ok(keys + size + swift + kotlin::run(log, &portal)?)
}

/// As it is shipped, but with its symbols: they are looked at, and bindings are generated from them.
fn build(log: &mut Log) -> io::Result<Option<String>> {
    let build = ["build", "-p", "portward-mobile", "--profile", "mobile", "--target-dir", "target/mobile/build"];
    let built = log.run(&mut cargo(&build))?;
    Ok(built.success.then(|| format!("{BUILT}/{}", library())))
}

fn library() -> String {
    format!("libportward_mobile{DLL_SUFFIX}")
}

/// Small enough, and as the README says of this machine.
fn size(log: &mut Log, built: &str) -> io::Result<Tally> {
    let native = Path::new(FOLDER).join("native");
    fs::create_dir_all(&native)?;
    let stripped = native.join(library());
    // Of a library macOS takes away no more.
    let all: &[&str] = if cfg!(target_os = "macos") { &["-x"] } else { &[] };
    let strip = log.run(Command::new("strip").args(all).arg("-o").arg(&stripped).arg(built))?;
    let bytes = fs::metadata(&stripped)?.len();
    log.note(&format!("{bytes} bytes without symbols"))?;
    let is_told = !cfg!(all(target_os = "linux", target_arch = "x86_64"))
        || told_size(&fs::read_to_string(README)?).is_some_and(|told| told.abs_diff(bytes) < told / 20);
    if !is_told {
        log.note(&format!("{README} says another size"))?;
    }
    Ok(Tally::one(strip.success && bytes < SIZE_MAX) + Tally::one(is_told))
}

/// `**Size**: 1,234,567 bytes`
fn told_size(readme: &str) -> Option<u64> {
    let (digits, _) = readme.split_once("**Size**: ")?.1.split_once(" bytes")?;
    digits.replace(',', "").parse().ok()
}

fn generate(log: &mut Log, library: &str) -> io::Result<bool> {
    for folder in ["kotlin", "swift"] {
        let folder = Path::new(FOLDER).join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
    }
    let run = ["run", "--manifest-path", BINDGEN, "--target-dir", "target/mobile/bindgen", "--"];
    let generate = log.run(cargo(&run).args([library, "target/mobile/kotlin", "target/mobile/swift"]))?;
    Ok(generate.success)
}

const BUILT: &str = "target/mobile/build/mobile";
const BINDGEN: &str = "bindings/mobile/bindgen/Cargo.toml";
const README: &str = "bindings/mobile/README.md";
const SIZE_MAX: u64 = 1_500_000;
const NEEDS: &[Need] = &[
    Need::Tool { probe: &["nm", "--version"], packages: &["binutils"] },
    Need::Tool { probe: &["javac", "--version"], packages: &["openjdk-17-jdk-headless"] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_that_the_readme_says() {
        assert_eq!(told_size("**Size**: 1,234,567 bytes, stripped"), Some(1_234_567));
        assert_eq!(told_size("**Size**: small"), None);
    }
}
