//! What a part needs before it can run, and how it is provided.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::log::{Log, shown};

pub(crate) enum Need {
    /// A file of this repository.
    File(&'static str),
    /// A command that must succeed; if it does not, these Debian packages are installed first.
    Tool { probe: &'static [&'static str], packages: &'static [&'static str] },
    /// A tool without which the part runs, too: its tests skip what they cannot do.
    Wish { probe: &'static [&'static str], packages: &'static [&'static str] },
    /// A command of cargo's, which is installed in this version if there is none.
    CargoTool { name: &'static str, version: &'static str },
    /// A Python virtual environment holding exactly what a requirements file lists.
    Venv { folder: &'static str, requirements: &'static str },
    /// The part's own budget still fits into the total one.
    TimeLeft,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Provided {
    Ready,
    /// Why the part has to be skipped.
    Missing(String),
}

impl Need {
    /// # Errors
    ///
    /// If something could be provided but its installation failed.
    pub(crate) fn provide(&self, log: &mut Log, left: Duration, budget: Duration) -> io::Result<Provided> {
        match self {
            Self::File(path) => Ok(ready_if(Path::new(path).exists(), || format!("{path} is absent"))),
            Self::Tool { probe, packages } => tool(log, probe, packages),
            Self::Wish { probe, packages } => tool(log, probe, packages).map(|_| Provided::Ready),
            Self::CargoTool { name, version } => cargo_tool(log, name, version),
            Self::Venv { folder, requirements } => venv(log, "python3", Path::new(folder), requirements),
            Self::TimeLeft => Ok(ready_if(left >= budget, || "the time budget is used up".to_owned())),
        }
    }
}

fn ready_if(ready: bool, reason: impl FnOnce() -> String) -> Provided {
    if ready { Provided::Ready } else { Provided::Missing(reason()) }
}

fn tool(log: &mut Log, probe: &[&str], packages: &[&str]) -> io::Result<Provided> {
    if succeeds(probe) {
        return Ok(Provided::Ready);
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !succeeds(&["dpkg", "-s", package])).collect();
    if !missing.is_empty() && is_root() && succeeds(&["apt-get", "--version"]) {
        log.run(&mut apt_get(&["update"]))?;
        log.run(apt_get(&["install", "-y", "--no-install-recommends"]).args(&missing))?;
    }
    Ok(ready_if(succeeds(probe), || format!("`{}` fails; Debian packages: {}", probe.join(" "), packages.join(" "))))
}

fn cargo_tool(log: &mut Log, name: &str, version: &str) -> io::Result<Provided> {
    let there = name.strip_prefix("cargo-").is_some_and(|command| succeeds(&["cargo", command, "--version"]));
    if !there {
        must(log, Command::new("cargo").args(["install", "--locked", name, "--version", version]))?;
    }
    Ok(Provided::Ready)
}

/// Made anew whenever the requirements change, so that nothing older is left in it.
///
/// # Errors
///
/// If there is no such Python, or the installation failed.
pub(crate) fn venv(log: &mut Log, python: &str, folder: &Path, requirements: &str) -> io::Result<Provided> {
    let wanted = fs::read(requirements)?;
    let stamp = folder.join("requirements.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Provided::Ready);
    }
    must(log, Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    must(log, Command::new(folder.join("bin/python")).args(pip))?;
    fs::write(stamp, wanted)?;
    Ok(Provided::Ready)
}

fn must(log: &mut Log, command: &mut Command) -> io::Result<()> {
    if log.run(command)?.success { Ok(()) } else { Err(io::Error::other(format!("`{}` failed", shown(command)))) }
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

fn succeeds(command: &[&str]) -> bool {
    let [program, arguments @ ..] = command else { return false };
    let quiet = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::TEST_FOLDER;

    fn provide(need: &Need, name: &str) -> Provided {
        let mut log = Log::create(TEST_FOLDER, name).unwrap();
        need.provide(&mut log, Duration::from_secs(5), Duration::from_secs(5)).unwrap()
    }

    #[test]
    fn what_is_there_is_ready_and_what_is_not_is_named() {
        assert_eq!(provide(&Need::File("Cargo.toml"), "need-file"), Provided::Ready);
        assert_eq!(provide(&Need::File("absent"), "need-file"), Provided::Missing("absent is absent".to_owned()));

        assert_eq!(provide(&Need::Tool { probe: &["true"], packages: &[] }, "need-tool"), Provided::Ready);
        assert_eq!(provide(&Need::Wish { probe: &["false"], packages: &[] }, "need-wish"), Provided::Ready);
        let reason = "`false` fails; Debian packages: ".to_owned();
        assert_eq!(provide(&Need::Tool { probe: &["false"], packages: &[] }, "need-tool"), Provided::Missing(reason));
    }

    #[test]
    fn a_part_must_fit_into_the_time_that_is_left() {
        let mut log = Log::create(TEST_FOLDER, "need-time").unwrap();
        let mut left =
            |seconds| Need::TimeLeft.provide(&mut log, Duration::from_secs(seconds), Duration::from_secs(60)).unwrap();
        assert_eq!(left(60), Provided::Ready);
        assert_eq!(left(59), Provided::Missing("the time budget is used up".to_owned()));
    }
}
