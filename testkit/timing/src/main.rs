//! The program that `cargo xtask test timing` runs under valgrind, and `cargo xtask assure dudect` without.
//!
//! Its unsafe code is what safe Rust has no word for: the request to valgrind (`memcheck`), and an allocator that remembers where keys lie
//! (`allocator`). So it is a crate of its own, and part of nothing that is shipped.

#![deny(unsafe_op_in_unsafe_fn)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "of tests: what is not as expected ends the program")]
#![expect(clippy::arithmetic_side_effects, reason = "counters far from their limits")]

mod allocator;
mod control;
mod count;
mod dudect;
mod forge;
mod memcheck;
mod secret;
mod world;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let known = match arguments.as_slice() {
        ["count", state, case] => count::run(state, case),
        ["secret", case] => secret::run(case),
        ["control", case] => control::run(case),
        ["dudect"] => dudect::run(),
        _ => false,
    };
    if known {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "usage: count cold|warm {} | secret {} | control {} | dudect",
        count::CASES,
        secret::CASES,
        control::CASES
    );
    ExitCode::from(2)
}
