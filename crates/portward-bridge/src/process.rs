//! What belongs to one process: the runtime that waits for databases, and whatever holds connections. A forked child opens its own.
//!
//! A server that forks its workers calls [`before_fork`] before and [`after_fork`] in both afterwards, on the thread that forks; bindings do that
//! by the hooks of their language. Everything is then closed before the fork, and opened again when it is needed: SQLite keeps in memory which
//! locks a process holds, and a child that inherits this without the locks would corrupt the file. Other threads wait meanwhile. Whoever forks
//! behind our back is refused.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use portward::{Audience, Steady};
use tokio::runtime::{Builder, Runtime};

use crate::error::Error;
use crate::gate::{self, Pass};

/// Raised whenever all that was opened before is closed.
static GENERATION: AtomicU64 = AtomicU64::new(0);
static RUNTIME: ArcSwapOption<Running> = ArcSwapOption::const_empty();
static OPENED: LazyLock<ArcSwap<Vec<Weak<dyn Close>>>> = LazyLock::new(ArcSwap::default);

struct Running {
    process: u32,
    runtime: Runtime,
}

/// Closes everything, once what other threads have under way has ended; what they begin then waits until [`after_fork`]. Takes no lock of the
/// caller's language along: what they have under way may need it.
pub fn before_fork() {
    gate::shut(|| {
        GENERATION.fetch_add(1, Ordering::AcqRel);
        for opened in OPENED.load().iter().filter_map(Weak::upgrade) {
            opened.close();
        }
        // Nobody else is inside, so nobody else has it.
        if let Some(running) = RUNTIME.swap(None).and_then(Arc::into_inner) {
            running.runtime.shutdown_timeout(Duration::from_secs(1));
        }
    });
}

/// In parent and child, also if there is none: lets everybody go on.
pub fn after_fork() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
    gate::open();
}

/// Waits for the work, on this thread and those of the runtime.
pub(crate) fn wait<F: Future>(work: F) -> Result<F::Output, Error> {
    let _pass = gate::enter()?;
    wait_inside(work)
}

fn wait_inside<F: Future>(work: F) -> Result<F::Output, Error> {
    Ok(running()?.runtime.block_on(work))
}

