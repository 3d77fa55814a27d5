//! Which crates of the workspace may depend on which.

use super::violation::Violation;
use super::workspace::Package;

/// A crate and the crates it may depend on, for whatever purpose.
const ARROWS: &[(&str, &[&str])] = &[
    ("portward", &["portward-test-randomness", "portward-test-vectors"]),
    ("portward-store", &["portward", "portward-test-randomness", "portward-test-servers", "portward-test-vectors"]),
    ("portward-rls", &["portward"]),
    ("portward-tls", &["portward"]),
    ("portward-kms", &["portward"]),
    ("portward-http", &["portward", "portward-store", "portward-test-randomness", "portward-test-vectors"]),
    (
        "portward-cli",
        &[
            "portward",
            "portward-store",
            "portward-rls",
            "portward-tls",
            "portward-kms",
            "portward-test-randomness",
            "portward-test-servers",
        ],
    ),
    (
        "portward-bridge",
        &["portward", "portward-http", "portward-store", "portward-rls", "portward-tls", "portward-kms"],
    ),
    ("portward-supply", &[]),
    ("portward-laws", &["portward", "portward-http", "portward-test-vectors"]),
    ("portward-timing", &["portward"]),
    ("portward-test-randomness", &[]),
    ("portward-test-servers", &[]),
    ("portward-test-vectors", &[]),
    ("xtask", &[]),
];
/// Bindings see the core through the bridge alone.
const BINDING: &[&str] = &["portward-bridge"];

pub(crate) fn check(packages: &[Package]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in packages {
        let row = ARROWS.iter().find(|(name, _)| *name == package.name);
        let allowed = if package.is_binding() { Some(BINDING) } else { row.map(|(_, allowed)| *allowed) };
        let mut report = |line, why| violations.push(Violation { path: package.manifest.clone(), line, why });
        let Some(allowed) = allowed else {
            report(1, format!("`{}` has no row in the table of crate arrows", package.name));
            continue;
        };
        for other in package.dependencies.iter().filter(|name| packages.iter().any(|other| other.name == **name)) {
            if !allowed.contains(&other.as_str()) {
                report(package.line_of(other), format!("`{}` may not depend on `{other}`", package.name));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &str, name: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            manifest: format!("{folder}/Cargo.toml"),
            manifest_text: format!("[dependencies]\nserde = \"1\"\n{}.workspace = true", dependencies.join("\n")),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
            roots: Vec::new(),
        }
    }

    fn broken(packages: &[Package]) -> Vec<String> {
        check(packages).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_point_down() {
        let store = package("crates/portward-store", "portward-store", &["portward"]);
        assert!(broken(&[package("crates/portward", "portward", &["serde"]), store]).is_empty());

        let store = package("crates/portward-store", "portward-store", &[]);
        let expected = "crates/portward/Cargo.toml:3: `portward` may not depend on `portward-store`";
        assert_eq!(broken(&[package("crates/portward", "portward", &["portward-store"]), store]), [expected]);
    }

    #[test]
    fn bindings_use_the_bridge_alone() {
        let core = || package("crates/portward", "portward", &[]);
        let bridge = || package("crates/portward-bridge", "portward-bridge", &["portward"]);
        let good = package("bindings/python", "portward-python", &["portward-bridge"]);
        assert!(broken(&[core(), bridge(), good]).is_empty());
        assert_eq!(broken(&[core(), bridge(), package("bindings/python", "portward-python", &["portward"])]).len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        let expected = "crates/new/Cargo.toml:1: `new` has no row in the table of crate arrows";
        assert_eq!(broken(&[package("crates/new", "new", &[])]), [expected]);
    }
}
