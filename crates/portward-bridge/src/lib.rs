#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod deployment;
mod error;
mod holder;
mod text;
mod untrusted;

#[cfg(feature = "holder")]
mod client;
#[cfg(feature = "holder")]
mod file;
#[cfg(feature = "holder")]
mod leftover;
#[cfg(any(feature = "backend", feature = "holder"))]
mod part;
#[cfg(any(feature = "backend", feature = "holder"))]
mod peeked;
#[cfg(feature = "holder")]
mod shared;
#[cfg(feature = "holder")]
mod vault;

#[cfg(all(unix, feature = "backend"))]
mod directory;
#[cfg(feature = "backend")]
mod events;
#[cfg(feature = "backend")]
mod follower;
#[cfg(feature = "backend")]
mod gate;
#[cfg(feature = "backend")]
mod index;
#[cfg(feature = "backend")]
mod keyring;
#[cfg(feature = "backend")]
mod keys;
#[cfg(feature = "backend")]
mod links;
#[cfg(all(not(unix), feature = "backend"))]
mod no_directory;
#[cfg(feature = "backend")]
mod object;
#[cfg(feature = "backend")]
mod portal;
#[cfg(feature = "backend")]
mod process;
#[cfg(feature = "backend")]
mod push;
#[cfg(feature = "backend")]
mod store;
#[cfg(feature = "backend")]
mod token;
#[cfg(feature = "backend")]
mod wrapped;

pub use deployment::Deployment;
pub use error::{Error, Kind};
pub use holder::{Narrowing, UntrustedLink};
pub use untrusted::UntrustedToken;

#[cfg(feature = "holder")]
pub use client::{HttpRequest, RedeemClient, Redeemed};
#[cfg(any(feature = "backend", feature = "holder"))]
pub use part::{Of, Range};
#[cfg(any(feature = "backend", feature = "holder"))]
pub use peeked::Peeked;
#[cfg(feature = "holder")]
pub use shared::SharedRange;
#[cfg(feature = "holder")]
pub use vault::{DeviceKey, DeviceKeyFault, Stop, Vault, Work};

#[cfg(feature = "backend")]
pub use follower::Follower;
#[cfg(feature = "backend")]
pub use index::{BlindIndex, IndexOptions, index_bits};
#[cfg(feature = "backend")]
pub use keyring::{Keyring, Root};
#[cfg(feature = "backend")]
pub use keys::{Erasure, KeyStore, KeyStoreOptions, Scope};
#[cfg(feature = "backend")]
pub use links::{Edit, Event, Filter, Link, NewLink, Page};
#[cfg(feature = "backend")]
pub use object::{FileTarget, Threads};
#[cfg(feature = "backend")]
pub use portal::{Answer, Exchange, Portal, PortalOptions, Request, Step};
#[cfg(feature = "backend")]
pub use process::{after_fork, before_fork};
#[cfg(feature = "backend")]
pub use push::{Opener, Sealer};
#[cfg(feature = "backend")]
pub use store::{Recovered, Session, Store, StoreOptions};
#[cfg(feature = "backend")]
pub use token::{Access, Issuer, Token, Verifier, VerifierOptions};
#[cfg(feature = "backend")]
pub use wrapped::{KekSlot, WrappedKeyring};
