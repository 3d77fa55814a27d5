//! `--events`: a file that is told, in lines of JSON, of everything before it is done.

use std::sync::Arc;

use portward::{Clock as _, SystemClock};
use portward_store::events::{Event, JsonLines, Operation, Recorder};
use portward_store::files::{FileError, FilesError};

use crate::failure::Failure;
use crate::global::Global;

/// Who is told by stores, key stores and backups.
pub(crate) fn recorder(global: &Global) -> Result<Recorder, Failure> {
    let Some(path) = &global.events else { return Ok(Recorder::none()) };
    let lines = JsonLines::append_to(path).map_err(|error| Failure::file(path, FileError::writing(&error)))?;
    let recorder = Recorder::new(Arc::new(lines));
    Ok(global.actor.as_deref().map_or(recorder.clone(), |actor| recorder.acting_as(actor)))
}

/// Of what is done now.
pub(crate) fn event(operation: Operation) -> Event {
    Event::new(SystemClock.now().wall, operation)
}

/// Of what this command does by itself.
pub(crate) fn tell(global: &Global, event: Event) -> Result<(), Failure> {
    recorder(global)?.record_blocking(event).map_err(|error| Failure::from(FilesError::Sink(error)))
}
