//! Who is told of what is about to be done: of links, keys and backups.

mod committed;
mod event;
mod json_lines;
mod operation;
mod sink;

pub use event::{Event, Subject};
pub use json_lines::JsonLines;
pub use operation::{EventKind, Operation};
pub use sink::{EventSink, NoSink, Recorder, Recording, SinkError};
