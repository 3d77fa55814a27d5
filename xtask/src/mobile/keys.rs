use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::process::Command;

use super::base::cargo;
use super::portal::Portal;
use crate::log::Log;
use crate::tally::Tally;

/// No key that makes or checks a token can be in the library: nothing of the kind is exported, none of the code is linked, and the labels that such
/// keys are derived with are not there; nor is anything of a store linked. Each look has a control, which has to be found, and what may not be
/// here has to be in the portal, lest another name hide it.
pub(super) fn none(log: &mut Log, library: &str, portal: &Portal) -> io::Result<Tally> {
    let exported = symbols(log, &[EXPORTS, "--defined-only", library])?;
    let exported: BTreeSet<_> = exported.iter().map(|name| own(name)).collect();
    let linked = symbols(log, &["--demangle", "--defined-only", library])?;
    let bytes = fs::read(library)?;
    let is_there = |label: &&&str| holds(&bytes, label);
    let tree = log.run(&mut cargo(&["tree", "-p", "portward-mobile", "-e", "normal", "--prefix", "none"]))?;

    let mut faults = Vec::new();
    let ours = |name: &&&str| EXPORTED.iter().any(|prefix| name.starts_with(prefix));
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
        && depends(&&"portward-http")
        // What wipes the buffers that are freed.
        && of("zeroizing_alloc").next().is_some();
    if !controls {
        faults.push("what has to be there was not found either".to_owned());
    }
    faults.extend(renamed(log, portal)?);
    faults.iter().try_for_each(|fault| log.note(fault))?;
    Ok(Tally::one(faults.is_empty()))
}

/// What is forbidden, and is not in the portal either.
fn renamed(log: &mut Log, portal: &Portal) -> io::Result<Vec<String>> {
    let (mut linked, mut bytes) = (BTreeSet::new(), Vec::new());
    for of in ["portward", "portward_store", "argon2"] {
        let library = portal.library(of).ok_or_else(|| io::Error::other(format!("the portal is not made of {of}")))?;
        linked.append(&mut symbols(log, &["--demangle", "--defined-only", library])?);
        bytes.append(&mut fs::read(library)?);
    }
    let code = FORBIDDEN_CODE.iter().filter(|module| !linked.iter().any(|name| name.contains(**module)));
    let labels = FORBIDDEN_LABELS.iter().filter(|label| !holds(&bytes, label));
    Ok(code.chain(labels).map(|name| format!("not in the portal, so looked for in vain: {name}")).collect())
}

fn holds(bytes: &[u8], label: &str) -> bool {
    bytes.windows(label.len()).any(|window| window == label.as_bytes())
}

/// As the source has it: macOS puts a stroke before each.
fn own(name: &str) -> &str {
    if cfg!(target_os = "macos") { name.strip_prefix('_').unwrap_or(name) } else { name }
}

const EXPORTS: &str = if cfg!(target_os = "macos") { "--extern-only" } else { "--dynamic" };
/// What uniffi exports.
const EXPORTED: [&str; 4] = ["uniffi_", "ffi_portward_mobile_", "UNIFFI_META_", "rust_eh_personality"];
const FORBIDDEN_NAMES: [&str; 8] = ["verif", "issue_", "issuer", "keyring", "sign", "mint", "root", "derive"];
const FORBIDDEN_CODE: [&str; 14] = [
    "portward::token::verify",
    "portward::token::authentic",
    "derive_token_key",
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
