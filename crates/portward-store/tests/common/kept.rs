//! A sink that keeps what it is told, and fails when it is told to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use portward_store::events::{Event, EventSink, Recorder, Recording, SinkError};

#[derive(Default)]
pub(crate) struct Kept {
    events: Mutex<Vec<Event>>,
    fails: AtomicBool,
}

impl Kept {
    pub(crate) fn recorder(self: &Arc<Self>) -> Recorder {
        let sink: Arc<dyn EventSink> = self.clone();
        Recorder::new(sink)
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// What was told since this was last asked.
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}

impl EventSink for Kept {
    fn record<'a>(&'a self, event: &'a Event) -> Recording<'a> {
        Box::pin(async move {
            if self.fails.load(Ordering::Relaxed) {
                return Err(SinkError::new(std::io::Error::other("full")));
            }
            self.events.lock().unwrap().push(event.clone());
            Ok(())
        })
    }
}
