//! Builds and runs what `benches/` holds.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use super::measure::{self, Measured};

/// The feature with which the core, and the raw cipher beside it, is the faster one.
pub(crate) const FAST: &str = "fast-aes";

/// Runs these of criterion's benches.
pub(crate) fn bench(benches: &[&str], features: &str, filter: Option<&str>) -> io::Result<bool> {
    let mut command = cargo("bench", features)?;
    command.args(benches.iter().flat_map(|bench| ["--bench", bench]));
    command.args(filter.iter().flat_map(|filter| ["--", filter]));
    Ok(command.status()?.success())
}

/// What they have measured since.
pub(crate) fn measured(since: SystemTime) -> io::Result<Measured> {
    measure::read(&target()?.join("criterion"), since)
}

/// Builds a binary; where it is, or `None` if it does not build. The next build of it takes its place.
pub(crate) fn build(binary: &str, features: &str) -> io::Result<Option<PathBuf>> {
    let built = cargo("build", features)?.args(["--profile", "bench", "--bin", binary]).status()?;
    Ok(built.success().then_some(target()?.join("release").join(binary)))
}

fn cargo(command: &str, features: &str) -> io::Result<Command> {
    let mut cargo = Command::new("cargo");
    cargo.args([command, "--manifest-path", "benches/Cargo.toml", "--features", features]);
    cargo.env("CARGO_TARGET_DIR", target()?);
    Ok(cargo)
}

fn target() -> io::Result<PathBuf> {
    Ok(env::current_dir()?.join("target/benches"))
}
