//! portward for Node: plain functions over `portward-bridge`, one line each. The classes are written in TypeScript, in `src`, which alone
//! calls this, and has looked at the types of all arguments before. Handles are externals, which only this library can make.

mod convert;
mod error;
mod far;
mod file;
mod follower;
mod given;
mod kek;
mod keyring;
mod keys;
mod links;
mod portal;
mod push;
mod range;
mod slot;
mod store;
mod token;
mod untrusted;
mod work;

#[cfg(feature = "provoke")]
mod provoke;
