//! `cargo xtask scan`, `api`, `sbom` and `licences`: a program of its own answers, in `xtask/supply`.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::document;

/// Passes a command on; `--record` at the end of a scan also writes its answer into `docs/assurance.md`.
pub(crate) fn run(name: &str, arguments: &[&str]) -> io::Result<bool> {
    match (name, arguments) {
        ("scan", [arguments @ .., "--record"]) => record(arguments),
        _ => Ok(program()?.arg(name).args(arguments).status()?.success()),
    }
}

fn record(arguments: &[&str]) -> io::Result<bool> {
    let output = program()?.arg("scan").args(arguments).stderr(Stdio::inherit()).output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    print!("{answer}");
    if answer.is_empty() {
        return Ok(false);
    }
    let rows =
        format!("Advisories, {}: `cargo xtask scan {}`\n\n```\n{answer}```", document::today()?, shown(arguments));
    let page = document::read_or(PAGE, "Assurance")?;
    fs::write(PAGE, document::with_section(&page, "scan", &rows))?;
    Ok(output.status.success())
}

/// The arguments without the place of the database, which is of one machine.
fn shown(arguments: &[&str]) -> String {
    let before = [""].iter().chain(arguments);
    let hidden = before.zip(arguments).map(|(before, word)| if *before == "--advisories" { "DIR" } else { word });
    hidden.collect::<Vec<_>>().join(" ")
}

/// Not by `cargo run`: what that sets in the environment makes `ring` be built anew, and all that is built of it.
pub(crate) fn program() -> io::Result<Command> {
    let built = Command::new("cargo").args(["build", "--quiet", "--package", "portward-supply"]).status()?;
    if !built.success() {
        return Err(io::Error::other("`portward-supply` was not built"));
    }
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(Command::new(Path::new(&target).join("debug/portward-supply")))
}

const PAGE: &str = "docs/assurance.md";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_database_is_not_written_down() {
        let arguments = ["--advisories", "/home/me/db", "--max-age", "30"];
        assert_eq!(shown(&arguments), "--advisories DIR --max-age 30");
    }
}
