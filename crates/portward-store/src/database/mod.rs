//! SQLite or PostgreSQL behind one set of statements, which both understand: `$1`, and the types whole number, text and bytes.

#[cfg(all(unix, feature = "backup"))]
mod bare;
mod begin;
mod error;
mod file;
mod location;
mod made;
mod open;
pub(crate) mod record;
mod url;
mod work;

pub(crate) use begin::{Database, Lock};
pub use error::{DatabaseError, LocationError};
pub use location::Location;
pub(crate) use open::Schema;
pub use url::PostgresUrl;
pub(crate) use work::Work;
