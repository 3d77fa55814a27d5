use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::read;
use crate::report::{self, Report};

/// How a command is run: its words, and the directory of the deployment.
pub(crate) type Play = fn(&[&str], &Path) -> Result<Report, Failure>;

/// Steps that are told, run in this process as if typed, and checked. The first that does not behave ends the story.
pub(super) struct Story {
    directory: PathBuf,
    /// To people, step by step; otherwise all at the end.
    aloud: bool,
    /// What `$NAME` stands for.
    values: BTreeMap<&'static str, String>,
    steps: Vec<Value>,
    play: Play,
}

/// A step that was done: what has to be so is asked of it.
pub(super) struct Done<'a> {
    story: &'a mut Story,
    report: Report,
}

impl Story {
    pub(super) const fn new(directory: PathBuf, aloud: bool, play: Play) -> Self {
        Self { directory, aloud, values: BTreeMap::new(), steps: Vec::new(), play }
    }

    /// A step that has to succeed.
    pub(super) fn done(&mut self, what: &str, command: &[&str]) -> Result<Done<'_>, Failure> {
        self.tell(what, command)?;
        match self.run(command) {
            Ok(report) => Ok(Done { story: self, report }),
            // The machine is at fault, not the story.
            Err(failure) if failure.exit == Exit::Environment => Err(failure),
            Err(failure) => Err(self.differs(&format!("done, not {}", failure.code))),
        }
    }

    /// A step that has to be refused, with this public answer and this private reason.
    pub(super) fn refused(&mut self, what: &str, command: &[&str], public: &str, code: &str) -> Result<(), Failure> {
        self.tell(what, command)?;
        match self.run(command) {
            Err(failure)
                if failure.code == code && failure.public.is_some_and(|answer| answer.to_string() == public) =>
            {
                self.outcome(&format!("public answer: {public}; for the log: {code}"))
            }
            Err(failure) => Err(self.differs(&format!("{code}, not {}", failure.code))),
            Ok(_) => Err(self.differs(&format!("{code}, not done"))),
        }
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.values.insert(name, value);
    }

    pub(super) fn end(self) -> Report {
        let line = format!("\nAll {} steps behaved.\n", self.steps.len());
        Report::new().fact("behaved", true).fact("steps", self.steps).plain(line)
    }

    fn run(&self, command: &[&str]) -> Result<Report, Failure> {
        let words = command.iter().map(|word| match word.strip_prefix('$') {
            Some(name) => self.value(name),
            None => word,
        });
        (self.play)(&words.collect::<Vec<_>>(), &self.directory)
    }

    fn tell(&mut self, what: &str, command: &[&str]) -> Result<(), Failure> {
        let words =
            command.iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() });
        let command = format!("portward {}", words.collect::<Vec<_>>().join(" "));
        let number = self.steps.len().saturating_add(1);
        if self.aloud {
            report::to_stdout(&format!("{number:2}. {what}\n    $ {command}\n"))
                .map_err(|error| Failure::output(&error))?;
        }
        self.steps.push(json!({ "number": number, "what": what, "command": command, "outcome": [] }));
        Ok(())
    }

    fn outcome(&mut self, outcome: &str) -> Result<(), Failure> {
        if self.aloud {
            report::to_stdout(&format!("    {outcome}\n")).map_err(|error| Failure::output(&error))?;
        }
        let outcomes = self.steps.last_mut().and_then(|step| step.get_mut("outcome")).and_then(Value::as_array_mut);
        if let Some(outcomes) = outcomes {
            outcomes.push(outcome.into());
        }
        Ok(())
    }

    fn differs(&self, expected: &str) -> Failure {
        Failure::refused("quickstart_differs", format!("step {} did not behave: expected {expected}", self.steps.len()))
    }
}

impl Done<'_> {
    /// Has this fact, which is the outcome shown.
    pub(super) fn shows(self, fact: &str) -> Result<(), Failure> {
        match self.report.get(fact) {
            Some(value) => self.story.outcome(&format!("{}: {}", fact.replace('_', " "), report::human(value))),
            None => Err(self.story.differs(&format!("a fact {fact}"))),
        }
    }

    /// Has this fact, a token, which goes on under a name.
    pub(super) fn keeps(self, fact: &str, name: &'static str) -> Result<(), Failure> {
        let Some(token) = self.report.get(fact).and_then(Value::as_str) else {
            return Err(self.story.differs(&format!("a fact {fact}")));
        };
        let kind = token.get(..4).unwrap_or_default();
        self.story.outcome(&format!("${name}: {kind}…, {} characters", token.len()))?;
        self.story.set(name, token.to_owned());
        Ok(())
    }

    /// Has this fact, a text, which goes on under a name.
    pub(super) fn remembers(self, fact: &str, name: &'static str) -> Result<Self, Failure> {
        let Some(text) = self.report.get(fact).and_then(Value::as_str) else {
            return Err(self.story.differs(&format!("a fact {fact}")));
        };
        self.story.set(name, text.to_owned());
        Ok(self)
    }

    /// Has this fact as it is known under a name.
    pub(super) fn repeats(self, fact: &str, name: &'static str) -> Result<(), Failure> {
        if self.report.get(fact).and_then(Value::as_str) == Some(self.story.value(name)) {
            return self.story.outcome(&format!("${name}: the same"));
        }
        Err(self.story.differs(&format!("{fact} as ${name}")))
    }

    /// Has this list of objects, and these are the values of one of their fields.
    pub(super) fn all(self, fact: &str, field: &str, expected: &[&str]) -> Result<(), Failure> {
        let values = self.report.get(fact).and_then(Value::as_array);
        let values = values.map(|values| values.iter().map(|value| value.get(field)).collect::<Vec<_>>());
        let expected_values: Vec<_> = expected.iter().map(|text| Value::from(*text)).collect();
        if values != Some(expected_values.iter().map(Some).collect()) {
            return Err(self.story.differs(&format!("{fact} with {field} {expected:?}")));
        }
        self.story.outcome(&format!("{fact}: {}", expected.join(", ")))
    }

    /// Made this file, with exactly this in it.
    pub(super) fn made(self, name: &str, content: &[u8]) -> Result<(), Failure> {
        if std::fs::read(self.story.value(name)).is_ok_and(|made| made == content) {
            return self.story.outcome(&format!("${name}: {}", content.escape_ascii()));
        }
        Err(self.story.differs(&format!("{name} as it was")))
    }

    /// Has exactly this list.
    pub(super) fn has(self, fact: &str, expected: &[&str]) -> Result<Self, Failure> {
        if self.report.get(fact) != Some(&json!(expected)) {
            return Err(self.story.differs(&format!("{fact} {expected:?}")));
        }
        self.story.outcome(&format!("{}: {}", fact.replace('_', " "), expected.join(", ")))?;
        Ok(self)
    }

    /// From its issue to its expiry are so many days.
    pub(super) fn lives_days(self, days: u64) -> Result<(), Failure> {
        let time = |fact| self.report.get(fact).and_then(Value::as_str).and_then(|text| read::time(text).ok());
        match (time("issued_at"), time("expires_at")) {
            (Some(from), Some(until)) if until.saturating_since(from) == read::days(days) => {
                self.story.outcome(&format!("valid for {days} days, until {until}"))
            }
            _ => Err(self.story.differs(&format!("a life of {days} days"))),
        }
    }
}
