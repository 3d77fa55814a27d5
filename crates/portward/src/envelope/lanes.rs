use core::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::envelope::body::THREADS_MAX;

/// Threads that work on jobs which are handed out, and come back, in one order. They end when this is dropped, after the job they have.
pub(super) struct Lanes<J> {
    lanes: Vec<Lane<J>>,
    pushed: usize,
    popped: usize,
}

struct Lane<J> {
    jobs: SyncSender<J>,
    done: Receiver<J>,
}

/// Jobs that a thread may have at a time: one in work, one waiting.
const DEPTH: usize = 2;

impl<J: Send + 'static> Lanes<J> {
    /// As many as are asked for, or as the system gives. `None` if that is none.
    pub(super) fn start(threads: NonZeroUsize, work: impl Fn(&mut J) + Clone + Send + 'static) -> Option<Self> {
        let start = |_| {
            let ((jobs, inbox), (outbox, done)) = (sync_channel::<J>(DEPTH), sync_channel(DEPTH));
            let work = work.clone();
            let run = move || {
                for mut job in inbox {
                    work(&mut job);
                    if outbox.send(job).is_err() {
                        return;
                    }
                }
            };
            thread::Builder::new().spawn(run).ok().map(|_| Lane { jobs, done })
        };
        let lanes: Vec<_> = (0..threads.get().min(THREADS_MAX)).filter_map(start).collect();
        (!lanes.is_empty()).then_some(Self { lanes, pushed: 0, popped: 0 })
    }

    /// Whether one has to come back before another is handed out.
    pub(super) const fn is_full(&self) -> bool {
        self.pushed.wrapping_sub(self.popped) >= self.lanes.len().saturating_mul(DEPTH)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.pushed == self.popped
    }

    /// Hands a job out. Lost if its thread has panicked: then it does not come back.
    pub(super) fn push(&mut self, job: J) {
        if let Some(lane) = self.lane(self.pushed) {
            let _ = lane.jobs.send(job);
        }
        self.pushed = self.pushed.wrapping_add(1);
    }

    /// Waits for the job that was handed out first. `None` if there is none, or its thread has panicked.
    pub(super) fn pop(&mut self) -> Option<J> {
        if self.is_empty() {
            return None;
        }
        let lane = self.popped;
        self.popped = self.popped.wrapping_add(1);
        self.lane(lane)?.done.recv().ok()
    }

    fn lane(&self, number: usize) -> Option<&Lane<J>> {
        self.lanes.get(number.checked_rem(self.lanes.len())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_come_back_in_their_order() {
        let mut lanes = Lanes::start(NonZeroUsize::new(3).unwrap(), |job: &mut (u64, u64)| {
            // The earlier a job, the longer it takes.
            thread::sleep(std::time::Duration::from_micros(3_000u64.saturating_sub(job.0 * 50)));
            job.1 = job.0 * 2;
        })
        .unwrap();
        let mut back = Vec::new();
        for number in 0..50 {
            if lanes.is_full() {
                back.push(lanes.pop().unwrap());
            }
            lanes.push((number, 0));
        }
        while !lanes.is_empty() {
            back.push(lanes.pop().unwrap());
        }
        assert_eq!(back, (0..50).map(|number| (number, number * 2)).collect::<Vec<_>>());
        assert_eq!(lanes.pop(), None);
    }

    #[test]
    fn a_thread_that_panics_gives_nothing_back() {
        let mut lanes = Lanes::start(NonZeroUsize::MIN, |job: &mut u64| assert_ne!(*job, 2)).unwrap();
        lanes.push(1);
        lanes.push(2);
        assert_eq!((lanes.pop(), lanes.pop()), (Some(1), None));
        lanes.push(3);
        assert_eq!(lanes.pop(), None);
    }
}
