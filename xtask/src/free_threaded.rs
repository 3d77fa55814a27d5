//! The wheel for CPython without the global lock: built, and not run where there is no such interpreter.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::log::{Log, shown};
use crate::need::Need;
use crate::report::Report;
use crate::tally::Tally;

pub(crate) const NEEDS: &[Need] = &[Need::Venv { folder: VENV, requirements: "bindings/python/free-threaded.txt" }];

pub(crate) fn run(log: &mut Log) -> io::Result<Report> {
    if Path::new(WHEELS).exists() {
        fs::remove_dir_all(WHEELS)?;
    }
    let bin = env::current_dir()?.join(VENV).join("bin");
    let mut maturin = Command::new("maturin");
    maturin.args(["build", "--release", "--zig", "--target", "x86_64-unknown-linux-gnu", "-i", "python3.14t"]);
    maturin.args(["--manifest-path", "bindings/python/Cargo.toml", "--out", WHEELS]);
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([bin].into_iter().chain(env::split_paths(&path))).map_err(io::Error::other)?;
    let built = log.run(maturin.env("PATH", path))?.success;
    let wheel = if built { wheel()? } else { None };
    Ok(Report {
        command: shown(&maturin),
        tally: Tally::one(wheel.is_some()),
        result: wheel.map_or_else(|| "failed".to_owned(), |(name, bytes)| told(&name, bytes)),
    })
}

/// Its name and size, if it is for that interpreter and no other.
fn wheel() -> io::Result<Option<(String, u64)>> {
    let paths: Vec<PathBuf> = fs::read_dir(WHEELS)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    let [path] = paths.as_slice() else { return Ok(None) };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(if name.contains("-cp314-cp314t-") { Some((name, fs::metadata(path)?.len())) } else { None })
}

fn told(name: &str, bytes: u64) -> String {
    format!("built, not run: `{name}`, {:.1} MB", bytes as f64 / 1e6)
}

const VENV: &str = "target/venv-free-threaded";
const WHEELS: &str = "target/wheels-free-threaded";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_size_are_told() {
        let name = "portward-0.1.0-cp314-cp314t-manylinux_2_17_x86_64.whl";
        assert_eq!(told(name, 3_160_000), format!("built, not run: `{name}`, 3.2 MB"));
    }

    /// pyo3 asks for `Sync`; that a class can be changed by nobody is ours to keep, and that nothing else is shared.
    #[test]
    fn every_class_is_frozen_and_the_module_says_that_it_needs_no_lock() {
        let sources = fs::read_dir("../bindings/python/src").unwrap().map(|entry| entry.unwrap().path());
        let all: Vec<String> = sources.map(|path| fs::read_to_string(path).unwrap()).collect();
        let lines: Vec<&str> = all.iter().flat_map(|text| text.lines()).map(str::trim_start).collect();
        let marks = |mark: &str| lines.iter().copied().filter(|line| line.contains(mark)).collect::<Vec<_>>();
        assert!(marks("#[pyclass").len() > 15);
        assert!(marks("#[pyclass").iter().all(|line| line.contains("frozen")));
        assert_eq!(marks("gil_used"), ["#[pyo3::pymodule(gil_used = false)]"]);
        let is_static = |line: &&&str| line.starts_with("static ") || line.starts_with("pub(crate) static ");
        let statics: Vec<_> = lines.iter().filter(is_static).collect();
        assert!(!statics.is_empty() && statics.iter().all(|line| line.contains(": PyOnceLock<")));
    }
}
