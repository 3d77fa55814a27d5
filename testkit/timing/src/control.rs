//! What memcheck has to complain of. If it does not, its silence elsewhere says nothing.

use std::hint::black_box;

use crate::memcheck::{poison, publish};

pub(crate) const CASES: &str = "early-exit|look-up";

pub(crate) fn run(case: &str) -> bool {
    let secret = black_box([7u8; 32]);
    poison(&secret);
    let result = match case {
        "early-exit" => equal_with_early_exit(&secret, black_box(&[7; 32])),
        "look-up" => black_box(&[true; 256])[usize::from(secret[31])],
        _ => return false,
    };
    let result = [u8::from(result)];
    publish(&result);
    println!("{}", result[0]);
    true
}

/// How tags must not be compared.
#[inline(never)]
pub(crate) fn equal_with_early_exit(a: &[u8; 32], b: &[u8; 32]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if black_box(*a) != *b {
            return false;
        }
    }
    true
}