/// What is made in the runtime, such as a task, is made by this.
pub(crate) fn within<T>(make: impl FnOnce() -> T) -> Result<T, Error> {
    let _pass = gate::enter()?;
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
pub(crate) struct PerProcess<T: Connected> {
    held: ArcSwapOption<Held<T>>,
    open: Box<dyn Fn() -> Result<T, Error> + Send + Sync>,
    /// By the caller, for good.
    closed: std::sync::atomic::AtomicBool,
}

struct Held<T> {
    generation: u64,
    process: u32,
    /// When the process was last compared by [`PerProcess::peek`], in milliseconds.
    compared: AtomicU64,
    value: T,
}

impl<T> Held<T> {
    fn is_current(&self) -> bool {
        self.generation == GENERATION.load(Ordering::Acquire)
    }

    /// Whether it was opened before a fork.
    fn is_foreign(&self) -> bool {
        self.process != std::process::id()
    }

    /// The same, where it was not asked a moment ago: it is a system call, and takes longer than to verify a token.
    fn is_foreign_at(&self, now: Steady) -> bool {
        if self.compared.load(Ordering::Relaxed).abs_diff(now.millis()) < COMPARE_EVERY {
            return false;
        }
        let foreign = self.is_foreign();
        if !foreign {
            self.compared.store(now.millis(), Ordering::Relaxed);
        }
        foreign
    }
}

/// In milliseconds.
const COMPARE_EVERY: u64 = 100;

trait Close: Send + Sync {
    /// For a thread that is inside.
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

    /// What is open in this process, opened if need be. It is not closed for a fork while the guard is held.
    pub(crate) fn get(&self) -> Result<Guard<T>, Error> {
        // Before the gate: what is behind it may be another process's for ever.
        if self.held.load().as_ref().is_some_and(|held| held.is_current() && held.is_foreign()) {
            return Err(forked());
        }
        let pass = gate::enter()?;
        loop {
            let current = self.held.load_full();
            match current {
                Some(held) if self.closed.load(Ordering::Acquire) => {
                    // It was opened while another thread closed it.
                    drop(held);
                    self.close();
                }
                // Nobody told of the fork.
                Some(held) if held.is_current() && held.is_foreign() => return Err(forked()),
                Some(held) if held.is_current() => return Ok(Guard { held, _pass: Some(pass) }),
                // From before a fork.
                Some(_) => self.close(),
                None if self.closed.load(Ordering::Acquire) => {
                    return Err(Error { public: "unavailable", ..Error::value("closed", "it was closed") });
                }
                None => {
                    let generation = GENERATION.load(Ordering::Acquire);
                    let value = (self.open)()?;
                    let made = Arc::new(Held { generation, process: std::process::id(), compared: 0.into(), value });
                    let before = self.held.compare_and_swap(&None::<Arc<Held<T>>>, Some(Arc::clone(&made)));
                    if before.is_some() {
                        // Another thread was faster.
                        wait_inside(made.value.close())?;
                    }
                }
            }
        }
    }

    /// What is open in this process, without opening anything: takes no lock. That the process was forked behind our back is noticed within
    /// a tenth of a second.
    pub(crate) fn peek(&self, now: Steady) -> Option<Guard<T>> {
        let held = self.held.load_full()?;
        (held.is_current() && !held.is_foreign_at(now)).then_some(Guard { held, _pass: None })
    }

    /// For good.
    pub(crate) fn end(&self) {
        self.closed.store(true, Ordering::Release);
        let _pass = gate::enter();
        self.close();
    }
}

fn forked() -> Error {
    let message = "the process was forked without notice: open the store in the child";
    Error::new("forked", Audience::Environment, &message)
}

impl<T: Connected> Close for PerProcess<T> {
    fn close(&self) {
        if let Some(held) = self.held.swap(None) {
            if held.is_foreign() {
                core::mem::forget(held);
            } else {
                // Without a runtime nothing is connected.
                let _ = wait_inside(async { tokio::time::timeout(CLOSE_WITHIN, held.value.close()).await });
            }
        }
    }
}

impl<T: Connected> Drop for PerProcess<T> {
    /// Waits for nothing: the thread may hold what others need to go on.
    fn drop(&mut self) {
        let Some(held) = self.held.swap(None) else { return };
        if held.is_foreign() {
            // Dropping would speak over the parent's connections.
            core::mem::forget(held);
        } else if let (Some(errand), Some(running)) = (gate::send(), RUNTIME.load_full()) {
            // A fork waits for it.
            running.runtime.spawn(async move {
                let _ = tokio::time::timeout(CLOSE_WITHIN, held.value.close()).await;
                drop((held, errand));
            });
        }
    }
}

const CLOSE_WITHIN: Duration = Duration::from_secs(10);

/// Held while it is used.
pub(crate) struct Guard<T> {
    held: Arc<Held<T>>,
    _pass: Option<Pass>,
}

impl<T> core::ops::Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held.value
    }
}

