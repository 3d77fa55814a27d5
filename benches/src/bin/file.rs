//! Runs one case with one large file, once, and prints what it took as a line of JSON; `cargo xtask bench files` runs them all.

#![forbid(unsafe_code)]

use std::env;
use std::path::Path;
use std::process::ExitCode;

use portward_benches::file::{Case, make_source};
use portward_benches::raw::SUFFIX;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["make", mebibytes, folder] => make_source(Path::new(folder), bytes(mebibytes)).unwrap(),
        [way, operation, who, threads, mebibytes, folder] => {
            let Some(case) = Case::parse([way, operation, who, threads], bytes(mebibytes), folder.into()) else {
                return ExitCode::FAILURE;
            };
            let (took, suffix) = (case.run(), if matches!(who, "raw" | "ours") { SUFFIX } else { "" });
            println!(
                r#"{{"id": "{way}-{operation}-{threads}/{who}{suffix}", "seconds": {:.6}, "cpu": {:.6}, "peak_kib": {}}}"#,
                took.wall.as_secs_f64(),
                took.cpu.as_secs_f64(),
                took.peak_kib
            );
        }
        _ => {
            eprintln!("file make <MiB> <folder>");
            eprintln!("file slice|memory|disk seal|open copy|raw|ours|age <threads> <MiB> <folder>");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn bytes(mebibytes: &str) -> u64 {
    mebibytes.parse::<u64>().unwrap() << 20
}
