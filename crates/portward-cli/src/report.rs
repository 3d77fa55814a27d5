//! What a command has to say, as lines for people or one JSON object for programs.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use portward::{Timestamp, Unit};
use serde_json::{Map, Value};

use crate::mask::masked;

/// Where something is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// The outcome of a command that did what it was asked: named facts in order.
#[derive(Default, Debug)]
pub(crate) struct Report {
    facts: Vec<(&'static str, Value)>,
    /// Said to people instead of the facts.
    plain: Option<String>,
    /// Said to people beside the outcome, on standard error.
    notes: Vec<String>,
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

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn into_facts(self) -> Vec<(&'static str, Value)> {
        self.facts
    }

    /// Nothing for people.
    pub(crate) fn silent(self) -> Self {
        Self { plain: Some(String::new()), notes: Vec::new(), ..self }
    }

    pub(crate) fn print(self, json: bool, stream: Stream) -> io::Result<()> {
        if !json {
            self.notes.iter().for_each(|note| to_stderr(&format!("note: {note}\n")));
        }
        stream.tell(&if json { self.into_json() } else { self.into_text() })
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

impl Stream {
    pub(crate) fn tell(self, text: &str) -> io::Result<()> {
        match self {
            Self::Stdout => to_stdout(text),
            Self::Stderr => {
                to_stderr(text);
                Ok(())
            }
        }
    }
}

pub(crate) fn human(value: &Value) -> String {
    match value {
        Value::String(text) => line(text),
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

pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    match stdout().and_then(|mut stdout| stdout.write_all(text.as_bytes())) {
        // Whoever closed the pipe has read enough: that is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Past the standard library's stream, which takes a descriptor that cannot be written for a good one.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// Nothing that comes from the command line shows a token or key here.
pub(crate) fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(printable(&masked(text)).as_bytes());
}

pub(crate) const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Link => "link",
        Unit::Copy => "copy",
        Unit::Session => "session",
    }
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

/// Text of others, which may hold line breaks of its own, as a part of one of ours.
pub(crate) fn line(text: &str) -> String {
    printable(text).replace('\n', "\u{FFFD}")
}

/// Without what a terminal would obey: names of files and texts of others may hold it, and characters that turn the direction of what follows
/// or begin a line.
fn printable(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{61C}');
    let is_plain = |letter: char| !letter.is_control() && !turns(letter) || letter == '\n';
    text.chars().map(|letter| if is_plain(letter) { letter } else { char::REPLACEMENT_CHARACTER }).collect()
}
