use std::path::{Path, PathBuf};
use std::sync::Arc;

use portward_store::events::{JsonLines, Recorder, SinkError};
use portward_store::store::StoreError;

use crate::error::Error;
use crate::text;

/// The file that is told, wherever the process goes later.
pub(crate) fn file(events: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    events.map(text::absolute).transpose()
}

/// Opened anew in each process: the thread that writes is not there behind a fork.
pub(crate) fn recorder(file: Option<&Path>) -> Result<Recorder, Error> {
    let Some(path) = file else { return Ok(Recorder::none()) };
    let lines = JsonLines::append_to(path).map_err(|error| StoreError::Sink(SinkError::new(error)))?;
    Ok(Recorder::new(Arc::new(lines)))
}
