//! `cargo xtask layers`: crates and modules point one way.

mod arrow;
mod cycle;
mod forbid;
mod foreign;
mod lex;
mod order;
mod production;
mod reference;
mod resolve;
mod source;
mod violation;
mod workspace;

use std::fs;
use std::io;

use source::Sources;
use violation::Violation;

/// Every violation, as `path:line: why`.
pub(crate) fn check() -> io::Result<Vec<String>> {
    let packages = workspace::packages()?;
    let mut violations: Vec<Violation> = arrow::check(&packages);
    for package in &packages {
        let sources = Sources::read(&package.folder)?;
        violations.extend(cycle::check(&sources));
        if package.name == CORE {
            violations.extend(order::check(&sources));
            violations.extend(foreign::check(&sources));
        }
        if !package.may_be_unsafe() {
            for root in &package.roots {
                violations.extend(forbid::check(root, &fs::read_to_string(root)?));
            }
        }
    }
    violations.sort();
    violations.dedup();
    Ok(violations.iter().map(ToString::to_string).collect())
}

const CORE: &str = "portward";
