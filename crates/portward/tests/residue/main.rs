//! What is dropped is gone: the memory of this process is searched for keys, while they are in use and after.
//!
//! The one test of its process, on one thread: nobody else writes meanwhile.

#![cfg(target_os = "linux")]
#![cfg_attr(test, expect(clippy::arithmetic_side_effects, reason = "addresses and lengths of this process"))]

#[cfg(test)]
mod memory;
