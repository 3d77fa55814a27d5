use std::io;
use std::process::Command;

use super::surface;
use crate::log::Log;
use crate::tally::Tally;

/// The generated Swift has exactly the surface that was committed; where there is a compiler, it is compiled and tested.
pub(super) fn run(log: &mut Log) -> io::Result<Tally> {
    let sources = ["bindings/mobile/swift/Sources/Portward/Errors.swift", "target/mobile/swift/Portward.swift"];
    let same = surface::compare(log, &sources, surface::of_swift, "bindings/mobile/swift/surface.txt")?;
    if Command::new("swift").arg("--version").output().is_err() {
        log.say("skipped: no Swift toolchain")?;
        return Ok(same + Tally::SKIPPED);
    }
    let test = log.run(Command::new("sh").arg("bindings/mobile/swift/test.sh"))?;
    Ok(same + Tally::one(test.success))
}
