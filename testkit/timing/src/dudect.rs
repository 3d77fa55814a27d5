//! dudect (Reparaz, Balasch, Verbauwhede, "dude, is my code constant time?", 2017): whether a refusal takes longer where the first byte of a
//! tag is wrong or where the last is. A report: on a machine that does other things, too, it proves nothing.

use std::hint::black_box;
use std::time::Instant;

use portward::{NoRevocation, Revocation};

use crate::control::equal_with_early_exit;
use crate::forge::forged;
use crate::world::{NOW, World};

pub(crate) fn run() -> bool {
    let world = World::new();
    let verifier = world.verifier(Revocation::None(NoRevocation));
    let good = world.link("studio-7");
    let texts = [forged(good.text(), 0), forged(good.text(), 31)];
    report("verify_link", texts, |text| {
        let _ = black_box(verifier.verify_link(black_box(text), NOW));
    });
    let tag = [7; 32];
    let tags = [0, 31].map(|place| std::array::from_fn::<u8, 32, _>(|at| 7 + u8::from(at == place)));
    report("control", tags, |other| {
        black_box(equal_with_early_exit(black_box(&tag), black_box(other)));
    });
    true
}

/// Measures both classes in an order that nothing on the machine can keep step with, and prints Welch's t. Both lie in the same place when they
/// are measured: where a text lies in memory takes some time, too.
fn report<T: Clone>(name: &str, classes: [T; 2], mut measured: impl FnMut(&T)) {
    let mut input = classes[0].clone();
    let mut order = 0x9E37_79B9_7F4A_7C15_u64;
    let mut times = [Vec::with_capacity(MEASUREMENTS), Vec::with_capacity(MEASUREMENTS)];
    for _ in 0..MEASUREMENTS {
        // xorshift64, Marsaglia 2003.
        order ^= order << 13;
        order ^= order >> 7;
        order ^= order << 17;
        let class = usize::from(order & 1 == 1);
        input.clone_from(&classes[class]);
        let start = Instant::now();
        measured(&input);
        times[class].push(start.elapsed().as_nanos() as f64);
    }
    let t = welch(times.map(without_interruptions));
    println!("{name}: t = {t:+.1} of {MEASUREMENTS} measurements");
}

/// Without the slowest tenth, which the machine interrupted.
fn without_interruptions(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times.truncate(times.len() - times.len() / 10);
    times
}

/// Welch, 1947. Beyond 4.5 the classes are taken to differ.
fn welch(times: [Vec<f64>; 2]) -> f64 {
    let [(mean, error), (other_mean, other_error)] = times.map(|times| {
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (mean - other_mean) / (error + other_error).sqrt()
}

const MEASUREMENTS: usize = 1_000_000;
