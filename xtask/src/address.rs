//! The tests of the core, and of the store on SQLite, with the address sanitizer. Stable Rust has to be told to take it.

use std::io;
use std::process::Command;

use crate::log::{Log, shown};
use crate::report::Report;
use crate::tally::Tally;

/// The long form.
pub(crate) fn run(log: &mut Log) -> io::Result<Report> {
    let mut test = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--target", HOST, "--target-dir", "target/address", "--no-fail-fast"]).args(arguments);
        cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address").env("CARGO_TERM_COLOR", "never");
        // With it SQLite's C code is looked at, too.
        cargo.env("CFLAGS", "-fsanitize=address");
        let ran = log.run(&mut cargo)?;
        Ok::<_, io::Error>((shown(&cargo), Tally::of_cargo_test(&ran.output).with_exit(ran.success)))
    };
    // Not what must not compile, which has no part in this.
    let (command, core) = test(&["-p", "portward", "--lib", "--test", "it", "--", "--skip", "compile_fail"])?;
    let (_, store) = test(&["-p", "portward-store", "--features", "keys,links", "--tests"])?;
    let result = format!("core: {core}; store on SQLite: {store}");
    Ok(Report { command: format!("RUSTFLAGS=-Zsanitizer=address {command}, …"), tally: core + store, result })
}

const HOST: &str = "x86_64-unknown-linux-gnu";
