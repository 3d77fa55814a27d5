//! The Kotlin package, compiled and tested: with Maven, or without where it cannot have what it needs.

use std::env;
use std::fs;
use std::io;
use std::process::Command;

use super::portal::{PORTAL, Portal};
use super::{kotlinc, surface};
use crate::log::{Log, Ran};
use crate::tally::Tally;

/// The committed listing of what is public, and then the tests.
pub(super) fn run(log: &mut Log, portal: &Portal) -> io::Result<Tally> {
    let same = surface::compare(log, &[GENERATED], surface::of_kotlin, "bindings/mobile/kotlin/surface.txt")?;
    let (generated, codes) = (fs::read_to_string(GENERATED)?, fs::read_to_string("bindings/mobile/codes.txt")?);
    let strange = surface::names_of_rust(&generated, &codes);
    strange.iter().try_for_each(|name| log.note(&format!("not Kotlin, but in its comments: {name}")))?;
    let tests = tests(log, portal)?;
    // What ran nothing has shown nothing.
    Ok(same + Tally::one(strange.is_empty()) + tests + Tally::one(tests.passed > 0))
}

fn tests(log: &mut Log, portal: &Portal) -> io::Result<Tally> {
    if env::var(WAY).is_ok_and(|way| way == "npm") {
        return kotlinc::run(log, portal);
    }
    match maven(log, portal) {
        Ok(ran) if !is_without_central(&ran) => Ok(Tally::of_surefire(&ran.output).with_exit(ran.success)),
        _ => {
            log.note("Maven is not there, or cannot have what it needs: the compiler of npm instead")?;
            kotlinc::run(log, portal)
        }
    }
}

fn maven(log: &mut Log, portal: &Portal) -> io::Result<Ran> {
    let mut maven = Command::new("mvn");
    maven.env(PORTAL, portal.program().unwrap_or_default());
    maven.args([
        "--batch-mode",
        "--no-transfer-progress",
        "-Dstyle.color=never",
        "-f",
        "bindings/mobile/kotlin",
        "test",
    ]);
    // For a mirror, or to try what happens without one.
    if let Ok(settings) = env::var(SETTINGS) {
        maven.args(["--settings", &settings]);
    }
    log.run(&mut maven)
}

/// No plugin or library that is missing, as against a test or a compilation that failed.
fn is_without_central(ran: &Ran) -> bool {
    let said = |line: &str| line.starts_with("[ERROR]") && UNRESOLVED.iter().any(|word| line.contains(word));
    !ran.success && !ran.output.contains("Tests run: ") && ran.output.lines().any(said)
}

const UNRESOLVED: [&str; 5] =
    ["Could not transfer", "could not be resolved", "Could not resolve", "Could not find artifact", "Non-resolvable"];
/// `npm`: without Maven, whether it is there or not.
const WAY: &str = "PORTWARD_KOTLIN";
const SETTINGS: &str = "PORTWARD_MAVEN_SETTINGS";
const GENERATED: &str = "target/mobile/kotlin/dev/portward/portward_mobile.kt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_missing_is_no_failed_test() {
        let ran = |success, output: &str| Ran { success, output: output.to_owned() };
        let missing = "[ERROR] Plugin org.jetbrains.kotlin:kotlin-maven-plugin:2.4.20 or one of its dependencies could not be resolved: x";
        assert!(is_without_central(&ran(false, missing)));
        assert!(!is_without_central(&ran(true, missing)));
        assert!(!is_without_central(&ran(false, "[ERROR] VaultTest.kt:[3,4] Unresolved reference 'x'")));
        assert!(!is_without_central(&ran(false, &format!("[ERROR] Tests run: 1, Failures: 1\n{missing}"))));
        assert!(!is_without_central(&ran(false, "Could not resolve the host, said a test")));
    }
}
