//! `sbom`: what each artefact is made of, as CycloneDX.
//!
//! `cargo-cyclonedx` writes down what the whole workspace would link, with the features of all of it: of the phone's library it says that it has a
//! store. So each list is cut to what Cargo builds of that package alone, and paths of the machine are taken out.

mod cut;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::files;
use crate::tool;

/// What users get, as the release builds it.
struct Artefact {
    package: &'static str,
    folder: &'static str,
    features: &'static str,
}

const ARTEFACTS: &[Artefact] = &[
    Artefact { package: "portward", folder: "crates/portward", features: "fast-aes" },
    Artefact {
        package: "portward-store",
        folder: "crates/portward-store",
        features: "backup,keys,links,postgres,redis",
    },
    Artefact { package: "portward-http", folder: "crates/portward-http", features: "axum,store" },
    Artefact { package: "portward-kms", folder: "crates/portward-kms", features: "aws-kms" },
    Artefact { package: "portward-bridge", folder: "crates/portward-bridge", features: "backend,fast-aes,holder" },
    Artefact { package: "portward-cli", folder: "crates/portward-cli", features: "" },
    Artefact { package: "portward-python", folder: "bindings/python", features: "abi3-py310,fast-aes" },
    Artefact { package: "portward-node", folder: "bindings/node", features: "fast-aes" },
    Artefact { package: "portward-mobile", folder: "bindings/mobile", features: "" },
];

/// Writes one file for each artefact, for the machine's own target or another.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> io::Result<bool> {
    let (out, target) = match arguments {
        [] => (OUT, None),
        ["--out", out] => (*out, None),
        ["--target", target] => (OUT, Some(*target)),
        ["--out", out, "--target", target] => (*out, Some(*target)),
        _ => return Err(io::Error::other("usage: cargo xtask sbom [--out DIR] [--target TRIPLE]")),
    };
    let target = target.map_or_else(host, |target| Ok(target.to_owned()))?;
    let out = root.join(out);
    fs::create_dir_all(&out)?;
    for artefact in ARTEFACTS {
        let (bom, count) = artefact.bom(root, &target)?;
        let path = out.join(format!("{}.cdx.json", artefact.package));
        fs::write(&path, format!("{bom:#}\n"))?;
        println!("{}: {count} crates for {target}", path.display());
    }
    Ok(true)
}

impl Artefact {
    fn bom(&self, root: &Path, target: &str) -> io::Result<(Value, usize)> {
        let built = self.tree(root, target)?;
        let mut bom: Value = serde_json::from_slice(&self.written(root, target)?)?;
        cut::to(&mut bom, &built, &root.canonicalize()?.display().to_string()).map_err(|why| self.error(&why))?;
        Ok((bom, built.len()))
    }

    /// What Cargo links into the package and runs to build it, as names and versions, without itself.
    fn tree(&self, root: &Path, target: &str) -> io::Result<BTreeSet<(String, String)>> {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(root).args(["tree", "-p", self.package, "--features", self.features, "--target", target]);
        cargo.args(["--locked", "-e", "normal,build", "--prefix", "none", "-f", "{p}"]);
        let output = cargo.output()?;
        if !output.status.success() {
            return Err(self.error(&String::from_utf8_lossy(&output.stderr)));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let crates = text.lines().filter_map(|line| line.split_once(" v"));
        let crates =
            crates.map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap_or_default().to_owned()));
        Ok(crates.filter(|(name, _)| name != self.package).collect())
    }

    /// The tool writes a file into every folder of the workspace; all but one are nobody's.
    fn written(&self, root: &Path, target: &str) -> io::Result<Vec<u8>> {
        let manifest = format!("{}/Cargo.toml", self.folder);
        let mut cargo = tool::CYCLONEDX.cargo(root)?;
        cargo.args(["cyclonedx", "-q", "--manifest-path", &manifest, "--format", "json", "--spec-version", "1.5"]);
        cargo.args(["--features", self.features, "--target", target, "--override-filename", WRITTEN]);
        let success = cargo.status()?.success();
        let file = format!("{WRITTEN}.json");
        let here = fs::read(root.join(self.folder).join(&file));
        for path in files::below(root)?.iter().filter(|path| files::name(path) == file) {
            fs::remove_file(root.join(path))?;
        }
        if success { here } else { Err(self.error("cargo-cyclonedx failed")) }
    }

    fn error(&self, why: &str) -> io::Error {
        io::Error::other(format!("{}: {why}", self.package))
    }
}

/// The target of this machine's compiler.
fn host() -> io::Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| io::Error::other("rustc does not tell its host"))
}

const OUT: &str = "target/sbom";
/// Without `.json`, which the tool adds.
const WRITTEN: &str = ".portward-sbom";
