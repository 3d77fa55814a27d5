//! `cargo xtask scale`: what the feed of a large deployment costs. A program simulates it, and the rest is arithmetic.

mod column;
mod load;
mod plan;
mod table;
mod unit;

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bench::cargo;
use crate::bench::measure::{self, Measured};
use crate::bench::page::{SCALE, Setting, publish, setting};
use column::Column;
use plan::{DAYS_OF_LIFE, PLANS, Plan};

/// Simulates every deployment, prints the tables and writes them to `docs/scale.md`; of small deployments, only prints.
pub(crate) fn run(arguments: &[&str]) -> io::Result<bool> {
    let quick = match arguments {
        [] => setting() == Setting::Short,
        ["--quick"] => true,
        [unknown, ..] => return Err(io::Error::other(format!("what is `{unknown}`?"))),
    };
    let Some(program) = cargo::build("scale", "")? else { return Ok(false) };
    let mut columns = Vec::new();
    for plan in PLANS {
        let plan = if quick { plan.a_hundredth() } else { *plan };
        println!("simulating {plan}");
        let measured = simulate(&program, &plan)?;
        let scopes = if plan.narrow > 0 { &["whole", "narrow"][..] } else { &["whole"] };
        columns.extend(scopes.iter().map(|scope| Column { plan, scope, measured: measured.clone() }));
    }
    let tables = table::tables(&columns);
    if quick {
        println!("\n{tables}");
    } else {
        publish(SCALE, "scale", &tables)?;
    }
    Ok(true)
}

fn simulate(program: &Path, plan: &Plan) -> io::Result<Measured> {
    let numbers = [plan.tenants, plan.narrow, plan.revoked_a_day(), DAYS_OF_LIFE].map(|number| number.to_string());
    let output = Command::new(program).args(numbers).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{}: {}", program.display(), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| measure::of_line(line, "value")).collect())
}
