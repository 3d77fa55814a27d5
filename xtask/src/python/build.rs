//! What the package is built with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::log::Log;

/// What an installed package is asked to run, in the folder of the checkout.
pub(super) const QUICK_START: &str = "examples/python/quickstart/quickstart.py";

/// The one file that it makes.
pub(super) fn maturin(log: &mut Log, arguments: &[&str], out: &str) -> io::Result<Option<PathBuf>> {
    cleared(out)?;
    let mut maturin = Command::new("target/venv-python/bin/maturin");
    maturin.args(arguments).args(["--manifest-path", "bindings/python/Cargo.toml", "--out", out]);
    let built = log.run(&mut maturin)?.success;
    Ok(only(out)?.filter(|_| built))
}

fn cleared(folder: &str) -> io::Result<()> {
    if Path::new(folder).exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

pub(super) fn only(folder: impl AsRef<Path>) -> io::Result<Option<PathBuf>> {
    Ok(fs::read_dir(folder)?.next().transpose()?.map(|entry| entry.path()))
}

pub(super) fn python(folder: &str) -> io::Result<Command> {
    let mut command = Command::new(interpreter()?);
    command.current_dir(folder);
    Ok(command)
}

fn interpreter() -> io::Result<PathBuf> {
    Ok(std::env::current_dir()?.join("target/venv-python/bin/python"))
}

/// What tests need besides is in another environment, and found behind what this one has: fetching it takes a minute.
pub(super) fn tools_behind(python: &Path) -> io::Result<()> {
    let place = ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"];
    let tools = Command::new(interpreter()?).args(place).output()?.stdout;
    let own = Command::new(python).args(place).output()?.stdout;
    let own = PathBuf::from(String::from_utf8_lossy(own.trim_ascii_end()).into_owned());
    fs::write(own.join("behind.pth"), tools)
}
