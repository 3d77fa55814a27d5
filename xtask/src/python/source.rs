//! The package from its source: from the distribution that `maturin sdist` makes, and from a clean checkout.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::build::{QUICK_START, maturin, only, python};
use crate::checkout::Elsewhere;
use crate::log::Log;

const SDIST: &str = "target/python-sdist";

/// A wheel as `pip install` makes it of the source distribution, which has all that is needed. In the target directory of everything else, so
/// that only the workspace's own is compiled again.
pub(super) fn distributed(log: &mut Log) -> io::Result<Option<PathBuf>> {
    let Some(sdist) = maturin(log, &["sdist"], SDIST)? else { return Ok(None) };
    let (unpacked, wheels) = (Elsewhere::new("sdist")?, format!("{SDIST}/wheels"));
    // Of the present time: by its own, cargo would take what changed for what it has compiled.
    let tar = ["--extract", "--touch", "--file"];
    if !log.run(Command::new("tar").args(tar).arg(&sdist).arg("--directory").arg(unpacked.path()))?.success {
        return Ok(None);
    }
    let Some(source) = only(unpacked.path())? else { return Ok(None) };
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
    let checkout = Elsewhere::checkout("checkout", Path::new("."))?;
    let here = std::env::current_dir()?;
    let folder = here.join("target/venv-wheels/checkout");
    let made = log.run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?.success;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "."]).current_dir(checkout.path().join("bindings/python"));
    pip.env("CARGO_TARGET_DIR", here.join("target")).env("MATURIN_PEP517_ARGS", "--profile dev");
    let mut story = Command::new(folder.join("bin/python"));
    story.arg(QUICK_START).current_dir(checkout.path());
    Ok(made && log.run(&mut pip)?.success && log.run(&mut story)?.success)
}
