//! What the benchmarks have in common: the facts that every token states, this library as a server has it, and the floor.
//! The peers are in `peers/`, for the two benchmarks that name them.

#![forbid(unsafe_code)]

pub mod cpu_time;
pub mod facts;
pub mod floor;
pub mod look_up;
pub mod ours;

use std::time::Duration;

use cpu_time::CpuTime;

/// Criterion over the time of the thread.
pub type Criterion = criterion::Criterion<CpuTime>;

/// A run of everything takes some minutes; `PORTWARD_BENCH_LONG=1` takes longer and is steadier.
pub fn criterion() -> Criterion {
    let (warm_up, measurement, samples) = match std::env::var_os("PORTWARD_BENCH_LONG") {
        None => (Duration::from_millis(500), Duration::from_millis(1500), 30),
        Some(_) => (Duration::from_secs(2), Duration::from_secs(8), 100),
    };
    criterion::Criterion::default()
        .with_measurement(CpuTime)
        .warm_up_time(warm_up)
        .measurement_time(measurement)
        .sample_size(samples)
}
