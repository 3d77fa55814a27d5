//! What the operating system gives to a process that does nothing but hold a view.

use std::env;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use portward::{Deployment, Follower, Keyring, Scope};

use crate::store::{START, Store};

/// How many KiB are resident after it has accepted a snapshot, and were at most, beyond those before it had the message.
pub struct Resident {
    pub after: u64,
    pub peak: u64,
}

/// The name under which the program runs as such a process.
pub const ALONE: &str = "alone";

impl Resident {
    /// Of another process, which draws the same tenants and takes the same of them into its scope.
    pub fn measure(store: &Store, saved: &[u8], tenants: usize, narrow: u64) -> Self {
        let arguments = [tenants.to_string(), narrow.to_string()];
        let mut child = Command::new(env::current_exe().unwrap());
        let child = child.arg(ALONE).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for part in [&store.deployment.to_json(), &*store.keyring.to_json(), saved] {
            input.write_all(&(part.len() as u64).to_be_bytes()).unwrap();
            input.write_all(part).unwrap();
        }
        drop(input);
        let printed = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let (after, peak) = printed.trim().split_once(' ').unwrap();
        Self { after: after.parse().unwrap(), peak: peak.parse().unwrap() }
    }
}

/// That process.
pub fn run(scope: Scope) {
    let deployment = Deployment::from_json(&read_part()).unwrap();
    let keyring = Arc::new(Keyring::from_json(&read_part(), &deployment).unwrap());
    let mut follower = Follower::new(keyring, scope, Duration::ZERO, None).unwrap();
    let before = kibibytes("VmRSS:");
    let saved = read_part();
    follower.accept(&saved, START).unwrap();
    drop(saved);
    println!("{} {}", kibibytes("VmRSS:") - before, kibibytes("VmHWM:") - before);
}

fn read_part() -> Vec<u8> {
    let mut length = [0; 8];
    io::stdin().read_exact(&mut length).unwrap();
    let mut part = vec![0; u64::from_be_bytes(length) as usize];
    io::stdin().read_exact(&mut part).unwrap();
    part
}

fn kibibytes(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
