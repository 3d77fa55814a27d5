//! `scan`: the packages of every `Cargo.lock` against a database of advisories in RustSec's format.

mod allowed;
mod database;
mod day;
mod found;
mod locks;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;

use time::{Date, OffsetDateTime};

use allowed::Allowed;
use database::Advisories;
use day::day;
use found::Found;
use locks::Lock;

/// Prints what was looked at, what was not, and what was found; `false` if anything was.
///
/// # Errors
///
/// If the look would prove nothing: no database, none of a known and recent date, an empty one, a lock without packages of the registry.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> io::Result<bool> {
    let options = Options::parse(arguments, OffsetDateTime::now_utc().date())?;
    let scan = Scan::new(root, &options)?;
    print!("{scan}");
    Ok(scan.is_clean())
}

#[derive(Debug)]
struct Options<'a> {
    advisories: &'a Path,
    max_age: i64,
    today: Date,
}

impl<'a> Options<'a> {
    fn parse(arguments: &'a [&'a str], today: Date) -> io::Result<Self> {
        let (advisories, max_age, today) = match arguments {
            ["--advisories", folder, "--max-age", days] => (folder, days, today),
            ["--advisories", folder, "--max-age", days, "--today", date] => (folder, days, day(date)?),
            _ => return Err(io::Error::other(USAGE)),
        };
        let max_age = max_age.parse().ok().filter(|days| (0..=AGE_MAX).contains(days));
        let max_age = max_age.ok_or_else(|| io::Error::other(format!("the days are from 0 to {AGE_MAX}")))?;
        Ok(Self { advisories: Path::new(advisories), max_age, today })
    }
}

/// Everything that one run saw.
struct Scan {
    advisories: Advisories,
    locks: Vec<Lock>,
    unexamined: Vec<String>,
    allowed: Allowed,
    found: Vec<Found>,
}

impl Scan {
    fn new(root: &Path, options: &Options<'_>) -> io::Result<Self> {
        let advisories = Advisories::open(options.advisories, options.today, options.max_age)?;
        let (locks, unexamined) = locks::read_all(root)?;
        let allowed = Allowed::read(&root.join(ALLOWED), options.today)?;
        let found = locks.iter().flat_map(|lock| found::in_lock(&advisories, lock)).collect();
        Ok(Self { advisories, locks, unexamined, allowed, found })
    }

    fn is_clean(&self) -> bool {
        self.faults().next().is_none() && self.allowed.useless(&self.found).next().is_none()
    }

    fn faults(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| self.allowed.of(found).is_none())
    }
}

impl fmt::Display for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.advisories)?;
        self.locks.iter().try_for_each(|lock| writeln!(f, "{lock}"))?;
        writeln!(f, "not examined, there being no data for it here:")?;
        self.unexamined.iter().try_for_each(|what| writeln!(f, "  {what}"))?;
        let elsewhere = self.locks.iter().flat_map(|lock| lock.elsewhere.iter().map(move |name| (lock, name)));
        elsewhere
            .into_iter()
            .try_for_each(|(lock, name)| writeln!(f, "  {name} of {}: not of the registry", lock.path))?;
        writeln!(f, "  Rust's compiler and standard library; C code inside packages; what was yanked")?;
        for found in &self.found {
            match self.allowed.of(found) {
                Some(entry) => writeln!(f, "allowed until {}: {found}\n  {}", entry.until, entry.reason)?,
                None => writeln!(f, "FOUND: {found}")?,
            }
        }
        for entry in self.allowed.useless(&self.found) {
            writeln!(f, "USELESS: {ALLOWED} allows {entry}: it was not found, or the end has passed")?;
        }
        let packages: usize = self.locks.iter().map(|lock| lock.examined).sum();
        writeln!(
            f,
            "{packages} packages in {} locks: {} found, {} of them allowed",
            self.locks.len(),
            self.found.len(),
            self.found.len() - self.faults().count()
        )
    }
}

const USAGE: &str = "usage: cargo xtask scan --advisories DIR --max-age DAYS [--today DATE]";
/// What an older database than a year has nothing to say about is most of what matters.
const AGE_MAX: i64 = 365;
/// What is known and lived with, in the repository's root.
const ALLOWED: &str = "advisories.toml";
