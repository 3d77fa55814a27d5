//! Following a feed from where there is no access to the database. The carrier between is not trusted: it can delay, and it can read.

mod carrier;
mod follow;
#[cfg(feature = "redis")]
mod redis;

pub use carrier::{Carried, Carrier, CarrierError};
pub use follow::{RemoteFollowing, RemoteOptions, follow};
#[cfg(feature = "redis")]
pub use redis::{RedisCarrier, RedisServing, serve_redis};
