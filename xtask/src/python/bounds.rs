//! The oldest framework that each extra of the package names.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::log::Log;
use crate::tally::Tally;

const PROJECT: &str = "bindings/python/pyproject.toml";

/// With each in an environment of its own, the part for it is imported.
pub(super) fn oldest(log: &mut Log, wheel: &Path) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for (extra, requirement) in extras(&fs::read_to_string(PROJECT)?) {
        log.note(&format!("with {requirement}"))?;
        let folder = format!("target/venv-wheels/oldest-{extra}");
        let python = format!("{folder}/bin/python");
        let made = log.run(Command::new("python3").args(["-m", "venv", "--clear", &folder]))?.success;
        let install = ["-m", "pip", "install", "--quiet", &requirement];
        let imports = format!("import portward.{extra}");
        let imported = made
            && log.run(Command::new(&python).args(install).arg(wheel))?.success
            && log.run(Command::new(&python).args(["-c", &imports]))?.success;
        tally = tally + Tally::one(imported);
    }
    Ok(tally)
}

/// Name and requirement of each extra, whose lower bound is made the one version.
fn extras(project: &str) -> Vec<(String, String)> {
    let table = project.split("[project.optional-dependencies]").nth(1).unwrap_or_default();
    let lines = table.lines().skip(1).take_while(|line| !line.starts_with('['));
    let parts = lines.filter_map(|line| {
        let (extra, rest) = line.split_once(" = ")?;
        Some((extra.to_owned(), rest.split('"').nth(1)?.replace(">=", "==")))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_is_pinned_to_its_bound() {
        let project = "[project.optional-dependencies]\na = [\"a>=1.2\"]\nb = [\"b>=3\"]\n\n[tool]\nc = \"d>=4\"\n";
        let pinned = [("a", "a==1.2"), ("b", "b==3")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(extras(project), pinned);
        assert!(extras("").is_empty());
    }
}
