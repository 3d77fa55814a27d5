//! The locks of the repository: those of Cargo, which are read, and those of other worlds, which are named.

use std::fmt;
use std::io;
use std::path::Path;

use rustsec::Lockfile;

use crate::files::{self, name};

pub(crate) struct Lock {
    /// From the root, with slashes.
    pub(crate) path: String,
    pub(crate) lockfile: Lockfile,
    /// Packages of the registry.
    pub(crate) examined: usize,
    /// Packages of this repository.
    own: usize,
    /// Packages from where no advisory is about.
    pub(crate) elsewhere: Vec<String>,
}

/// Every `Cargo.lock`, and the paths of everything else that names packages.
///
/// # Errors
///
/// If there is no lock, or one of them cannot be read or names no package of the registry.
pub(crate) fn read_all(root: &Path) -> io::Result<(Vec<Lock>, Vec<String>)> {
    let paths = files::below(root)?;
    let locks = paths.iter().filter(|path| name(path) == "Cargo.lock").map(|path| Lock::read(root, path));
    let locks = locks.collect::<io::Result<Vec<_>>>()?;
    if locks.is_empty() {
        return Err(io::Error::other("no Cargo.lock was found"));
    }
    let foreign = paths.iter().filter(|path| is_foreign(name(path))).cloned().collect();
    Ok((locks, foreign))
}

impl Lock {
    fn read(root: &Path, path: &str) -> io::Result<Self> {
        let refuse = |why: String| io::Error::other(format!("{path}: {why}"));
        let lockfile = Lockfile::load(root.join(path)).map_err(|error| refuse(error.to_string()))?;
        let packages = || lockfile.packages.iter().filter_map(|package| Some((package, package.source.as_ref()?)));
        let examined = packages().filter(|(_, source)| source.is_default_registry()).count();
        let elsewhere = packages().filter(|(_, source)| !source.is_default_registry());
        let elsewhere: Vec<String> = elsewhere.map(|(package, _)| package.name.to_string()).collect();
        if examined == 0 {
            return Err(refuse("no package of it could be looked up".to_owned()));
        }
        let own = lockfile.packages.len() - examined - elsewhere.len();
        Ok(Self { path: path.to_owned(), examined, own, elsewhere, lockfile })
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} packages looked up, {} of this repository", self.path, self.examined, self.own)
    }
}

/// Whether a file names packages of Python, Node, the JVM or Swift.
fn is_foreign(name: &str) -> bool {
    let is_list = |start: &str, end: &str| name.starts_with(start) && name.ends_with(end);
    FOREIGN.contains(&name) || is_list("requirements", ".txt") || is_list("pylock", ".toml")
}

const FOREIGN: [&str; 11] = [
    "Package.resolved",
    "build.gradle",
    "build.gradle.kts",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pom.xml",
    "pyproject.toml",
    "uv.lock",
    "yarn.lock",
];
