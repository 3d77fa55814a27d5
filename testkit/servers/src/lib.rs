#![forbid(unsafe_code)]
//! Real database servers for tests: started, killed, paused, and put back to an older state.
//!
//! Each server has a private directory, a password, and a free port of this machine's loopback address. It is stopped and its directory
//! removed when its value is dropped, and also when the process that started it ends in another way: a value in a `static` is fine.
//!
//! ```
//! # #[cfg(unix)] {
//! use portward_test_servers::{Durability, Postgres};
//!
//! // `None` where PostgreSQL is not installed, which is said; an error where `PORTWARD_TEST_SERVERS` is set.
//! if let Some(server) = Postgres::start(Durability::Fast)? {
//!     let database = server.create_database()?;
//!     assert_eq!(server.sql(&database, "SELECT 1 + 1")?, "2");
//!     assert!(server.url(&database).starts_with("postgres://"));
//! }
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```

#![cfg(unix)]

mod absent;
mod account;
mod disk;
mod pgbouncer;
mod postgres;
mod process;
mod redis;
mod server;
mod warden;

pub use disk::SmallDisk;
pub use pgbouncer::PgBouncer;
pub use postgres::{Durability, Postgres, Snapshot};
pub use redis::Redis;
