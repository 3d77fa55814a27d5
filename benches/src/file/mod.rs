//! One case with one large file. It runs in a process of its own, so that its peak of memory stands beside its time.

mod medium;
mod peak;
mod source;
mod worker;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use medium::{Input, Medium};
pub use source::make_source;
use worker::Worker;

pub struct Case {
    medium: Medium,
    operation: Operation,
    worker: Worker,
    threads: NonZeroUsize,
    /// Of the plaintext.
    length: u64,
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
    /// Less the object itself, where it lies in memory to be opened.
    pub peak_kib: u64,
}

impl Case {
    /// `memory` or `disk`, `seal` or `open`, who does it, on how many threads. Files lie in the folder, in which [`make_source`] was.
    pub fn parse(words: [&str; 4], length: u64, folder: PathBuf) -> Option<Self> {
        let [medium, operation, who, threads] = words;
        let medium = match medium {
            "memory" => Medium::Memory,
            "disk" => Medium::Disk(folder),
            _ => return None,
        };
        let operation = match operation {
            "seal" => Operation::Seal,
            "open" => Operation::Open,
            _ => return None,
        };
        Some(Self { medium, operation, worker: Worker::parse(who)?, threads: threads.parse().ok()?, length })
    }

    /// Does it once. What an opener needs is sealed before that, and not measured.
    pub fn run(&self) -> Took {
        let mut input = self.input();
        let output = self.medium.output();
        let held = input.held();
        peak::reset();
        let (start, cpu) = (Instant::now(), cpu_time());
        let length = match (&self.worker, self.operation) {
            (Worker::Raw(raw), _) if self.threads.get() > 1 => {
                worker::raw_on_threads(raw, &self.medium, self.length, self.threads)
            }
            (worker, Operation::Seal) => worker.seal(&mut input, output, self.threads).0,
            (worker, Operation::Open) => worker.open(&mut input, output, self.threads),
        };
        let took = Took { wall: start.elapsed(), cpu: cpu_time() - cpu, peak_kib: peak::kib() - held / 1024 };
        assert_eq!(length, self.length);
        self.medium.clean();
        took
    }

    fn input(&self) -> Input {
        match self.operation {
            Operation::Seal => self.medium.plaintext(self.length),
            Operation::Open => {
                let (plaintext, output) = (&mut self.medium.plaintext(self.length), self.medium.kept(self.length));
                let (_, output) = self.worker.seal(plaintext, output, NonZeroUsize::MIN);
                self.medium.sealed(output)
            }
        }
    }
}

fn cpu_time() -> Duration {
    let reading = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(reading.tv_sec.try_into().unwrap(), reading.tv_nsec.try_into().unwrap())
}
