//! The package from its source: from the distribution that `maturin sdist` makes, and from a clean checkout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{QUICK_START, maturin, only, python};
use crate::log::Log;

const SDIST: &str = "target/python-sdist";

/// A wheel as `pip install` makes it of the source distribution, which has all that is needed. In the target directory of everything else, so
/// that only the workspace's own is compiled again.
pub(super) fn distributed(log: &mut Log) -> io::Result<Option<PathBuf>> {
    let Some(sdist) = maturin(log, &["sdist"], SDIST)? else { return Ok(None) };
    let (unpacked, wheels) = (Elsewhere::new("sdist")?, format!("{SDIST}/wheels"));
    // Of the present time: by its own, cargo would take what changed for what it has compiled.
    let tar = ["--extract", "--touch", "--file"];
    if !log.run(Command::new("tar").args(tar).arg(&sdist).arg("--directory").arg(&unpacked.0))?.success {
        return Ok(None);
    }
    let Some(source) = only(&unpacked.0)? else { return Ok(None) };
    let here = std::env::current_dir()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = [here.join("target/venv-python/bin")].into_iter().chain(std::env::split_paths(&path));
    let mut pip = python(".")?;
    pip.args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]);
    pip.args(["--wheel-dir", &wheels]).arg(source).env("PATH", std::env::join_paths(tools).map_err(io::Error::other)?);
    pip.env("CARGO_TARGET_DIR", here.join("target")).env("MATURIN_PEP517_ARGS", "--profile dev");
    Ok(if log.run(&mut pip)?.success { only(wheels)? } else { None })
}

/// What the README says, of what git keeps: `pip install .`, in a checkout where nobody built anything, with a backend that pip fetches. In the
/// target directory of everything else.
pub(super) fn checked_out(log: &mut Log) -> io::Result<bool> {
    log.note("a clean checkout")?;
    let checkout = Elsewhere::new("checkout")?;
    check_out(&checkout.0)?;
    let here = std::env::current_dir()?;
    let folder = here.join("target/venv-wheels/checkout");
    let made = log.run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?.success;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "."]).current_dir(checkout.0.join("bindings/python"));
    pip.env("CARGO_TARGET_DIR", here.join("target")).env("MATURIN_PEP517_ARGS", "--profile dev");
    let mut story = Command::new(folder.join("bin/python"));
    story.arg(QUICK_START).current_dir(&checkout.0);
    Ok(made && log.run(&mut pip)?.success && log.run(&mut story)?.success)
}

/// What is changed here and not yet committed, too; what is ignored, or new to git, is not.
fn check_out(folder: &Path) -> io::Result<()> {
    let listed = Command::new("git").args(["ls-files", "-z"]).output()?.stdout;
    let listed = String::from_utf8(listed).map_err(io::Error::other)?;
    for name in listed.split_terminator('\0').filter(|name| Path::new(name).is_file()) {
        let to = folder.join(name);
        fs::create_dir_all(to.parent().unwrap_or(folder))?;
        fs::copy(name, to)?;
    }
    Ok(())
}

/// A folder for sources, which is removed. Not below the target directory that they are compiled in: cargo would remember them as its own, and
/// take the workspace for compiled as long as these do not change.
struct Elsewhere(PathBuf);

impl Elsewhere {
    fn new(name: &str) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("portward-{name}-{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // It is in the folder for what is temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}
