//! `cargo xtask bench store`: the store on SQLite and PostgreSQL.

use std::io;
use std::process::{Command, Stdio};

use super::cargo;
use super::page::{PERFORMANCE, publish};

pub(crate) fn run() -> io::Result<bool> {
    let Some(binary) = cargo::build("store", "")? else { return Ok(false) };
    let output = Command::new(binary).stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        publish(PERFORMANCE, "bench store", String::from_utf8_lossy(&output.stdout).trim())?;
    }
    Ok(output.status.success())
}
