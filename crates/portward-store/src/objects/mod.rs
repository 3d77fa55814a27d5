//! Objects sealed and opened as streams, and files of them that are there whole or not at all.

mod error;
mod header;
#[cfg(unix)]
mod leftover;
mod stream;
mod whole;

pub use error::ObjectError;
pub(crate) use error::Unsynced;
pub use header::{read_header, rewrap_file, rewrap_watched};
pub use stream::{open_file, open_stream, seal_file, seal_stream};
pub use whole::WholeFile;
