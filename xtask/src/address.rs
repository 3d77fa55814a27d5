//! Tests with the address sanitizer: of the core, of the store on SQLite, and of the bindings, whose interpreters load its runtime first. Stable
//! Rust has to be told to take it. C code is not instrumented: sqlx's macros load SQLite into the compiler, which has no such runtime.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::log::{Log, shown};
use crate::need::Need;
use crate::report::Report;
use crate::tally::Tally;

pub(crate) const NEEDS: &[Need] = &[
    Need::Tool { probe: &["cc", "--version"], packages: &["gcc"] },
    Need::Tool { probe: &["python3", "-c", "import ensurepip"], packages: &["python3", "python3-venv"] },
    Need::Venv { folder: "target/venv-python", requirements: "bindings/python/tests/requirements.txt" },
    Need::Tool { probe: &["npm", "--version"], packages: &["nodejs", "npm"] },
];

/// The parts of the long form.
pub(crate) fn parts() -> io::Result<Vec<String>> {
    Ok(["core", "store", "python", "node"].map(str::to_owned).to_vec())
}

/// One of them.
pub(crate) fn run(log: &mut Log, part: &str) -> io::Result<Report> {
    match part {
        // Not what must not compile, which has no part in this.
        "core" => test(log, &["-p", "portward", "--lib", "--test", "it", "--", "--skip", "compile_fail"]),
        "store" => test(log, &["-p", "portward-store", "--features", "keys,links", "--tests"]),
        "python" => python(log),
        _ => node(log),
    }
}

const HOST: &str = "x86_64-unknown-linux-gnu";
const TARGET: &str = "target/address";

fn cargo(subcommand: &str, arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args([subcommand, "--target", HOST, "--target-dir", TARGET]).args(arguments);
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address").env("CARGO_TERM_COLOR", "never");
    cargo
}

fn test(log: &mut Log, arguments: &[&str]) -> io::Result<Report> {
    let mut cargo = cargo("test", &[&["--no-fail-fast"], arguments].concat());
    let ran = log.run(&mut cargo)?;
    Ok(report(&cargo, Tally::of_cargo_test(&ran.output).with_exit(ran.success)))
}

fn report(command: &Command, tally: Tally) -> Report {
    Report { command: format!("RUSTFLAGS=-Zsanitizer=address {}", shown(command)), tally, result: tally.to_string() }
}

/// The tests of the package but for those of frameworks, which are of Python alone.
fn python(log: &mut Log) -> io::Result<Report> {
    let place = env::current_dir()?.join(TARGET).join("python");
    fs::create_dir_all(&place)?;
    let copied = log.run(Command::new("cp").args(["-r", "bindings/python/python/portward"]).arg(&place))?.success;
    let features = ["-p", "portward-python", "--features", "abi3-py310,fast-aes"];
    let built = build(log, &features, "lib_portward.so", &place.join("portward/_portward.abi3.so"))?;
    let mut tests = watched(env::current_dir()?.join("target/venv-python/bin/python"))?;
    // What is installed is not what is tested here.
    let apart = "test_build.py::test_what_is_tested_is_what_was_installed";
    tests.args(["-m", "pytest", "-q", "--ignore", "web", "--deselect", apart]).current_dir("bindings/python/tests");
    let ran = log.run(tests.env("PYTHONPATH", place))?;
    Ok(report(&tests, Tally::of_pytest(&ran.output).with_exit(ran.success && copied && built)))
}

/// All tests but those of the source and of what is packed.
fn node(log: &mut Log) -> io::Result<Report> {
    let package = env::current_dir()?.join("bindings/node");
    let mut ready = true;
    for arguments in [["ci", "--no-audit", "--no-fund"], ["run", "--silent", "build:ts"]] {
        ready &= log.run(Command::new("npm").args(arguments).current_dir(&package))?.success;
    }
    let native = package.join("portward.linux-x64-gnu.node");
    ready &= build(log, &["-p", "portward-node", "--features", "fast-aes"], "libportward_node.so", &native)?;
    let tests = fs::read_dir(package.join("test"))?.map(|entry| entry.map(|entry| entry.path()));
    let mut tests: Vec<_> = tests.collect::<io::Result<_>>()?;
    tests.retain(|path| path.extension().is_some_and(|ending| ending == "mjs"));
    let mut node = watched("node".into())?;
    node.args(["--test", "--test-concurrency=1"]).args(tests).current_dir(&package);
    let ran = log.run(&mut node);
    // Whoever loads it next has no runtime. Where it was not built there is none.
    let _ = fs::remove_file(native);
    let ran = ran?;
    Ok(Report {
        command: "node --test test/*.test.mjs".to_owned(),
        ..report(&node, Tally::of_node(&ran.output).with_exit(ran.success && ready))
    })
}

/// What is built of a binding, where its package loads it.
fn build(log: &mut Log, arguments: &[&str], library: &str, to: &Path) -> io::Result<bool> {
    let built = log.run(&mut cargo("build", arguments))?.success;
    if built {
        fs::copy(Path::new(TARGET).join(HOST).join("debug").join(library), to)?;
    }
    Ok(built)
}

/// An interpreter with the runtime of the sanitizer. What it leaves at its end is its own.
fn watched(interpreter: PathBuf) -> io::Result<Command> {
    let told = Command::new("cc").arg("-print-file-name=libasan.so").output()?.stdout;
    let runtime = fs::canonicalize(String::from_utf8_lossy(told.trim_ascii_end()).as_ref())?;
    let mut command = Command::new(interpreter);
    command.env("LD_PRELOAD", runtime).env("ASAN_OPTIONS", "detect_leaks=0");
    Ok(command)
}
