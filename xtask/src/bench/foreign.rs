//! `cargo xtask bench foreign`: objects at four sizes, ours beside the peers in Rust, Python and Node.

use std::io;
use std::process::Command;
use std::time::SystemTime;

use super::page::{PERFORMANCE, publish};
use super::{bindings, cargo, matrix, program};
use crate::log::{FOLDER, Log};

/// All in one run, so that the ratios are of one machine in one mood.
pub(crate) fn run() -> io::Result<bool> {
    let start = SystemTime::now();
    if !(cargo::bench(&["objects"], "", None)? && cargo::bench(&["objects"], cargo::FAST, None)?) {
        return Ok(false);
    }
    let mut measured = cargo::measured(start)?;
    // What is skipped is said, and what a program printed before it failed counts.
    if let Some(bin) = bindings::venv(&mut Log::create(FOLDER, "bench-foreign")?, VENV, REQUIREMENTS)? {
        measured.extend(program::run(Command::new(bin.join("python")).arg("benches/foreign/python/measure.py"))?.1);
    }
    measured.extend(program::run(Command::new("node").arg("benches/foreign/node/measure.mjs"))?.1);
    publish(PERFORMANCE, "bench foreign", &matrix::table(&measured))?;
    Ok(true)
}

const VENV: &str = "target/venv-bench";
const REQUIREMENTS: &str = "benches/foreign/python/requirements.txt";
