//! One case with one large file. It runs in a process of its own, so that its peak of memory stands beside its time.

mod medium;
mod peak;
mod slices;
mod source;
mod worker;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use medium::{Input, Medium};
use slices::Slices;
pub use source::make_source;
use worker::Worker;

pub struct Case {
    way: Way,
    operation: Operation,
    worker: Worker,
    threads: NonZeroUsize,
    /// Of the plaintext.
    length: u64,
}

/// From where to where.
enum Way {
    Slices,
    Streams(Medium),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Seal,
    Open,
}

pub struct Took {
    pub wall: Duration,
    /// Of all threads.
    pub cpu: Duration,
    /// Less the plaintext and the object, where they lie in memory.
    pub peak_kib: u64,
}

impl Case {
    /// `slice`, `memory` or `disk`, `seal` or `open`, who does it, on how many threads. Files lie in the folder, in which [`make_source`] was.
    pub fn parse(words: [&str; 4], length: u64, folder: PathBuf) -> Option<Self> {
        let [way, operation, who, threads] = words;
        let way = match way {
            "slice" => Way::Slices,
            "memory" => Way::Streams(Medium::Memory),
            "disk" => Way::Streams(Medium::Disk(folder)),
            _ => return None,
        };
        let operation = match operation {
            "seal" => Operation::Seal,
            "open" => Operation::Open,
            _ => return None,
        };
        Some(Self { way, operation, worker: Worker::parse(who)?, threads: threads.parse().ok()?, length })
    }

    /// Does it once. What an opener needs is sealed before that, and not measured.
    pub fn run(&self) -> Took {
        let (length, took) = match &self.way {
            Way::Slices => self.run_slices(),
            Way::Streams(medium) => self.run_streams(medium),
        };
        assert_eq!(length, self.length);
        took
    }

    fn run_slices(&self) -> (u64, Took) {
        let mut slices = Slices::new(self.length);
        if self.operation == Operation::Open {
            slices.seal(&self.worker, NonZeroUsize::MIN);
        }
        measured(slices.held(), || match self.operation {
            Operation::Seal => slices.seal(&self.worker, self.threads),
            Operation::Open => slices.open(&self.worker, self.threads),
        })
    }

    fn run_streams(&self, medium: &Medium) -> (u64, Took) {
        let mut input = self.input(medium);
        let output = medium.output();
        let measured = measured(input.held(), || match (&self.worker, self.operation) {
            (Worker::Raw(raw), _) if self.threads.get() > 1 => {
                worker::raw_on_threads(raw, medium, self.length, self.threads)
            }
            (worker, Operation::Seal) => worker.seal(&mut input, output, self.threads).0,
            (worker, Operation::Open) => worker.open(&mut input, output, self.threads),
        });
        medium.clean();
        measured
    }

    fn input(&self, medium: &Medium) -> Input {
        match self.operation {
            Operation::Seal => medium.plaintext(self.length),
            Operation::Open => {
                let (plaintext, output) = (&mut medium.plaintext(self.length), medium.kept(self.length));
                let (_, output) = self.worker.seal(plaintext, output, NonZeroUsize::MIN);
                medium.sealed(output)
            }
        }
    }
}

/// What it returns and what it took; so many bytes are held before.
fn measured(held: u64, run: impl FnOnce() -> u64) -> (u64, Took) {
    peak::reset();
    let (start, cpu) = (Instant::now(), cpu_time());
    let returned = run();
    let took = Took { wall: start.elapsed(), cpu: cpu_time() - cpu, peak_kib: peak::kib() - held / 1024 };
    (returned, took)
}

fn cpu_time() -> Duration {
    let reading = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(reading.tv_sec.try_into().unwrap(), reading.tv_nsec.try_into().unwrap())
}
