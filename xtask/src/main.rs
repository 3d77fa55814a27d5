//! The project's own commands: `cargo xtask help` lists them.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]
#![expect(clippy::arithmetic_side_effects, reason = "counters and times far from their limits")]

mod address;
mod assure;
mod bench;
mod budget;
mod checkout;
mod coverage;
mod document;
mod free_threaded;
mod fuzz;
mod layers;
mod log;
mod mobile;
mod mutants;
mod need;
mod node;
mod part;
mod postgres;
mod python;
mod released;
mod report;
mod scale;
mod security_txt;
mod suite;
mod supply;
mod tally;
mod targets;
mod timing;

use std::process::ExitCode;
use std::{env, io};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match enter_root().and_then(|()| run(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs one command; `false` means it ran and found something wrong.
fn run(arguments: &[&str]) -> io::Result<bool> {
    match arguments {
        ["test", parts @ ..] => suite::run(parts),
        ["layers"] => {
            let violations = layers::check()?;
            violations.iter().for_each(|violation| println!("{violation}"));
            Ok(violations.is_empty())
        }
        ["assure", parts @ ..] => assure::run(parts),
        ["bench", arguments @ ..] => bench::run(arguments),
        ["fuzz", arguments @ ..] => fuzz::run(arguments),
        ["security-txt", arguments @ ..] => security_txt::run(arguments),
        [name @ ("scan" | "api" | "sbom" | "licences"), arguments @ ..] => supply::run(name, arguments),
        ["scale", arguments @ ..] => scale::run(arguments),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(true)
        }
        [unknown, ..] => Err(io::Error::other(format!("no command `{unknown}`; try `cargo xtask help`"))),
    }
}

/// Every path in this crate is relative to the repository's root.
fn enter_root() -> io::Result<()> {
    match env::var_os("CARGO_MANIFEST_DIR") {
        Some(xtask) => env::set_current_dir(std::path::Path::new(&xtask).join("..")),
        None => Ok(()),
    }
}

const HELP: &str = "\
cargo xtask test [part…]     run every check, or only the named parts; logs are in target/xtask/
                             --complete fails where a part is left out for want of a tool, or the time is exceeded
cargo xtask layers           check the arrows between crates and modules
cargo xtask assure [form…]   run the long forms of the tests and date them in docs/assurance.md; a form, or a part of one as fuzz/token
cargo xtask fuzz [target…]   fuzz every target, or only the named ones, for a minute each; --seconds N for longer,
                             --address with the address sanitizer
cargo xtask bench            measure against the floor and the goals, and rewrite the table in docs/performance.md
cargo xtask bench <filter>   measure what the filter names, and print
cargo xtask bench ciphers    the libraries that `fast-aes` could have taken
cargo xtask bench files      one large file, in memory, through streams and from disk to disk, with the memory that it takes;
                             `files ours` and `files foreign` (peers in Python and Node) are one table each
cargo xtask bench store      the store on SQLite and PostgreSQL
cargo xtask bench foreign    objects beside Rust's, Python's and Node's libraries
cargo xtask bench python     the Python package beside others, in ratios
cargo xtask bench node       the Node package, likewise
cargo xtask scale            simulate the feed of large deployments, and rewrite the tables in docs/scale.md
cargo xtask scale --quick    the same of small ones, and print
cargo xtask security-txt --contact URI --days N
                             print the security.txt of RFC 9116, for /.well-known/
cargo xtask scan --advisories DIR --max-age DAYS [--today DATE] [--record]
                             look every Cargo.lock up in a dated copy of the RustSec database; --record writes it into docs/assurance.md
cargo xtask api [--check]    list every public item in docs/api/, or compare
cargo xtask sbom [--out DIR] [--target TRIPLE]
                             what each artefact is made of, as CycloneDX
cargo xtask licences         write the licences of what is compiled into the packages for Python and Node into them
cargo xtask help             this page";
