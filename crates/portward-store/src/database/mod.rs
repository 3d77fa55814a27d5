//! SQLite or PostgreSQL behind one set of statements, which both understand: `$1`, and the types whole number, text and bytes.

mod error;
mod location;
mod open;
pub(crate) mod record;
mod work;

pub use error::DatabaseError;
pub use location::{Location, LocationError};
pub(crate) use open::{Database, Schema};
pub(crate) use work::{Lock, Work};
