//! The packages for Python and Node as they are released: what `cargo xtask test` builds has their code, and not their binaries.

use std::io;

use crate::log::Log;
use crate::need::Need;
use crate::part::{MOTO, PYTHON};
use crate::postgres::WISH;
use crate::report::Report;
use crate::{node, python};

pub(crate) const NEEDS: &[Need] = &[
    PYTHON,
    Need::Venv { folder: "target/venv-python", requirements: "bindings/python/tests/requirements.txt" },
    Need::Tool { probe: &["npm", "--version"], packages: &["nodejs", "npm"] },
    MOTO,
    WISH,
];

/// The parts of the long form.
pub(crate) fn parts() -> io::Result<Vec<String>> {
    Ok(["python", "node"].map(str::to_owned).to_vec())
}

/// One of them.
pub(crate) fn run(log: &mut Log, part: &str) -> io::Result<Report> {
    let tally = if part == "python" { python::released(log)? } else { node::released(log)? };
    Ok(Report {
        command: format!("cargo xtask test {part}, with the binary of a release"),
        tally,
        result: tally.to_string(),
    })
}
