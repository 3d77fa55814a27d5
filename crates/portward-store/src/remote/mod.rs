//! Following a feed from where there is no access to the database. The carrier between is not trusted: it can delay, and it can read.

mod carrier;
mod follow;
#[cfg(feature = "redis")]
mod redis;
#[cfg(all(feature = "redis", feature = "links"))]
mod redis_serving;

pub use carrier::{Carried, Carrier, CarrierError};
pub use follow::{RemoteFollowing, RemoteOptions, follow};
#[cfg(feature = "redis")]
pub use redis::RedisCarrier;
#[cfg(all(feature = "redis", feature = "links"))]
pub use redis_serving::{RedisServing, serve_redis};
