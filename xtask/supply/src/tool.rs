//! Cargo's additional commands, each in the version that the checks were made with, installed below `target/tools` when first asked for.

use std::env;
use std::io;
use std::path::Path;
use std::process::Command;

#[derive(Clone, Copy)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
    features: &'static str,
}

pub(crate) const CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9", features: "" };
pub(crate) const ABOUT: Tool = Tool { name: "cargo-about", version: "0.9.3", features: "cli" };
#[cfg(test)]
pub(crate) const AUDITABLE: Tool = Tool { name: "cargo-auditable", version: "0.7.7", features: "" };
#[cfg(test)]
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", features: "" };

impl Tool {
    /// Cargo, with this command among its own.
    pub(crate) fn cargo(self, root: &Path) -> io::Result<Command> {
        let folder = env::current_dir()?.join(root).join("target/tools");
        if !folder.join("bin").join(self.name).exists() {
            let exact = format!("{}@{}", self.name, self.version);
            let mut install = Command::new("cargo");
            install.args(["install", "--locked", &exact, "--features", self.features, "--root"]).arg(&folder);
            let installed = install.status()?;
            if !installed.success() {
                return Err(io::Error::other(format!("{exact} could not be installed")));
            }
        }
        let inherited = env::var_os("PATH").unwrap_or_default();
        let folders = [folder.join("bin")].into_iter().chain(env::split_paths(&inherited));
        let mut cargo = Command::new("cargo");
        cargo.env("PATH", env::join_paths(folders).map_err(io::Error::other)?).current_dir(root);
        Ok(cargo)
    }
}