/// For tests: a fork is the whole process's, and closes what others have just opened.
#[cfg(test)]
pub(crate) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32};
    use std::thread;

    use super::*;
    use crate::{Deployment, Filter, KeyStore, KeyStoreOptions, Keyring, NewLink, Store, StoreOptions};

    fn keyring() -> Keyring {
        Keyring::generate(&Deployment::generate(None).unwrap()).unwrap()
    }

    fn issued(store: &Store) -> String {
        let (tenant, client) = ("studio-7".to_owned(), "ada".to_owned());
        let permissions = vec!["files:read".to_owned()];
        store.issue(&NewLink { tenant, client, permissions, ..NewLink::default() }).unwrap().0.text
    }

    fn store(location: &str, keyring: &Keyring) -> Store {
        let options = StoreOptions { initialise: true, events: Some("events.jsonl".into()), ..StoreOptions::default() };
        Store::open(location, keyring, &options).unwrap()
    }

    /// One test: the current directory is the process's, and so is a fork.
    #[test]
    fn others_wait_while_it_forks_and_the_same_files_are_opened_again() {
        let _alone = alone();
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::env::set_current_dir(&here).unwrap();
        let keyring = keyring();
        let store = store("sqlite:portal.db", &keyring);
        let keys = KeyStore::open(
            "sqlite:keys.db",
            &keyring,
            Some(&store),
            &KeyStoreOptions { initialise: true, ..Default::default() },
        )
        .unwrap();
        keys.new_tenant("studio-7").unwrap();
        let link = issued(&store);
        std::env::set_current_dir(&there).unwrap();

        let over = AtomicBool::new(false);
        let [verified, asked] = [const { AtomicU32::new(0) }; 2];
        let until_over = |times: &AtomicU32, work: &dyn Fn()| {
            while !over.load(Ordering::Relaxed) {
                work();
                times.fetch_add(1, Ordering::Relaxed);
            }
        };
        let verify = || assert_eq!(store.verify_link(&link).unwrap().client(), "ada");
        let ask = || drop(store.list("studio-7", &Filter::default(), None, 1).unwrap());
        let times = || [&verified, &asked].map(|times| times.load(Ordering::Relaxed));
        thread::scope(|scope| {
            let verifying = scope.spawn(|| until_over(&verified, &verify));
            let asking = scope.spawn(|| until_over(&asked, &ask));
            for _ in 0..20 {
                before_fork();
                assert!(!store.is_open());
                let refused = store.refresh().unwrap_err();
                assert_eq!((refused.code, refused.kind), ("forking", crate::Kind::Unavailable));
                thread::sleep(Duration::from_millis(5));
                assert!(!store.is_open(), "nobody opened it meanwhile");
                let before = times();
                after_fork();
                store.refresh().unwrap();
                // Both go on.
                while times().iter().zip(before).any(|(now, before)| *now == before)
                    && !verifying.is_finished()
                    && !asking.is_finished()
                {
                    thread::yield_now();
                }
            }
            over.store(true, Ordering::Relaxed);
            verifying.join().unwrap();
            asking.join().unwrap();
        });

        before_fork();
        after_fork();
        assert_eq!(store.verify_link(&link).unwrap().client(), "ada");
        assert_eq!(keys.new_tenant("studio-7").unwrap_err().code, "key_exists");
        issued(&store);
        assert_eq!(std::fs::read_dir(&there).unwrap().count(), 0, "nothing is made elsewhere");
        assert!(here.path().join("events.jsonl").exists());

        before_fork();
        std::fs::rename(here.path().join("keys.db"), here.path().join("kept")).unwrap();
        after_fork();
        assert_eq!(keys.new_tenant("studio-8").unwrap_err().code, "store_uninitialised");
        assert!(!here.path().join("keys.db").exists(), "it is not made again");
        std::fs::rename(here.path().join("kept"), here.path().join("keys.db")).unwrap();
        keys.new_tenant("studio-8").unwrap();
        keys.close();
        store.close();
    }

    #[test]
    fn what_is_dropped_is_closed() {
        let _alone = alone();
        let directory = tempfile::tempdir().unwrap();
        let location = format!("sqlite:{}", directory.path().join("portal.db").display());
        let options = StoreOptions { initialise: true, ..StoreOptions::default() };
        let store = Store::open(&location, &keyring(), &options).unwrap();
        issued(&store);
        let wal = directory.path().join("portal.db-wal");
        assert!(wal.exists());
        drop(store);
        let ended = (0..6000).any(|_| {
            thread::sleep(Duration::from_millis(10));
            !wal.exists()
        });
        assert!(ended, "the last connection to end takes it away");
    }
}
