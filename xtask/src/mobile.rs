//! The library for phones: built, looked through for keys, generated into Kotlin and Swift, and tested from Kotlin.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::log::Log;
use crate::tally::Tally;

const FOLDER: &str = "target/mobile";
const BUILT: &str = "target/mobile/build/mobile";
const LIBRARY: &str = "libportward_mobile.so";
const BINDGEN: &str = "bindings/mobile/bindgen/Cargo.toml";
const SURFACE: &str = "bindings/mobile/swift/surface.txt";
const SIZE_MAX: u64 = 1_500_000;

pub(crate) fn run(log: &mut Log) -> io::Result<Tally> {
    let Some(library) = build(log)? else { return Ok(Tally::FAILED) };
    let keys = no_keys(log, &library)?;
    let size = size(log, &library)?;
    if !generate(log, &library)? {
        return Ok(keys + size + Tally::FAILED);
    }
    Ok(keys + size + swift(log)? + kotlin(log)?)
}

/// As it is shipped, but with its symbols: they are looked at, and bindings are generated from them.
fn build(log: &mut Log) -> io::Result<Option<String>> {
    let build = ["build", "-p", "portward-mobile", "--profile", "mobile", "--target-dir", "target/mobile/build"];
    let built = log.run(&mut cargo(&build))?;
    Ok(built.success.then(|| format!("{BUILT}/{LIBRARY}")))
}

/// No key that makes or checks a token can be in the library: nothing of the kind is exported, none of the code is linked, and the labels that such
/// keys are derived with are not there; nor is anything of a store linked. Each look has a control, which has to be found.
fn no_keys(log: &mut Log, library: &str) -> io::Result<Tally> {
    let exported = symbols(log, &["--dynamic", "--defined-only", library])?;
    let linked = symbols(log, &["--demangle", "--defined-only", library])?;
    let bytes = fs::read(library)?;
    let is_there = |label: &&&str| bytes.windows(label.len()).any(|window| window == label.as_bytes());
    let tree = log.run(&mut cargo(&["tree", "-p", "portward-mobile", "-e", "normal", "--prefix", "none"]))?;

    let mut faults = Vec::new();
    let ours = |name: &&String| EXPORTED.iter().any(|prefix| name.starts_with(prefix));
    faults.extend(exported.iter().filter(|name| !ours(name)).map(|name| format!("exported: {name}")));
    let names = |word: &'static str| exported.iter().filter(move |name| name.to_lowercase().contains(word));
    faults.extend(FORBIDDEN_NAMES.iter().flat_map(|word| names(word)).map(|name| format!("exported: {name}")));
    let of = |module: &'static str| linked.iter().filter(move |name| name.contains(module));
    faults.extend(FORBIDDEN_CODE.iter().flat_map(|module| of(module)).map(|name| format!("linked: {name}")));
    faults.extend(FORBIDDEN_LABELS.iter().filter(is_there).map(|label| format!("in the library: {label}")));
    let depends = |name: &&&str| tree.output.lines().any(|line| line.split(' ').next() == Some(**name));
    faults.extend(FORBIDDEN_CRATES.iter().filter(depends).map(|name| format!("depends on {name}")));

    let controls = exported.iter().any(|name| name.contains("untrustedtoken"))
        && of("portward::envelope::vault").next().is_some()
        && is_there(&&"portward/v1/body")
        && depends(&&"portward-http");
    if !controls {
        faults.push("what has to be there was not found either".to_owned());
    }
    faults.iter().try_for_each(|fault| log.note(fault))?;
    Ok(Tally::one(faults.is_empty()))
}

/// What uniffi exports.
const EXPORTED: [&str; 4] = ["uniffi_", "ffi_portward_mobile_", "UNIFFI_META_", "rust_eh_personality"];
const FORBIDDEN_NAMES: [&str; 8] = ["verif", "issue_", "issuer", "keyring", "sign", "mint", "root", "derive"];
const FORBIDDEN_CODE: [&str; 12] = [
    "portward::token::verify",
    "portward::token::issue",
    "portward::token::cache",
    "make_nonce",
    "check_nonce",
    "portward::key::keyring",
    "portward::key::root::Root",
    "portward::key::row",
    "portward::key::sealed",
    "portward::revocation::authority",
    "portward_store",
    "argon2",
];
const FORBIDDEN_LABELS: [&str; 7] = [
    "portward/v1/token",
    "portward/v1/nonce",
    "portward/v1/view",
    "portward/v1/row",
    "portward/v1/root-check",
    "portward/v1/passphrase",
    "portward/v1/backup",
];
const FORBIDDEN_CRATES: [&str; 4] = ["portward-store", "sqlx", "tokio", "ring"];

