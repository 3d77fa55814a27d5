//! Real processes in a directory of their own. Every output of every command is searched for a key.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) struct Home {
    root: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    /// A directory without a deployment.
    pub(crate) fn empty() -> Self {
        Self { root: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// A directory with a new deployment.
    pub(crate) fn new() -> Self {
        let home = Self::empty();
        home.ok(&["keyring", "new"]);
        home
    }

    /// A directory with a new deployment and a store in a file beside it.
    pub(crate) fn stored() -> Self {
        let home = Self::new().with("PORTWARD_STORE", "sqlite:store.db");
        home.ok(&["store", "init"]);
        home
    }

    /// With this in the environment of every command.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// A path beside the deployment.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A file of the deployment.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.path().join("portward").join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap()
    }

    /// A file beside the deployment that only its owner can read.
    pub(crate) fn secret(&self, name: &str, content: &str) -> String {
        let path = self.beside(name);
        std::fs::write(&path, content).unwrap();
        mode(&path, 0o600);
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portward"));
        command.args(arguments).env("PORTWARD_DIR", self.root.path().join("portward")).current_dir(self.root.path());
        command.env_remove("PORTWARD_KEY_STORE").env_remove("PORTWARD_STORE");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).stdin(Stdio::null()).output().unwrap();
        Ran::of(arguments, output)
    }

    pub(crate) fn with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran::of(arguments, child.wait_with_output().unwrap())
    }

    /// Succeeds, and says so in JSON.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stderr, "", "{arguments:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// Fails with this exit code and error code, in both forms.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str], exit: i32, code: &str) -> Value {
        let text = self.run(arguments);
        assert_eq!(text.code, Some(exit), "{arguments:?}: {}", text.stderr);
        assert!(text.stderr.starts_with(&format!("error[{code}]: ")), "{arguments:?}: {}", text.stderr);
        let json = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(json.code, Some(exit), "{arguments:?}: {}", json.stderr);
        let error: Value = serde_json::from_str(&json.stderr).unwrap();
        assert_eq!(error["error"]["code"], code);
        assert!(["input", "caller", "environment"].contains(&error["error"]["audience"].as_str().unwrap()));
        assert!(!error["error"]["message"].as_str().unwrap().is_empty());
        if !json.stdout.is_empty() {
            return serde_json::from_str(&json.stdout).unwrap();
        }
        error
    }

    /// A verification that is refused: both answers.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &[&str], public: &str, code: &str) {
        let answer = self.fails(arguments, 1, code);
        assert_eq!(answer["public"], public, "{arguments:?}");
        assert_eq!(answer["valid"], false);
    }

    pub(crate) fn link(&self) -> String {
        self.link_with(&["--permission=files:read", "--permission=messages:send"])
    }

    pub(crate) fn link_with(&self, options: &[&str]) -> String {
        let issue = [&["link", "issue", "--tenant=studio-7", "--client=42"], options].concat();
        text(&self.ok(&issue), "token")
    }

    pub(crate) fn active(&self) -> String {
        let list = self.ok(&["keyring", "list"]);
        let roots = list["roots"].as_array().unwrap();
        text(roots.iter().find(|root| root["state"] == "active").unwrap(), "id")
    }

    pub(crate) fn states(&self) -> Vec<String> {
        let list = self.ok(&["keyring", "list"]);
        list["roots"].as_array().unwrap().iter().map(|root| text(root, "state")).collect()
    }
}

impl Ran {
    pub(crate) fn of(arguments: &[&str], output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stdout.contains("pwk1_") && !stderr.contains("pwk1_"), "a key was printed by {arguments:?}");
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
        Self { code: output.status.code(), stdout, stderr }
    }
}

pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

pub(crate) fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
