#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

#[cfg(all(unix, feature = "backup"))]
pub mod backup;
#[cfg(any(feature = "keys", feature = "links"))]
pub mod database;
pub mod events;
#[cfg(unix)]
pub mod files;
mod hex;
#[cfg(feature = "keys")]
pub mod keys;
pub mod objects;
#[cfg(feature = "remote")]
pub mod remote;
#[cfg(feature = "links")]
pub mod store;
