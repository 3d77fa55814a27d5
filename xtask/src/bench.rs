//! `cargo xtask bench`: measures us, the floor and the peers side by side in one run.

mod bindings;
pub(crate) mod cargo;
mod ciphers;
mod file_case;
mod file_peers;
mod file_table;
mod files;
mod foreign;
mod matrix;
pub(crate) mod measure;
pub(crate) mod page;
mod program;
mod ratios;
mod row;
mod store;
pub(crate) mod table;
mod took;

use std::io;
use std::time::SystemTime;

/// Measures with everything, or what the filter names, and prints the tables; a run without a filter is written to `docs/performance.md`.
pub(crate) fn run(arguments: &[&str]) -> io::Result<bool> {
    match arguments {
        ["ciphers"] => ciphers::run(),
        ["files", parts @ ..] => files::run(parts),
        ["foreign"] => foreign::run(),
        ["python"] => bindings::python(),
        ["node"] => bindings::node(),
        ["store"] => store::run(),
        [] => {
            let start = SystemTime::now();
            if !(cargo::bench(&["verify", "issue", "refuse", "view", "envelope"], "", None)?
                && cargo::bench(&["envelope"], cargo::FAST, None)?)
            {
                return Ok(false);
            }
            page::publish(page::PERFORMANCE, "bench", &table::table(&cargo::measured(start)?))?;
            Ok(true)
        }
        [filter] => {
            let start = SystemTime::now();
            let portable = ["verify", "issue", "refuse", "view", "envelope", "objects"];
            if !(cargo::bench(&portable, "", Some(filter))?
                && cargo::bench(&["envelope", "objects"], cargo::FAST, Some(filter))?)
            {
                return Ok(false);
            }
            let measured = cargo::measured(start)?;
            println!("\n{}\n\n{}", table::table(&measured), matrix::table(&measured));
            Ok(!measured.is_empty())
        }
        [_, unknown, ..] => Err(io::Error::other(format!("what is `{unknown}`?"))),
    }
}
