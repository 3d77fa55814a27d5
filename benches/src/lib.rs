//! What the benchmarks have in common: the facts that every token states, this library as a server has it, and the floor.
//! The peers of tokens are in `peers/`, for the two benchmarks that name them; those of objects in other languages in `foreign/`.

#![forbid(unsafe_code)]

pub mod ages;
pub mod cpu_time;
pub mod facts;
pub mod file;
pub mod floor;
pub mod look_up;
pub mod objects;
pub mod ours;
pub mod raw;

use std::time::Duration;

use cpu_time::CpuTime;

/// Criterion over the time of the thread.
pub type Criterion = criterion::Criterion<CpuTime>;

/// A run of everything takes some minutes; `PORTWARD_BENCH=long` takes longer and is steadier, `short` proves only that all of it runs.
pub fn criterion() -> Criterion {
    wall().with_measurement(CpuTime)
}

/// The same by the clock on the wall.
pub fn wall() -> criterion::Criterion {
    let (warm_up, measurement, samples) = match std::env::var("PORTWARD_BENCH").as_deref() {
        Ok("long") => (Duration::from_secs(2), Duration::from_secs(8), 100),
        Ok("short") => (Duration::from_millis(5), Duration::from_millis(20), 10),
        _ => (Duration::from_millis(500), Duration::from_millis(1500), 30),
    };
    criterion::Criterion::default().warm_up_time(warm_up).measurement_time(measurement).sample_size(samples)
}
