use core::num::NonZeroUsize;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::envelope::body::THREADS_MAX;

/// Threads that work on jobs, which come back in the order in which they were handed out. The caller's is one of them: it works where it
/// would wait. The others end when this is dropped, after the job they have.
pub(super) struct Pool<J> {
    shared: Arc<Shared<J>>,
    /// Where each job comes back.
    back: VecDeque<Receiver<J>>,
    full: usize,
}

struct Shared<J> {
    queue: Mutex<Queue<J>>,
    changed: Condvar,
    work: Box<dyn Fn(&mut J) + Send + Sync>,
}

struct Queue<J> {
    waiting: VecDeque<(J, SyncSender<J>)>,
    ended: bool,
}

/// Jobs for each thread that may be away at a time: one in work, one waiting.
const DEPTH: usize = 2;

impl<J: Send + 'static> Pool<J> {
    /// On as many threads as are asked for, or as the system gives.
    pub(super) fn start(threads: NonZeroUsize, work: impl Fn(&mut J) + Send + Sync + 'static) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), ended: false });
        let shared = Arc::new(Shared { queue, changed: Condvar::new(), work: Box::new(work) });
        let start = |_: &usize| {
            let shared = Arc::clone(&shared);
            let run = move || {
                while let Some(job) = shared.next() {
                    shared.run(job);
                }
            };
            thread::Builder::new().spawn(run).is_ok()
        };
        let others = (1..threads.get().min(THREADS_MAX)).filter(start).count();
        Self { shared, back: VecDeque::new(), full: others.saturating_add(1).saturating_mul(DEPTH) }
    }

    /// Whether one has to come back before another is handed out.
    pub(super) fn is_full(&self) -> bool {
        self.back.len() >= self.full
    }

    pub(super) fn is_empty(&self) -> bool {
        self.back.is_empty()
    }

    pub(super) fn push(&mut self, job: J) {
        let (give, back) = sync_channel(1);
        self.shared.queue().waiting.push_back((job, give));
        self.shared.changed.notify_one();
        self.back.push_back(back);
    }

    /// The job that was handed out first, once it is done. `None` if there is none, or its thread has panicked.
    pub(super) fn pop(&mut self) -> Option<J> {
        let back = self.back.pop_front()?;
        loop {
            match back.try_recv() {
                Err(TryRecvError::Empty) => {}
                came => return came.ok(),
            }
            let waiting = self.shared.queue().waiting.pop_front();
            match waiting {
                Some(job) => self.shared.run(job),
                None => return back.recv().ok(),
            }
        }
    }
}

impl<J> Drop for Pool<J> {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.ended = true;
        queue.waiting.clear();
        self.shared.changed.notify_all();
    }
}

impl<J> Shared<J> {
    fn next(&self) -> Option<(J, SyncSender<J>)> {
        let idle = |queue: &mut Queue<J>| queue.waiting.is_empty() && !queue.ended;
        self.changed.wait_while(self.queue(), idle).unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    fn run(&self, (mut job, give): (J, SyncSender<J>)) {
        (self.work)(&mut job);
        let _ = give.send(job);
    }

    fn queue(&self) -> MutexGuard<'_, Queue<J>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use super::*;

    const THREE: NonZeroUsize = NonZeroUsize::new(3).unwrap();

    #[test]
    fn jobs_come_back_in_their_order() {
        let mut pool = Pool::start(THREE, |job: &mut (u64, u64)| {
            // The earlier a job, the longer it takes.
            thread::sleep(Duration::from_micros(3_000u64.saturating_sub(job.0 * 50)));
            job.1 = job.0 * 2;
        });
        let mut back = Vec::new();
        for number in 0..50 {
            if pool.is_full() {
                back.push(pool.pop().unwrap());
            }
            pool.push((number, 0));
        }
        while !pool.is_empty() {
            back.push(pool.pop().unwrap());
        }
        assert_eq!(back, (0..50).map(|number| (number, number * 2)).collect::<Vec<_>>());
        assert_eq!(pool.pop(), None);
    }

    #[test]
    fn who_waits_works() {
        let caller = thread::current().id();
        let begun = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let seen = Arc::clone(&begun);
        // Nobody is done before both have begun.
        let mut pool = Pool::start(THREE, move |_: &mut u64| {
            let (mine, others) = if thread::current().id() == caller { (0, 1) } else { (1, 0) };
            begun[mine].fetch_add(1, Ordering::AcqRel);
            let start = Instant::now();
            while begun[others].load(Ordering::Acquire) == 0 {
                assert!(start.elapsed() < Duration::from_secs(60));
                thread::yield_now();
            }
        });
        (0..6).for_each(|job| pool.push(job));
        assert!(pool.is_full());
        (0..6).for_each(|job| assert_eq!(pool.pop(), Some(job)));
        assert_eq!(seen.iter().map(|begun| begun.load(Ordering::Acquire)).sum::<usize>(), 6);
    }

    #[test]
    fn alone_the_caller_does_all() {
        let mut pool = Pool::start(NonZeroUsize::MIN, |job: &mut u64| *job += 1);
        (1..3).for_each(|job| pool.push(job));
        assert_eq!((pool.is_full(), pool.pop(), pool.pop(), pool.pop()), (true, Some(2), Some(3), None));
    }

    #[test]
    fn a_thread_that_panics_gives_nothing_back() {
        let begun = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&begun);
        let mut pool = Pool::start(NonZeroUsize::new(2).unwrap(), move |job: &mut u64| {
            begun.store(true, Ordering::Release);
            assert_ne!(*job, 2);
        });
        pool.push(2);
        while !seen.load(Ordering::Acquire) {
            thread::yield_now();
        }
        // None is left but the caller.
        pool.push(3);
        assert_eq!((pool.pop(), pool.pop()), (None, Some(3)));
    }
}
