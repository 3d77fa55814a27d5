use std::io;
use std::path::Path;

use serde_json::Value;

use super::base::cargo;
use crate::log::Log;

/// The portal that the story is told with. It can do what the library for phones cannot, so it is also the control of the search for keys.
pub(super) struct Portal {
    /// What cargo says it made, wherever that lies.
    made: Vec<String>,
}

impl Portal {
    pub(super) fn build(log: &mut Log) -> io::Result<Option<Self>> {
        let portal = ["build", "-p", "portward-http", "--example", "portal", "--features", "axum,store"];
        let ran = log.run(cargo(&portal).args(["--message-format", "json-render-diagnostics"]))?;
        Ok(ran.success.then(|| Self { made: files(&ran.output) }))
    }

    pub(super) fn program(&self) -> Option<&str> {
        self.made.iter().rev().map(String::as_str).find(|file| Path::new(file).ends_with("examples/portal"))
    }

    /// The library of a crate that it is made of.
    pub(super) fn library(&self, of: &str) -> Option<&str> {
        let is_of = |file: &&str| file.ends_with(".rlib") && file.contains(&format!("/lib{of}-"));
        self.made.iter().map(String::as_str).find(is_of)
    }
}

/// In which variable the tests find it.
pub(super) const PORTAL: &str = "PORTWARD_PORTAL";

/// What cargo's messages say was made.
fn files(messages: &str) -> Vec<String> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = |message: Value| message.get("filenames").and_then(Value::as_array).cloned().unwrap_or_default();
    messages.flat_map(files).filter_map(|file| file.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_made_is_found_wherever_it_lies() {
        let messages = r#"   Compiling portward v0.1.0
{"reason":"compiler-artifact","target":{"name":"portward"},"filenames":["/t/debug/deps/libportward-1.rlib","/t/debug/deps/libportward-1.rmeta"],"executable":null}
{"reason":"compiler-artifact","filenames":["/t/debug/examples/portal"],"executable":"/t/debug/examples/portal"}
{"reason":"build-finished","success":true}"#;
        let portal = Portal { made: files(messages) };
        assert_eq!(portal.program(), Some("/t/debug/examples/portal"));
        assert_eq!(portal.library("portward"), Some("/t/debug/deps/libportward-1.rlib"));
        assert_eq!(portal.library("port"), None);
    }
}
