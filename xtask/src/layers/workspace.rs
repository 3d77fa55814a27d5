//! The workspace's packages, as `cargo metadata` tells.

use std::fs;
use std::io;
use std::process::Command;

use serde_json::Value;

pub(crate) struct Package {
    pub(crate) name: String,
    /// Relative to the repository's root, as all paths here.
    pub(crate) folder: String,
    pub(crate) manifest: String,
    pub(crate) manifest_text: String,
    pub(crate) dependencies: Vec<String>,
    /// The root files of its libraries and programs.
    pub(crate) roots: Vec<String>,
}

impl Package {
    pub(crate) fn is_binding(&self) -> bool {
        self.folder.starts_with("bindings/")
    }

    /// Bindings, and what speaks to valgrind, which no safe Rust can.
    pub(crate) fn may_be_unsafe(&self) -> bool {
        self.is_binding() || self.folder == "testkit/timing"
    }

    /// The line of the manifest that names a dependency.
    pub(crate) fn line_of(&self, dependency: &str) -> usize {
        let names = |line: &str| {
            let rest = line.trim_start().strip_prefix(dependency);
            rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
        };
        self.manifest_text.lines().position(names).map_or(1, |index| index + 1)
    }
}

pub(crate) fn packages() -> io::Result<Vec<Package>> {
    let output = Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let root = format!("{}/", text(&metadata, "workspace_root"));
    list(&metadata, "packages").iter().map(|package| read(package, &root)).collect()
}

fn read(package: &Value, root: &str) -> io::Result<Package> {
    let relative = |path: &str| path.strip_prefix(root).unwrap_or(path).to_owned();
    let manifest = relative(text(package, "manifest_path"));
    let targets = list(package, "targets").iter().filter(|target| !is_helper(target));
    Ok(Package {
        name: text(package, "name").to_owned(),
        folder: manifest.strip_suffix("/Cargo.toml").unwrap_or_default().to_owned(),
        manifest_text: fs::read_to_string(&manifest)?,
        manifest,
        dependencies: list(package, "dependencies").iter().map(|other| text(other, "name").to_owned()).collect(),
        roots: targets.map(|target| relative(text(target, "src_path"))).collect(),
    })
}

/// What is built only to test or to build the package.
fn is_helper(target: &Value) -> bool {
    let helpers = ["test", "bench", "example", "custom-build"];
    list(target, "kind").iter().any(|kind| kind.as_str().is_some_and(|kind| helpers.contains(&kind)))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
