//! `--events`: a file that is told, in lines of JSON, of everything before it is done.

use std::sync::Arc;

use portward::{Audience, Clock as _, SystemClock};
use portward_store::events::{Event, JsonLines, Operation, Recorder};
use portward_store::files::FileError;
use tokio::runtime::Builder;

use crate::failure::{Exit, Failure};
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

/// Of what this command does by itself, in the directory.
pub(crate) fn tell(global: &Global, event: Event) -> Result<(), Failure> {
    let Some(path) = &global.events else { return Ok(()) };
    let failed = |message| Failure::new("sink_failed", Audience::Environment, message, Exit::Environment);
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
    let recorder = recorder(global)?;
    runtime.block_on(recorder.record(event)).map_err(|error| failed(format!("{}: {error}", path.display())))
}
