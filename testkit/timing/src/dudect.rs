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
    // Many of each class: what is public in a text, its checksum for one, takes its own time, which must not pass for that of its tag.
    let links: Vec<_> = (0..TEXTS).map(|_| world.link("studio-7")).collect();
    let texts = [0, 31].map(|place| links.iter().map(|link| forged(link.text(), place)).collect());
    report("verify_link", texts, |text| {
        let _ = black_box(verifier.verify_link(black_box(text), NOW));
    });
    let tag = [7; 32];
    let tags = [0, 31].map(|place| vec![std::array::from_fn::<u8, 32, _>(|at| 7 + u8::from(at == place))]);
    report("control", tags, |other| {
        black_box(equal_with_early_exit(black_box(&tag), black_box(other)));
    });
    true
}

/// Measures both classes in an order that nothing on the machine can keep step with, and prints Welch's t. All lie in the same place when they
/// are measured: where a text lies in memory takes some time, too.
fn report<T: Clone>(name: &str, classes: [Vec<T>; 2], mut measured: impl FnMut(&T)) {
    let mut input = classes[0][0].clone();
    let mut order = 0x9E37_79B9_7F4A_7C15_u64;
    let mut times = [Vec::with_capacity(MEASUREMENTS), Vec::with_capacity(MEASUREMENTS)];
    for _ in 0..MEASUREMENTS {
        // xorshift64, Marsaglia 2003.
        order ^= order << 13;
        order ^= order >> 7;
        order ^= order << 17;
        let class = usize::from(order & 1 == 1);
        let of_class = &classes[class];
        input.clone_from(&of_class[(order >> 32) as usize % of_class.len()]);
        let start = Instant::now();
        measured(&input);
        times[class].push(start.elapsed().as_nanos() as f64);
    }
    let times = without_interruptions(times);
    let [mean, other] = [0, 1].map(|class| mean(&times[class]));
    let t = welch(&times);
    println!("{name}: t = {t:+.1} of {MEASUREMENTS} measurements, {mean:.1} and {other:.1} ns");
}

/// Without what took longer than nine in ten of all, which the machine interrupted.
fn without_interruptions(mut times: [Vec<f64>; 2]) -> [Vec<f64>; 2] {
    let mut all = times.concat();
    all.sort_by(f64::total_cmp);
    let longest = all[all.len() * 9 / 10];
    times.iter_mut().for_each(|times| times.retain(|time| *time <= longest));
    times
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

/// Welch, 1947. Beyond 4.5 the classes are taken to differ.
fn welch(times: &[Vec<f64>; 2]) -> f64 {
    let [(mean, error), (other_mean, other_error)] = [0, 1].map(|class| {
        let times = &times[class];
        let (mean, count) = (mean(times), times.len() as f64);
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (mean - other_mean) / (error + other_error).sqrt()
}

const MEASUREMENTS: usize = 1_000_000;
const TEXTS: usize = 1000;
