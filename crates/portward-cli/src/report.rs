//! What a command has to say, as lines for people or one JSON object for programs.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;
use portward::Timestamp;
use serde_json::{Map, Value, json};

/// The outcome of a command that did what it was asked: named facts in order.
#[derive(Default, Debug)]
pub(crate) struct Report {
    facts: Vec<(&'static str, Value)>,
    /// Said to people instead of the facts.
    plain: Option<String>,
    /// Said to people beside the outcome, on standard error.
    note: Option<&'static str>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    /// Exactly this text for people.
    pub(crate) fn plain(mut self, text: impl Into<String>) -> Self {
        self.plain = Some(text.into());
        self
    }

    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn print(self, json: bool) -> ExitCode {
        if let (false, Some(note)) = (json, self.note) {
            to_stderr(&format!(
                "note: {note}
"
            ));
        }
        to_stdout(&if json { self.into_json() } else { self.into_text() });
        ExitCode::SUCCESS
    }

    fn into_json(self) -> String {
        let facts: Map<_, _> = self.facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        format!("{}\n", Value::Object(facts))
    }

    fn into_text(self) -> String {
        let Self { facts, plain, .. } = self;
        plain.unwrap_or_else(|| {
            let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            let mut text = String::new();
            for (name, value) in facts {
                let _ = writeln!(text, "{:width$}  {}", name.replace('_', " "), human(&value));
            }
            text
        })
    }
}

pub(crate) fn human(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Array(values) if values.is_empty() => "-".into(),
        Value::Array(values) if values.iter().all(Value::is_object) => {
            values.iter().map(|value| format!("\n  {}", human(value))).collect()
        }
        Value::Array(values) => values.iter().map(human).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name} {}", human(value))).collect::<Vec<_>>().join("  ")
        }
        other => other.to_string(),
    }
}

/// Whoever closed the pipe has read enough: that is no failure.
pub(crate) fn to_stdout(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

pub(crate) fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// What the parser of the command line has to say: help and version on standard output, mistakes like any other error.
pub(crate) fn usage(error: &clap::Error, json: bool) -> ExitCode {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            to_stdout(&text);
            return ExitCode::SUCCESS;
        }
        _ if json => {
            let message = text.trim_start_matches("error: ").lines().next().unwrap_or_default();
            let error = json!({ "code": "usage", "audience": "caller", "message": message });
            to_stderr(&format!("{}\n", json!({ "error": error })));
        }
        _ => to_stderr(&text.replacen("error: ", "error[usage]: ", 1)),
    }
    ExitCode::from(2)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn time(time: Timestamp) -> Value {
    time.to_string().into()
}

pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Value {
    names.into_iter().collect::<Vec<_>>().into()
}
