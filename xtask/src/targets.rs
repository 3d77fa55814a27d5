//! Whether the packages for Python, Node and phones compile for the systems that nobody here has: their Rust is checked, with the standard library built
//! from its source by Debian's Rust. Nothing is linked or run, and what there is of C is not compiled.

use std::fs;
use std::io;
use std::process::Command;

use crate::log::Log;
use crate::need::Need;
use crate::report::Report;
use crate::tally::Tally;

pub(crate) const NEEDS: &[Need] = &[Need::Tool {
    probe: &["sh", "-c", "dpkg -L rustc-web cargo-web rust-web-src"],
    packages: &["rustc-web", "cargo-web", "rust-web-src"],
}];

/// What `PORTWARD_TARGETS` names, or all.
pub(crate) fn run(log: &mut Log) -> io::Result<Report> {
    let named = std::env::var("PORTWARD_TARGETS").unwrap_or_default();
    let is_named = |target: &str| named.is_empty() || named.split(' ').any(|name| name == target);
    let mut results = Vec::new();
    for (package, features, targets) in PACKAGES {
        for target in targets.iter().filter(|target| is_named(target)) {
            let success = log.run(&mut check(package, features, target)?)?.success;
            results.push((format!("{package} for {target}"), success));
        }
    }
    if results.is_empty() {
        return Err(io::Error::other(format!("PORTWARD_TARGETS: no target `{named}`")));
    }
    Ok(Report {
        command: "cargo check -Zbuild-std --target …".to_owned(),
        tally: results.iter().map(|(_, success)| Tally::one(*success)).sum(),
        result: format!("checked, not run: {}", told(&results)),
    })
}

fn told(results: &[(String, bool)]) -> String {
    let each = results.iter().map(|(name, success)| format!("{name}{}", if *success { "" } else { " **failed**" }));
    each.collect::<Vec<_>>().join(", ")
}

fn check(package: &str, features: &str, target: &str) -> io::Result<Command> {
    let cc = fs::canonicalize("xtask/src/targets/cc.sh")?;
    let mut cargo = Command::new(installed("cargo-web", "bin/cargo")?);
    cargo.args(["check", "--locked", "-Zbuild-std", "-p", package, "--features", features]);
    cargo.args(["--target", target, "--target-dir", "target/targets"]);
    // What runs here are build scripts and macros, once.
    cargo.args(["--config", "profile.dev.package.\"*\".opt-level=0"]);
    cargo.env("RUSTC", installed("rustc-web", "bin/rustc")?).env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_TERM_COLOR", "never").env("TARGET_CC", &cc).env("TARGET_AR", &cc);
    // pyo3 looks for no interpreter of the target: the stable ABI says all.
    cargo.env("PYO3_NO_PYTHON", "1");
    // The proxy of rustup that runs this command names its own.
    cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    Ok(cargo)
}

/// Where Debian's package has put a program.
fn installed(package: &str, program: &str) -> io::Result<String> {
    let listed = Command::new("dpkg").args(["-L", package]).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let found = listed.lines().find(|path| path.ends_with(program)).map(str::to_owned);
    found.ok_or_else(|| io::Error::other(format!("Debian's package {package} has no {program}")))
}

/// Those that wheels and npm packages are made for and that differ from the host in more than the name, and those of phones.
const PACKAGES: [(&str, &str, &[&str]); 3] = [
    ("portward-python", "abi3-py310,fast-aes", SERVERS),
    ("portward-node", "fast-aes", SERVERS),
    ("portward-mobile", "", &["aarch64-linux-android", "aarch64-apple-ios"]),
];

const SERVERS: &[&str] = &["aarch64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_told_with_what_did_not() {
        let results = [("a for x".to_owned(), true), ("a for y".to_owned(), false)];
        assert_eq!(told(&results), "a for x, a for y **failed**");
    }

    #[test]
    fn the_stand_in_makes_what_it_is_told_to_make() {
        let folder = std::path::Path::new("../target/xtask/tests/cc");
        fs::create_dir_all(folder).unwrap();
        for (words, made) in [
            (&["-c", "a.c", "-o", "a.o"][..], "a.o"),
            (&["-nologo", "-Fob.obj", "b.c"], "b.obj"),
            (&["cq", "libc.a", "c.o"], "libc.a"),
            (&["-out:d.lib", "d.obj"], "d.lib"),
        ] {
            let _ = fs::remove_file(folder.join(made));
            let script = fs::canonicalize("src/targets/cc.sh").unwrap();
            assert!(Command::new(script).args(words).current_dir(folder).status().unwrap().success());
            assert!(folder.join(made).exists(), "{made}");
        }
    }
}
