//! Long work on a thread of its own: the thread that polls a future belongs to the application.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use portward_bridge::{Error, Stop};

use crate::error::{PortwardError, call};

/// Does the work on a new thread. Whoever drops the future (a cancelled coroutine, a cancelled task) ends it at its next step.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce(&Wanted) -> Result<T, Error> + Send + 'static,
) -> Result<T, PortwardError> {
    let shared = Arc::new(Shared { state: Mutex::default(), wanted: Arc::default() });
    let worker = Arc::clone(&shared);
    let started = thread::Builder::new().name("portward".to_owned()).spawn(move || {
        let outcome = call(|| work(&worker.wanted));
        worker.finish(outcome);
    });
    if started.is_err() {
        return Err(PortwardError::no_threads());
    }
    Waiting(shared).await
}

/// Whether somebody still waits for the work.
#[derive(Default)]
pub(crate) struct Wanted {
    given_up: Mutex<bool>,
}

impl Wanted {
    pub(crate) fn check(&self) -> Result<(), Stop> {
        self.unless_given_up(&mut || ())
    }

    /// What makes the work visible: whoever gives up comes before it, and then it does not happen, or waits until it has happened. It is short.
    pub(crate) fn unless_given_up(&self, last: &mut dyn FnMut()) -> Result<(), Stop> {
        let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        if *given_up {
            return Err(Stop::Cancelled);
        }
        last();
        Ok(())
    }

    fn give_up(&self) {
        *self.given_up.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

struct Shared<T> {
    state: Mutex<State<T>>,
    wanted: Arc<Wanted>,
}

struct State<T> {
    outcome: Option<Result<T, PortwardError>>,
    waker: Option<Waker>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { outcome: None, waker: None }
    }
}

impl<T> Shared<T> {
    fn finish(&self, outcome: Result<T, PortwardError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Waiting<T>(Arc<Shared<T>>);

impl<T> Future for Waiting<T> {
    type Output = Result<T, PortwardError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.wanted.give_up();
    }
}
