//! `cargo xtask bench`: measures us, the floor and the peers side by side in one run.

mod cargo;
mod file_table;
mod files;
mod foreign;
mod matrix;
mod measure;
mod row;
mod table;

use std::env;
use std::fs;
use std::io;
use std::time::SystemTime;

use crate::document;

/// Measures with everything, or what the filter names, and prints the tables; a run without a filter is written to `docs/performance.md`.
pub(crate) fn run(arguments: &[&str]) -> io::Result<bool> {
    match arguments {
        ["files"] => files::run(),
        ["foreign"] => foreign::run(),
        [] => {
            let start = SystemTime::now();
            if !(cargo::bench(&["verify", "issue", "refuse", "view", "envelope"], "", None)?
                && cargo::bench(&["envelope"], cargo::FAST, None)?)
            {
                return Ok(false);
            }
            publish("bench", &table::table(&cargo::measured(start)?))?;
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

/// Prints a table and puts it into the page; what short settings measured is not worth keeping.
fn publish(section: &str, table: &str) -> io::Result<()> {
    println!("\n{table}");
    if setting() == Setting::Short {
        return Ok(());
    }
    let body = format!("Measured on {}, {}.\n\n{table}", document::today()?, processor());
    let page = document::read_or(PAGE, "Performance")?;
    fs::write(PAGE, document::with_section(&page, section, &body))
}

/// How long is measured: `PORTWARD_BENCH=long` is steadier, `short` proves only that all of it runs. The benches read it, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    Short,
    Usual,
    Long,
}

fn setting() -> Setting {
    match env::var("PORTWARD_BENCH").as_deref() {
        Ok("short") => Setting::Short,
        Ok("long") => Setting::Long,
        _ => Setting::Usual,
    }
}

/// The processor's name, what of it ciphers use, and how much of it there is.
fn processor() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |name| information.lines().find_map(|line| line.strip_prefix(name)?.split_once(": "));
    let model = value("model name").map_or("a processor without a name", |(_, model)| model);
    let flags = value("flags").map_or("", |(_, flags)| flags);
    let used: Vec<&str> = FLAGS.into_iter().filter(|flag| flags.split(' ').any(|word| word == *flag)).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model} ({}), {cores} cores", used.join(", "))
}

const FLAGS: [&str; 6] = ["aes", "pclmulqdq", "vaes", "vpclmulqdq", "avx512f", "sha_ni"];
const PAGE: &str = "docs/performance.md";
