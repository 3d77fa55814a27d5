use core::fmt;
use core::time::Duration;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::{io, thread};

use tokio::runtime::Builder;

use crate::events::Event;

/// Who is told of everything that is about to be done: of each operation before it takes effect. One that fails refuses the operation.
/// What was told may still not happen, if the database fails thereafter.
pub trait EventSink: Send + Sync {
    /// Takes the event in. Return when it is safe. What takes longer than 2 s has failed.
    ///
    /// Stores await it where they are awaited. What writes a directory ([`crate::files`]) waits for it on another thread, whose runtime ends with the
    /// event, while the caller's thread stands still: connections and tasks that live on one runtime are not for a sink of both.
    fn record<'a>(&'a self, event: &'a Event) -> Recording<'a>;
}

/// What [`EventSink::record`] returns.
pub type Recording<'a> = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send + 'a>>;

/// The sink could not take an event in.
#[derive(Clone, Debug)]
pub struct SinkError(Arc<dyn core::error::Error + Send + Sync>);

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

/// A sink, and the name of who acts.
#[derive(Clone)]
pub struct Recorder {
    /// Without one nobody is told.
    sink: Option<Arc<dyn EventSink>>,
    actor: Option<Arc<str>>,
}

/// A transaction is open meanwhile, which others wait for: less than half as long as they do.
const PATIENCE: Duration = Duration::from_secs(2);

impl Recorder {
    /// Tells this sink, in nobody's name.
    pub fn new(sink: Arc<dyn EventSink>) -> Self {
        Self { sink: Some(sink), actor: None }
    }

    /// Tells nobody.
    pub fn none() -> Self {
        Self { sink: None, actor: None }
    }

    /// The same sink, in this name.
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        Self { sink: self.sink.clone(), actor: Some(actor.into()) }
    }

    /// Tells the sink. Has to be called inside a Tokio runtime, with time.
    ///
    /// # Errors
    /// The operation must not be done.
    pub async fn record(&self, event: Event) -> Result<(), SinkError> {
        let Some(sink) = &self.sink else { return Ok(()) };
        let event = Event { actor: self.actor.as_deref().map(str::to_owned), ..event };
        tokio::time::timeout(PATIENCE, sink.record(&event)).await.unwrap_or_else(|late| Err(SinkError::new(late)))
    }

    /// Tells the sink, from where nothing is awaited: on a thread of its own with a runtime of its own, so that the caller may have one or none.
    ///
    /// # Errors
    /// The operation must not be done.
    pub fn record_blocking(&self, event: Event) -> Result<(), SinkError> {
        if self.sink.is_none() {
            return Ok(());
        }
        thread::scope(|scope| {
            let told = thread::Builder::new().spawn_scoped(scope, || {
                let runtime = Builder::new_current_thread().enable_all().build().map_err(SinkError::new)?;
                let told = runtime.block_on(self.record(event));
                // Whatever of the sink still stands at a medium: it is not waited for.
                runtime.shutdown_background();
                told
            });
            let panicked = |_| SinkError::new(io::Error::other("the sink panicked"));
            told.map_err(SinkError::new)?.join().map_err(panicked)?
        })
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::none()
    }
}

impl EventSink for NoSink {
    fn record<'a>(&'a self, _: &'a Event) -> Recording<'a> {
        Box::pin(core::future::ready(Ok(())))
    }
}

impl SinkError {
    /// With what happened.
    pub fn new(cause: impl core::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(cause))
    }

    pub(crate) fn cause(&self) -> &(dyn core::error::Error + 'static) {
        &*self.0
    }
}

/// Two are equal if they are one failure.
impl PartialEq for SinkError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SinkError {}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event could not be recorded")
    }
}

impl core::error::Error for SinkError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.0)
    }
}
