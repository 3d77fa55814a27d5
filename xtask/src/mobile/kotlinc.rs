//! Kotlin without Maven Central: the compiler of npm, and the libraries of Debian, older than those of `pom.xml`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::base::is_provided;
use super::portal::{PORTAL, Portal};
use crate::log::Log;
use crate::need::Need;
use crate::tally::Tally;

pub(super) fn run(log: &mut Log, portal: &Portal) -> io::Result<Tally> {
    let is_ready = is_provided(log, &NEEDS)? && compiler(log)? && compile(log)?;
    Ok(if is_ready { test(log, portal)? } else { Tally::FAILED })
}

/// What the committed lock file says, and nothing of it is run.
fn compiler(log: &mut Log) -> io::Result<bool> {
    fs::create_dir_all(FOLDER)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(Path::new("bindings/mobile/kotlin/npm").join(file), Path::new(FOLDER).join(file))?;
    }
    let install = ["ci", "--prefix", FOLDER, "--ignore-scripts", "--no-audit", "--no-fund"];
    Ok(log.run(Command::new("npm").args(install))?.success)
}

fn compile(log: &mut Log) -> io::Result<bool> {
    let mut compile = Command::new("java");
    compile.args(["-Xmx2g", "-jar"]).arg(format!("{COMPILER}/lib/kotlin-compiler.jar"));
    compile.args(["-no-reflect", "-jvm-target", "17", "-kotlin-home", COMPILER, "-cp", &path(&COMPILE)]);
    // As pom.xml has it.
    compile.args(["-language-version", "2.1", "-api-version", "2.1", "-Xsuppress-version-warnings"]);
    compile.args(SOURCES).args(["-include-runtime", "-d", PROGRAM]);
    Ok(log.run(&mut compile)?.success)
}

fn test(log: &mut Log, portal: &Portal) -> io::Result<Tally> {
    let with = format!("{}:{}:{PROGRAM}", path(&COMPILE), path(&RUN));
    let mut test = Command::new("java");
    test.args(["-ea", "-Xmx512m", "-Djna.library.path=target/mobile/native", "-Dportward.root=.", "-cp", &with]);
    test.env(PORTAL, portal.program().unwrap_or_default());
    test.args(["org.junit.platform.console.ConsoleLauncher", "--disable-banner", "--disable-ansi-colors"]);
    let ran = log.run(test.args(["--fail-if-no-tests", "--details", "tree", "--scan-classpath", PROGRAM]))?;
    Ok(Tally::of_junit(&ran.output).with_exit(ran.success))
}

fn path(jars: &[&str]) -> String {
    let file = |jar: &&str| match jar.strip_prefix('/') {
        Some(own) => format!("{COMPILER}/lib/{own}.jar"),
        None => format!("/usr/share/java/{jar}.jar"),
    };
    jars.iter().map(file).collect::<Vec<_>>().join(":")
}

const FOLDER: &str = "target/mobile/npm";
const COMPILER: &str = "target/mobile/npm/node_modules/kotlin-compiler";
const PROGRAM: &str = "target/mobile/npm/tests.jar";
const SOURCES: [&str; 4] = [
    "bindings/mobile/kotlin/src/main/kotlin",
    "target/mobile/kotlin",
    "bindings/mobile/kotlin/src/test/kotlin",
    "examples/kotlin",
];
/// Of Debian; behind a stroke those that the compiler brings.
const COMPILE: [&str; 6] =
    ["jna", "gson", "junit-jupiter-api", "apiguardian-api", "opentest4j", "/kotlinx-coroutines-core-jvm"];
const RUN: [&str; 10] = [
    "junit-jupiter-engine",
    "junit-jupiter-params",
    "junit-platform-commons",
    "junit-platform-engine",
    "junit-platform-launcher",
    "junit-platform-reporting",
    "junit-platform-console",
    "opentest4j-reporting-events",
    "picocli",
    "univocity-parsers",
];
const NEEDS: [Need; 4] = [
    Need::Tool { probe: &["npm", "--version"], packages: &["nodejs", "npm"] },
    Need::Tool { probe: &["test", "-e", "/usr/share/java/jna.jar"], packages: &["libjna-java"] },
    Need::Tool { probe: &["test", "-e", "/usr/share/java/junit-platform-console.jar"], packages: &["junit5"] },
    Need::Tool { probe: &["test", "-e", "/usr/share/java/gson.jar"], packages: &["libgoogle-gson-java"] },
];
