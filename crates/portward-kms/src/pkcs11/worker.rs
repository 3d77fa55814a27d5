use core::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::error::TokenError;
use super::session::Shared;

/// The thread on which a token is called. A part that hangs holds it, and nobody who asks.
pub(super) struct Worker {
    /// `None` once it is to end.
    calls: Option<Sender<(Option<Instant>, Call)>>,
    deadline: Duration,
    /// The call before was not answered in time.
    is_late: AtomicBool,
    ended: Mutex<Receiver<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

type Call = Box<dyn FnOnce(&mut Shared) + Send>;

impl Worker {
    /// Opens the token there.
    pub(super) fn start(
        deadline: Duration,
        open: impl FnOnce() -> Result<Shared, TokenError> + Send + 'static,
    ) -> Result<Self, TokenError> {
        let (calls, asked) = channel::<(Option<Instant>, Call)>();
        let (say, said) = channel();
        let (end, ended) = channel();
        let work = move || {
            // Goes last.
            let _end: Sender<Infallible> = end;
            let mut shared = match open() {
                Ok(shared) => shared,
                Err(error) => {
                    let _ = say.send(Err(error));
                    return;
                }
            };
            let _ = say.send(Ok(()));
            for (until, call) in asked {
                // Nobody waits for it any more.
                if until.is_none_or(|until| Instant::now() < until) {
                    call(&mut shared);
                }
            }
        };
        let thread = Builder::new().name("pkcs11".into()).spawn(work).map_err(|_| TokenError::Unavailable)?;
        said.recv_timeout(deadline).map_err(|_| TokenError::Unavailable)??;
        let (ended, is_late) = (Mutex::new(ended), AtomicBool::new(false));
        Ok(Self { calls: Some(calls), deadline, is_late, ended, thread: Some(thread) })
    }

    /// Waits for the answer until the deadline, in which calls before it take their turns, too. One that comes later is dropped, and so wiped.
    pub(super) fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Shared) -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, TokenError> {
        let (say, said) = channel();
        let until = Instant::now().checked_add(self.deadline);
        let call: Call = Box::new(move |shared| {
            let _ = say.send(call(shared));
        });
        let calls = self.calls.as_ref().ok_or(TokenError::Unavailable)?;
        calls.send((until, call)).map_err(|_| TokenError::Unavailable)?;
        let answer = said.recv_timeout(self.deadline);
        self.is_late.store(answer.is_err(), Ordering::Relaxed);
        answer.unwrap_or(Err(TokenError::Unavailable))
    }
}

impl Drop for Worker {
    /// Sessions are closed before anything else ends, such as the process, with which a module goes whoever is in it. A part that hangs is
    /// not waited for.
    fn drop(&mut self) {
        self.calls = None;
        let patience = if self.is_late.load(Ordering::Relaxed) { Duration::ZERO } else { self.deadline };
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner).recv_timeout(patience);
        if let (Err(RecvTimeoutError::Disconnected), Some(thread)) = (ended, self.thread.take()) {
            // What it panicked with, its hook has said.
            let _ = thread.join();
        }
    }
}
