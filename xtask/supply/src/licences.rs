//! `licences`: the texts that have to go along with what is compiled into a package, in a file that the package carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::tool;

/// What users get compiled, as the release builds it.
struct Package {
    name: &'static str,
    folder: &'static str,
    features: &'static str,
}

const PACKAGES: [Package; 2] = [
    Package { name: "portward-python", folder: "bindings/python", features: "abi3-py310,fast-aes" },
    Package { name: "portward-node", folder: "bindings/node", features: "fast-aes" },
];

/// Writes the file of each package.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> io::Result<bool> {
    if !arguments.is_empty() {
        return Err(io::Error::other("usage: cargo xtask licences"));
    }
    for package in PACKAGES {
        let text = package.licences(root)? + &package.notices(root)?;
        let path = root.join(package.folder).join(FILE);
        fs::write(&path, text)?;
        println!("{}", path.display());
    }
    Ok(true)
}

impl Package {
    fn licences(&self, root: &Path) -> io::Result<String> {
        let manifest = format!("{}/Cargo.toml", self.folder);
        let mut cargo = tool::ABOUT.cargo(root)?;
        cargo.args(["about", "generate", "--fail", "--locked", "--offline", "--manifest-path", &manifest]);
        cargo.args(["--features", self.features, "--config", "xtask/supply/about.toml", "xtask/supply/about.hbs"]);
        let written = self.told(&mut cargo)?;
        Ok(written.lines().map(|line| format!("{}\n", line.trim_end())).collect())
    }

    /// Apache-2.0, 4 (d): what a crate has to say stands beside its licence.
    fn notices(&self, root: &Path) -> io::Result<String> {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(root).args(["metadata", "--locked", "--offline", "--format-version", "1"]);
        let metadata: Value = serde_json::from_str(&self.told(&mut cargo)?)?;
        let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
        let mut notices = BTreeMap::new();
        let linked = self.crates(root)?;
        for package in packages {
            let member = |name: &str| package.get(name).and_then(Value::as_str).unwrap_or_default();
            let name = format!("{} {}", member("name"), member("version"));
            let folder = Path::new(member("manifest_path")).parent().unwrap_or(root);
            if linked.contains(&name)
                && let Ok(text) = fs::read_to_string(folder.join("NOTICE"))
            {
                notices.insert(name, text);
            }
        }
        Ok(notices.iter().map(|(name, text)| format!("\n{RULE}\nNOTICE of {name}\n\n{}\n", text.trim_end())).collect())
    }

    /// What of others Cargo compiles for it, each with its version: for the systems of `about.toml`.
    fn crates(&self, root: &Path) -> io::Result<BTreeSet<String>> {
        let about: toml::Table = toml::from_str(&fs::read_to_string(root.join("xtask/supply/about.toml"))?)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let targets = about.get("targets").and_then(toml::Value::as_array).into_iter().flatten();
        let mut cargo = Command::new("cargo");
        cargo.current_dir(root).args(["tree", "-p", self.name, "--features", self.features, "--locked"]);
        cargo.args(["-e", "normal", "--prefix", "none", "-f", "{p}"]);
        for target in targets.filter_map(toml::Value::as_str) {
            cargo.args(["--target", target]);
        }
        let tree = self.told(&mut cargo)?;
        // What is of this repository has its path behind it.
        let of_others = tree.lines().filter(|line| !line.is_empty() && !line.contains("(/"));
        Ok(of_others.filter_map(|line| line.replacen(" v", " ", 1).split(" (").next().map(str::to_owned)).collect())
    }

    fn told(&self, command: &mut Command) -> io::Result<String> {
        let output = command.output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(io::Error::other(format!("{}: {}", self.name, String::from_utf8_lossy(&output.stderr))))
    }
}

const FILE: &str = "THIRD-PARTY.txt";
const RULE: &str = "================================================================================";

#[cfg(test)]
mod tests {
    use super::*;

    /// The crates of others, each in a line of its own.
    fn listed(text: &str) -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("  * "));
        let of_others = lines.filter(|line| !line.starts_with("portward"));
        of_others.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn each_package_has_the_licences_of_what_is_compiled_into_it() {
        let root = Path::new("../..");
        for package in PACKAGES {
            let text = fs::read_to_string(root.join(package.folder).join(FILE)).unwrap();
            let crates = package.crates(root).unwrap();
            assert!(crates.len() > 150, "{}: {crates:?}", package.name);
            assert_eq!(listed(&text), crates, "{}: `cargo xtask licences` writes it", package.name);
            for said in ["Apache License", "Permission is hereby granted", "NOTICE of moka", "UNICODE LICENSE"] {
                assert!(text.contains(said), "{}: {said}", package.name);
            }
        }
    }
}
