//! A gate that is shut while the process forks: who speaks to a database is through it before, or waits until that is over.
//!
//! A child inherits the memory of its parent at one moment, and of its threads the one that forks. What another thread held then, such as
//! SQLite's own mutex, stays held in the child for ever. So nobody may be inside.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portward::Audience;

use crate::error::Error;

static GATE: Mutex<Gate> = Mutex::new(Gate { inside: 0, shut: false });
static CHANGED: Condvar = Condvar::new();

struct Gate {
    inside: usize,
    shut: bool,
}

thread_local! {
    /// How often this thread is inside: one that is does not wait again.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Of the thread that forks, until it has: the lock is its own in the child, too.
    static SHUT: RefCell<Option<Shut>> = const { RefCell::new(None) };
}

struct Shut {
    process: u32,
    gate: MutexGuard<'static, Gate>,
}

/// Held by a thread that is inside.
pub(crate) struct Pass(PhantomData<*const ()>);

/// The same for what ends on another thread.
pub(crate) struct Errand(());

/// Waits while the gate is shut.
pub(crate) fn enter() -> Result<Pass, Error> {
    if SHUT.try_with(|shut| shut.borrow().is_some()).unwrap_or(false) {
        return Err(Error::new(
            "forking",
            Audience::Environment,
            &"this thread is about to fork: nothing is opened now",
        ));
    }
    let depth = DEPTH.get();
    if depth == 0 {
        let gate = CHANGED.wait_while(lock(), |gate| gate.shut);
        let mut gate = gate.unwrap_or_else(PoisonError::into_inner);
        gate.inside = gate.inside.saturating_add(1);
    }
    DEPTH.set(depth.saturating_add(1));
    Ok(Pass(PhantomData))
}

/// Does not wait: `None` where the gate is shut, or somebody is at it at this moment.
pub(crate) fn send() -> Option<Errand> {
    let mut gate = GATE.try_lock().ok().filter(|gate| !gate.shut)?;
    gate.inside = gate.inside.saturating_add(1);
    Some(Errand(()))
}

/// Shuts the gate until [`open`] on the same thread, waits until nobody is inside, and closes what is open.
pub(crate) fn shut(close: impl FnOnce()) {
    if SHUT.with_borrow(Option::is_some) {
        return;
    }
    let gate = CHANGED.wait_while(lock(), |gate| gate.shut);
    let mut gate = gate.unwrap_or_else(PoisonError::into_inner);
    gate.shut = true;
    let own = usize::from(DEPTH.get() > 0);
    let waited = CHANGED.wait_timeout_while(gate, PATIENCE, |gate| gate.inside > own);
    let (gate, _) = waited.unwrap_or_else(PoisonError::into_inner);
    // First, so that it is opened again whatever happens to `close`.
    SHUT.set(Some(Shut { process: std::process::id(), gate }));
    close();
}

/// Opens it again, in the parent and in the child, where the others are not.
pub(crate) fn open() {
    let Some(Shut { process, mut gate }) = SHUT.take() else { return };
    gate.shut = false;
    if process != std::process::id() {
        gate.inside = usize::from(DEPTH.get() > 0);
    }
    drop(gate);
    CHANGED.notify_all();
}

/// For how long a fork waits for what others have under way; then it goes on all the same.
const PATIENCE: Duration = Duration::from_secs(20);

fn lock() -> MutexGuard<'static, Gate> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leave() {
    let mut gate = lock();
    gate.inside = gate.inside.saturating_sub(1);
    drop(gate);
    CHANGED.notify_all();
}

impl Drop for Pass {
    fn drop(&mut self) {
        let depth = DEPTH.get().saturating_sub(1);
        DEPTH.set(depth);
        if depth == 0 {
            leave();
        }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        leave();
    }
}
