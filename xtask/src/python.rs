//! The Python package: built as a wheel, installed, and tested as a user has it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::log::Log;
use crate::postgres::Beside;
use crate::tally::Tally;

const WHEELS: &str = "target/wheels";
const QUICK_START: &str = "examples/python/quickstart/quickstart.py";

pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    let Some(beside) = Beside::build(log)? else { return Ok(Tally::FAILED) };
    let Some(wheel) = build(log)? else { return Ok(Tally::FAILED) };
    let install = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"];
    if !log.run(python(".")?.args(install).arg(&wheel))?.success {
        return Ok(Tally::FAILED);
    }
    let typed = log.run(python("bindings/python")?.args(["-m", "mypy", "python/portward"]))?;
    let mut tally = Tally::one(typed.success);
    for folder in TESTS {
        let tests = log.run(beside.command(interpreter()?).current_dir(folder).args(["-m", "pytest", "-q"]))?;
        tally = tally + Tally::of_pytest(&tests.output).with_exit(tests.success);
    }
    Ok(tally + every_interpreter(log, &wheel)?)
}

/// Each in a process of its own: a framework is set up once in one.
const TESTS: [&str; 4] = [
    "bindings/python/tests",
    "bindings/python/tests/web",
    "examples/python/fastapi_portal",
    "examples/python/django_portal",
];

/// Without what makes a release slow to build: the code is the same.
fn build(log: &mut Log) -> io::Result<Option<PathBuf>> {
    fs::create_dir_all(WHEELS)?;
    for old in fs::read_dir(WHEELS)? {
        fs::remove_file(old?.path())?;
    }
    let build = ["build", "--manifest-path", "bindings/python/Cargo.toml", "--out", WHEELS];
    let built = log.run(Command::new("target/venv-python/bin/maturin").args(build))?;
    let made = fs::read_dir(WHEELS)?.next().transpose()?.map(|entry| entry.path());
    Ok(made.filter(|_| built.success))
}

/// The quick start, with this wheel and nothing else, on each CPython of the machine that it is for.
fn every_interpreter(log: &mut Log, wheel: &Path) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for (version, interpreter) in interpreters() {
        log.note(&format!("CPython {version}"))?;
        let folder = format!("target/venv-wheels/{version}");
        let made = log.run(Command::new(interpreter).args(["-m", "venv", "--clear", &folder]))?.success;
        let bin = format!("{folder}/bin/python");
        let install = ["-m", "pip", "install", "--quiet", "--no-index"];
        let installed = made && log.run(Command::new(&bin).args(install).arg(wheel))?.success;
        tally = tally + Tally::one(installed && log.run(Command::new(&bin).arg(QUICK_START))?.success);
    }
    Ok(tally)
}

/// By version, `3.11` for instance: those on the path, and those that pyenv keeps.
fn interpreters() -> BTreeMap<String, PathBuf> {
    let named = (10..20).map(|minor| PathBuf::from(format!("python3.{minor}")));
    let pyenv = std::env::home_dir().map(|home| home.join(".pyenv/versions"));
    let kept = pyenv.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let kept = kept.map(|entry| entry.path().join("bin/python"));
    let all = named.chain(kept).chain([PathBuf::from("python3")]);
    all.filter_map(|interpreter| Some((version(&interpreter)?, interpreter))).collect()
}

/// `None` if it is not there, has no `venv`, or is older than the wheel is for.
fn version(interpreter: &Path) -> Option<String> {
    let program = "import ensurepip, sys; assert sys.version_info >= (3, 10); print('%d.%d' % sys.version_info[:2])";
    let output = Command::new(interpreter).args(["-c", program]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn python(folder: &str) -> io::Result<Command> {
    let mut command = Command::new(interpreter()?);
    command.current_dir(folder);
    Ok(command)
}

fn interpreter() -> io::Result<PathBuf> {
    Ok(std::env::current_dir()?.join("target/venv-python/bin/python"))
}
