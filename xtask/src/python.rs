//! The Python package: built as a wheel, installed, and tested as a user has it.

mod bounds;
mod build;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use build::{QUICK_START, maturin, python, tools_behind};

use crate::log::Log;
use crate::postgres::Beside;
use crate::tally::Tally;

const WHEELS: &str = "target/wheels";
/// The package with functions that panic: `provoke`.
const PROVOKING: &str = "target/python-provoking";
/// The environment that the tests run in: made anew each time, with the wheel in it.
const SUITE: &str = "target/venv-python-suite";

/// Without what makes a release slow to build: the code is the same.
pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    tested(log, &["build"])
}

/// The wheel, too, is that of a release.
pub(crate) fn released(log: &mut Log) -> io::Result<Tally> {
    tested(log, &["build", "--release"])
}

fn tested(log: &mut Log, build: &[&str]) -> io::Result<Tally> {
    let Some(beside) = Beside::build(log)? else { return Ok(Tally::FAILED) };
    // What is installed below is built last.
    let provoking = ["build", "--features", "abi3-py310,fast-aes,provoke"];
    let Some(provoking) = maturin(log, &provoking, "target/wheels-provoking")? else { return Ok(Tally::FAILED) };
    let Some(wheel) = maturin(log, build, WHEELS)? else { return Ok(Tally::FAILED) };
    let beside_it = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--upgrade", "--target", PROVOKING];
    if !fresh(log, &wheel)? || !log.run(python(".")?.args(beside_it).arg(&provoking))?.success {
        return Ok(Tally::FAILED);
    }
    let provoking = std::env::current_dir()?.join(PROVOKING);
    let typed = log.run(python("bindings/python")?.args(["-m", "mypy", "python/portward"]))?;
    let mut tally = Tally::one(typed.success);
    for folder in TESTS {
        let mut tests = beside.command(std::env::current_dir()?.join(SUITE).join("bin/python"));
        tests.current_dir(folder).args(["-m", "pytest", "-q"]).env("PORTWARD_TEST_PROVOKING", &provoking);
        let tests = log.run(&mut tests)?;
        tally = tally + Tally::of_pytest(&tests.output).with_exit(tests.success);
    }
    tally = tally + every_interpreter(log, &wheel)? + bounds::oldest(log, &wheel)?;
    let from_source = source::distributed(log)?;
    let told = from_source.map_or(Ok(false), |wheel| tells(log, Path::new("python3"), "sdist", &wheel))?;
    Ok(tally + Tally::one(told) + Tally::one(source::checked_out(log)?))
}

/// An environment with the wheel and nothing else.
fn fresh(log: &mut Log, wheel: &Path) -> io::Result<bool> {
    if !installed(log, Path::new("python3"), SUITE, wheel)? {
        return Ok(false);
    }
    tools_behind(&Path::new(SUITE).join("bin/python"))?;
    Ok(true)
}

/// Each in a process of its own: a framework is set up once in one.
const TESTS: [&str; 4] = [
    "bindings/python/tests",
    "bindings/python/tests/web",
    "examples/python/fastapi_portal",
    "examples/python/django_portal",
];

/// The quick start, with this wheel and nothing else, on each CPython of the machine that it is for.
fn every_interpreter(log: &mut Log, wheel: &Path) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for (version, interpreter) in interpreters() {
        let has_venv = Command::new(&interpreter).args(["-c", "import ensurepip"]).output()?.status.success();
        tally = tally
            + if has_venv {
                Tally::one(tells(log, &interpreter, &version, wheel)?)
            } else {
                log.note(&format!("CPython {version} is skipped: {} has no venv", interpreter.display()))?;
                Tally::SKIPPED
            };
    }
    Ok(tally)
}

/// Whether a wheel, installed in a fresh environment, tells the quick start.
fn tells(log: &mut Log, interpreter: &Path, name: &str, wheel: &Path) -> io::Result<bool> {
    log.note(&format!("CPython {name}"))?;
    let folder = format!("target/venv-wheels/{name}");
    let mut story = Command::new(format!("{folder}/bin/python"));
    Ok(installed(log, interpreter, &folder, wheel)? && log.run(story.arg(QUICK_START))?.success)
}

/// Whether a wheel can be installed in an environment that is made anew.
fn installed(log: &mut Log, interpreter: &Path, folder: &str, wheel: &Path) -> io::Result<bool> {
    let made = log.run(Command::new(interpreter).args(["-m", "venv", "--clear", folder]))?.success;
    let install = ["-m", "pip", "install", "--quiet", "--no-index"];
    Ok(made && log.run(Command::new(format!("{folder}/bin/python")).args(install).arg(wheel))?.success)
}

/// By version, `3.11.7` for instance: those on the path, Debian's own, and those that pyenv keeps.
fn interpreters() -> BTreeMap<String, PathBuf> {
    let named = ["", "/usr/bin/"]
        .into_iter()
        .flat_map(|folder| (10..20).map(move |minor| PathBuf::from(format!("{folder}python3.{minor}"))));
    let pyenv = std::env::home_dir().map(|home| home.join(".pyenv/versions"));
    let kept = pyenv.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let kept = kept.map(|entry| entry.path().join("bin/python"));
    let all = named.chain(kept).chain([PathBuf::from("python3")]);
    all.filter_map(|interpreter| Some((version(&interpreter)?, interpreter))).collect()
}

/// `None` if it is not there, or older than the wheel is for.
fn version(interpreter: &Path) -> Option<String> {
    let program = "import sys; assert sys.version_info >= (3, 10); print('%d.%d.%d' % sys.version_info[:3])";
    let output = Command::new(interpreter).args(["-c", program]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
