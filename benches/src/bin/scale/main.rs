//! Simulates the feed of one deployment and prints what was measured; `cargo xtask scale` runs it and computes the rest.
//!
//! A store revokes at an even pace, each time a link of any tenant and of any age, until as many entries are collected as are made. Then a
//! follower of everything, and one of some tenants, meet what a verifier meets.

#![forbid(unsafe_code)]

mod alone;
mod edge;
mod exchange;
mod random;
mod report;
mod store;
mod trial;

use std::env;
use std::process::ExitCode;
use std::sync::Arc;

use portward::Identifier;

use alone::ALONE;
use exchange::median;
use random::Seeded;
use report::Report;
use store::{Pace, Store};
use trial::{Trial, scope};

fn main() -> ExitCode {
    let mut words = env::args().skip(1).peekable();
    let alone = words.next_if(|word| word == ALONE).is_some();
    let numbers: Option<Vec<u64>> = words.map(|word| word.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[tenants, narrow]) if alone => alone::run(scope(&draw_tenants(tenants), narrow)),
        Some(&[tenants, narrow, revoked_a_day, days_of_life]) if !alone && revoked_a_day > 0 => {
            simulate(&draw_tenants(tenants), narrow, Pace { revoked_a_day, days_of_life });
        }
        _ => {
            eprintln!("scale <tenants> <tenants of a narrow scope, or 0> <revocations a day> <days that a link lives>");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The same in every process.
fn draw_tenants(count: u64) -> Arc<[Identifier]> {
    let mut random = Seeded(0);
    (0..count).map(|_| random.tenant()).collect()
}

fn simulate(tenants: &Arc<[Identifier]>, narrow: u64, pace: Pace) {
    let mut store = Store::empty(pace, tenants.clone());
    let heap = allocation_counter::measure(|| store.fill());
    Trial { store: &mut store, report: Report("whole"), tenants, narrow: 0 }.run();
    if narrow > 0 {
        Trial { store: &mut store, report: Report("narrow"), tenants, narrow }.run();
    }
    let report = Report("store");
    report.say("heap", heap.bytes_current);
    report.say("collect", median(&store.collections, |time| time.as_nanos()));
}
