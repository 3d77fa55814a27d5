//! The library for phones: built, looked through for keys, generated into Kotlin and Swift, and tested from Kotlin.

mod base;
mod keys;
mod kotlin;
mod kotlinc;
mod surface;
mod swift;

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use self::base::{FOLDER, cargo};
use crate::log::Log;
use crate::tally::Tally;

const BUILT: &str = "target/mobile/build/mobile";
const LIBRARY: &str = "libportward_mobile.so";
const BINDGEN: &str = "bindings/mobile/bindgen/Cargo.toml";
const SIZE_MAX: u64 = 1_500_000;

pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    let Some(library) = build(log)? else { return Ok(Tally::FAILED) };
    let keys = keys::none(log, &library)?;
    let size = size(log, &library)?;
    if !generate(log, &library)? {
        return Ok(keys + size + Tally::FAILED);
    }
    Ok(keys + size + swift::run(log)? + kotlin::run(log)?)
}

/// As it is shipped, but with its symbols: they are looked at, and bindings are generated from them.
fn build(log: &mut Log) -> io::Result<Option<String>> {
    let build = ["build", "-p", "portward-mobile", "--profile", "mobile", "--target-dir", "target/mobile/build"];
    let built = log.run(&mut cargo(&build))?;
    Ok(built.success.then(|| format!("{BUILT}/{LIBRARY}")))
}

fn size(log: &mut Log, library: &str) -> io::Result<Tally> {
    let native = Path::new(FOLDER).join("native");
    fs::create_dir_all(&native)?;
    let stripped = native.join(LIBRARY);
    let strip = log.run(Command::new("strip").arg("-o").arg(&stripped).arg(library))?;
    let bytes = fs::metadata(&stripped)?.len();
    log.note(&format!("{bytes} bytes without symbols"))?;
    Ok(Tally::one(strip.success && bytes < SIZE_MAX))
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
