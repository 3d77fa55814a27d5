//! What portward is made of: `cargo xtask scan`, `api`, `sbom` and `licences` are answered here, apart from xtask because of what this takes to build.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]
#![expect(clippy::arithmetic_side_effects, reason = "counters and days far from their limits")]

mod api;
mod files;
mod licences;
#[cfg(test)]
mod long;
#[cfg(test)]
mod reasons;
mod sbom;
mod scan;
mod tool;

use std::path::Path;
use std::process::ExitCode;
use std::{env, io};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("supply: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs one command at the repository's root; `false` means it ran and found something wrong.
fn run(arguments: &[&str]) -> io::Result<bool> {
    match arguments {
        ["scan", arguments @ ..] => scan::run(Path::new("."), arguments),
        ["api", arguments @ ..] => api::run(arguments),
        ["sbom", arguments @ ..] => sbom::run(Path::new("."), arguments),
        ["licences", arguments @ ..] => licences::run(Path::new("."), arguments),
        _ => Err(io::Error::other("there are: scan, api, sbom, licences")),
    }
}
