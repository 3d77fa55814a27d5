//! portward for phones: what the holder of a link needs, for Kotlin and Swift.
//!
//! No key that makes or checks a token is in this library. See the README beside it.

#![expect(unreachable_pub, reason = "what uniffi exports is for other languages, which see more than Rust does")]

mod device;
mod error;
mod progress;
mod redeem;
mod token;
mod vault;
mod work;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

uniffi::setup_scaffolding!();

/// Whatever passes between this library and the application (a key, a plaintext, a token) lies in buffers of its own for a moment, which nobody
/// else wipes.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);