fn symbols(log: &mut Log, arguments: &[&str]) -> io::Result<BTreeSet<String>> {
    let output = Command::new("nm").args(arguments).output()?;
    log.note(&format!("$ nm {}", arguments.join(" ")))?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    // Address, type, name.
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.splitn(3, ' ').nth(2)).map(str::to_owned).collect())
}

fn size(log: &mut Log, library: &str) -> io::Result<Tally> {
    let native = Path::new(FOLDER).join("native");
    fs::create_dir_all(&native)?;
    let stripped = native.join(LIBRARY);
    let strip = log.run(Command::new("strip").arg("-o").arg(&stripped).arg(library))?;
    let bytes = fs::metadata(&stripped)?.len();
    log.note(&format!("{bytes} bytes without symbols"))?;
    Ok(Tally::one(strip.success && bytes < SIZE_MAX))
}

fn generate(log: &mut Log, library: &str) -> io::Result<bool> {
    for folder in ["kotlin", "swift"] {
        let folder = Path::new(FOLDER).join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
    }
    let run = ["run", "--manifest-path", BINDGEN, "--target-dir", "target/mobile/bindgen", "--"];
    let generate = log.run(cargo(&run).args([library, "target/mobile/kotlin", "target/mobile/swift"]))?;
    Ok(generate.success)
}

/// The generated Swift has exactly the surface that was committed; where there is a compiler, it is compiled and tested.
fn swift(log: &mut Log) -> io::Result<Tally> {
    let found = swift_surface(&fs::read_to_string(Path::new(FOLDER).join("swift/Portward.swift"))?);
    fs::write(Path::new(FOLDER).join("surface.txt"), &found)?;
    let known = fs::read_to_string(SURFACE).unwrap_or_default();
    if found != known {
        log.note("the surface of the Swift package is another one: compare target/mobile/surface.txt")?;
    }
    let same = Tally::one(found == known);
    if Command::new("swift").arg("--version").output().is_err() {
        log.note("skipped: no Swift toolchain")?;
        return Ok(same + Tally::SKIPPED);
    }
    let test = log.run(Command::new("sh").arg("bindings/mobile/swift/test.sh"))?;
    Ok(same + Tally::one(test.success))
}

/// What is public, without what uniffi needs for itself.
fn swift_surface(source: &str) -> String {
    let begun = source.split_once(BEGIN).map_or(source, |(_, rest)| rest);
    let own = begun.split_once(END).map_or(begun, |(own, _)| own);
    let is_plain = |line: &&str| !INNER.iter().any(|word| line.contains(word)) && !line.ends_with(':');
    let declarations = own.lines().filter(|line| DECLARED.iter().any(|word| line.starts_with(word)));
    declarations.filter(is_plain).map(|line| line.trim_end_matches(['{', ' ']).to_owned() + "\n").collect()
}

const BEGIN: &str = "// Public interface members begin here.";
const END: &str = "private enum InitializationResult";
const DECLARED: [&str; 6] = ["public ", "open ", "enum ", "    public ", "    case ", "    func "];
const INNER: [&str; 8] = [
    "FfiConverter",
    "uniffi",
    "Uniffi",
    "static func lift",
    "static func lower",
    "static func read",
    "static func write",
    "RustBuffer",
];

fn kotlin(log: &mut Log) -> io::Result<Tally> {
    let portal = ["build", "-p", "portward-http", "--example", "portal", "--features", "axum,store"];
    let portal = log.run(&mut cargo(&portal))?.success;
    let mut maven = Command::new("mvn");
    maven.args([
        "--batch-mode",
        "--no-transfer-progress",
        "-Dstyle.color=never",
        "-f",
        "bindings/mobile/kotlin",
        "test",
    ]);
    let tests = log.run(&mut maven)?;
    Ok(Tally::one(portal) + Tally::of_surefire(&tests.output).with_exit(tests.success))
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.env("CARGO_TERM_COLOR", "never").args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surface_is_what_is_public_and_not_uniffis_own() {
        let source = "\
public func of_uniffi() {
// Public interface members begin here.
public func narrow(link: String) throws -> String  {
public struct FfiConverterTypePeeked: FfiConverterRustBuffer {
    public static func lift(_ handle: UInt64) throws -> Vault {
open class Vault: VaultProtocol, @unchecked Sendable {
    case link
        case 1: return .link
    private let handle: UInt64
private enum InitializationResult {
    case ok
";
        let expected = "public func narrow(link: String) throws -> String\nopen class Vault: VaultProtocol, @unchecked Sendable\n    case link\n";
        assert_eq!(swift_surface(source), expected);
    }
}
