//! `cargo xtask bench`: measures us, the floor and the peers side by side in one run.

mod measure;
mod row;
mod table;

use std::env;
use std::fs;
use std::io;
use std::process::Command;
use std::time::SystemTime;

use crate::document;

/// Runs the benchmarks and prints the table; a run of all of them is written to `docs/performance.md`.
pub(crate) fn run(filter: Option<&str>) -> io::Result<bool> {
    let target = env::current_dir()?.join("target/benches");
    let start = SystemTime::now();
    let mut bench = Command::new("cargo");
    bench.args(["bench", "--manifest-path", "benches/Cargo.toml", "--benches"]).env("CARGO_TARGET_DIR", &target);
    if let Some(filter) = filter {
        bench.args(["--", filter]);
    }
    if !bench.status()?.success() {
        return Ok(false);
    }

    let measured = measure::read(&target.join("criterion"), start)?;
    let table = table::table(&measured);
    println!("\n{table}");
    if filter.is_none() {
        let body = format!("Measured on {}, {}.\n\n{table}", document::today()?, cpu_model());
        let page = document::read_or(PAGE, "Performance")?;
        fs::write(PAGE, document::with_section(&page, "bench", &body))?;
    }
    Ok(!measured.is_empty())
}

fn cpu_model() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("a processor without a name", |(_, model)| model).to_owned()
}

const PAGE: &str = "docs/performance.md";
