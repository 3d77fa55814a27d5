#![forbid(unsafe_code)]
//! The security core of passwordless client portals.

mod error;
mod id;
mod time;
mod secret;
mod random;
mod codec;
mod primitive;
mod key;

pub use error::{Audience, PublicAnswer};
pub use id::*;
pub use time::*;
pub use random::RandomError;
pub use key::*;
