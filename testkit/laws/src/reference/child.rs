//! The reference, a process that goes on for as long as this one: a line of JSON in, a line out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

/// The Python that has what the reference needs.
const PYTHON: &str = "PORTWARD_REF_PYTHON";
const SERVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ref/serve.py");

struct Reference {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// Ends when its input does, with this process.
    _child: Child,
}

static REFERENCE: LazyLock<Mutex<Reference>> = LazyLock::new(|| Mutex::new(Reference::start()));

pub(super) fn answer(case: &Value) -> Value {
    REFERENCE.lock().unwrap().ask(case)
}

impl Reference {
    fn start() -> Self {
        let python = std::env::var_os(PYTHON).expect("PORTWARD_REF_PYTHON names the Python of the reference");
        let mut child = Command::new(python)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the reference starts");
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { to, from, _child: child }
    }

    fn ask(&mut self, case: &Value) -> Value {
        writeln!(self.to, "{case}").expect("the reference is there");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the reference is there");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the reference has no answer to {case}"))
    }
}
