//! What belongs to one process: the runtime that waits for databases, and whatever holds connections. A forked child opens its own.
//!
//! A server that forks its workers calls [`before_fork`] before and [`after_fork`] in both afterwards; bindings do that by the hooks of their
//! language. Everything is then closed before the fork and opened again when it is needed: SQLite keeps in memory which locks a process
//! holds, and a child that inherits this without the locks would corrupt the file. Whoever forks behind our back is refused.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use portward::Audience;
use tokio::runtime::{Builder, Runtime};

use crate::error::Error;

/// Raised whenever all that was opened before is closed.
static GENERATION: AtomicU64 = AtomicU64::new(0);
static RUNTIME: ArcSwapOption<Running> = ArcSwapOption::const_empty();
static OPENED: LazyLock<ArcSwap<Vec<Weak<dyn Close>>>> = LazyLock::new(ArcSwap::default);

struct Running {
    process: u32,
    runtime: Runtime,
}

/// Closes everything. What another thread has under way ends first; what it begins at this very moment may fail as unavailable.
pub fn before_fork() {
    for opened in OPENED.load().iter().filter_map(Weak::upgrade) {
        opened.close();
    }
    GENERATION.fetch_add(1, Ordering::AcqRel);
    // The last who waits in it ends it; mostly that is this thread.
    if let Some(running) = RUNTIME.swap(None).and_then(Arc::into_inner) {
        running.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

/// In parent and child: what was opened between [`before_fork`] and the fork is not used either.
pub fn after_fork() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
}

/// Waits for the work, on this thread and those of the runtime.
pub(crate) fn wait<F: Future>(work: F) -> Result<F::Output, Error> {
    Ok(running()?.runtime.block_on(work))
}

/// What is made in the runtime, such as a task, is made by this.
pub(crate) fn within<T>(make: impl FnOnce() -> T) -> Result<T, Error> {
    let running = running()?;
    let _entered = running.runtime.enter();
    Ok(make())
}

fn running() -> Result<Arc<Running>, Error> {
    let process = std::process::id();
    loop {
        let current = RUNTIME.load_full();
        match current {
            Some(running) if running.process == process => return Ok(running),
            // Its threads are another process's: even to end it would wait for them.
            Some(foreign) => {
                if Arc::ptr_eq(&foreign, &exchange(&foreign)) {
                    core::mem::forget(foreign);
                }
            }
            None => {
                let runtime =
                    Builder::new_multi_thread().worker_threads(2).thread_name("portward").enable_all().build();
                let runtime = runtime
                    .map_err(|_| Error::new("no_threads", Audience::Environment, &"no threads could be started"))?;
                let made = Some(Arc::new(Running { process, runtime }));
                let _ = RUNTIME.compare_and_swap(&None::<Arc<Running>>, made);
            }
        }
    }
}

/// Takes a runtime out if it is still there; what was there instead otherwise.
fn exchange(foreign: &Arc<Running>) -> Arc<Running> {
    let before = RUNTIME.compare_and_swap(&Some(Arc::clone(foreign)), None);
    before.as_ref().map_or_else(|| Arc::clone(foreign), Arc::clone)
}

/// What holds connections.
pub(crate) trait Connected: Send + Sync + 'static {
    /// Ends them, once what is under way has ended.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Something that is opened when it is needed, in each process anew.
pub(crate) struct PerProcess<T> {
    held: ArcSwapOption<Held<T>>,
    open: Box<dyn Fn() -> Result<T, Error> + Send + Sync>,
    /// By the caller, for good.
    closed: std::sync::atomic::AtomicBool,
}

struct Held<T> {
    generation: u64,
    process: u32,
    value: T,
}

trait Close: Send + Sync {
    fn close(&self);
}

impl<T: Connected> PerProcess<T> {
    /// Opens it for the first time.
    pub(crate) fn open(open: impl Fn() -> Result<T, Error> + Send + Sync + 'static) -> Result<Arc<Self>, Error> {
        let held = ArcSwapOption::empty();
        let made = Arc::new(Self { held, open: Box::new(open), closed: false.into() });
        let weak: Weak<dyn Close> = Arc::downgrade(&made) as Weak<dyn Close>;
        // Before it is opened, so that a fork meanwhile closes it.
        OPENED.rcu(|opened| {
            let living = opened.iter().filter(|opened| opened.strong_count() > 0).cloned();
            living.chain([Weak::clone(&weak)]).collect::<Vec<_>>()
        });
        made.get()?;
        Ok(made)
    }

    /// What is open in this process, opened if need be.
    pub(crate) fn get(&self) -> Result<Guard<T>, Error> {
        loop {
            let generation = GENERATION.load(Ordering::Acquire);
            let current = self.held.load_full();
            match current {
                // Nobody told of the fork, or it was opened at that very moment.
                Some(held) if held.process != std::process::id() => {
                    return Err(Error::new(
                        "forked",
                        Audience::Environment,
                        &"the process was forked without notice: open the store in the child",
                    ));
                }
                Some(held) if self.closed.load(Ordering::Acquire) => {
                    // It was opened while another thread closed it.
                    drop(held);
                    self.close();
                }
                Some(held) if held.generation == generation => return Ok(Guard(held)),
                // Opened while everything was closed before a fork.
                Some(_) => self.close(),
                None if self.closed.load(Ordering::Acquire) => {
                    return Err(Error { public: "unavailable", ..Error::value("closed", "it was closed") });
                }
                None => {
                    let made = Arc::new(Held { generation, process: std::process::id(), value: (self.open)()? });
                    let before = self.held.compare_and_swap(&None::<Arc<Held<T>>>, Some(Arc::clone(&made)));
                    if before.is_some() {
                        // Another thread was faster.
                        wait(made.value.close())?;
                    }
                }
            }
        }
    }

    /// What is open in this process, without opening anything: takes no lock and calls nothing.
    pub(crate) fn peek(&self) -> Option<Guard<T>> {
        let held = self.held.load_full()?;
        (held.generation == GENERATION.load(Ordering::Acquire)).then_some(Guard(held))
    }

    /// For good.
    pub(crate) fn end(&self) {
        self.closed.store(true, Ordering::Release);
        self.close();
    }
}

impl<T: Connected> Close for PerProcess<T> {
    fn close(&self) {
        if let Some(held) = self.held.swap(None) {
            if held.process == std::process::id() {
                // Without a runtime nothing is connected.
                let _ = wait(async { tokio::time::timeout(Duration::from_secs(10), held.value.close()).await });
            } else {
                core::mem::forget(held);
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        // In a child that was not told, dropping would speak over the parent's connections.
        if let Some(held) = self.held.swap(None).filter(|held| held.process != std::process::id()) {
            core::mem::forget(held);
        }
    }
}

/// Held while it is used.
pub(crate) struct Guard<T>(Arc<Held<T>>);

impl<T> core::ops::Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}
