//! Codes, each with the exceptions that carry it.

use std::collections::{BTreeMap, BTreeSet};

use portward_bridge::{Error, Kind};

#[derive(Default)]
pub(crate) struct Listing(BTreeMap<&'static str, BTreeSet<&'static str>>);

impl Listing {
    pub(crate) fn add(&mut self, code: &'static str, of: &'static str) {
        self.0.entry(code).or_default().insert(of);
    }

    pub(crate) fn all<E: Into<Error> + Clone>(&mut self, errors: &[E]) {
        for error in errors {
            let error: Error = error.clone().into();
            self.add(error.code, exception(&error));
        }
    }

    /// As arguments: whatever they are about, the caller is to blame.
    pub(crate) fn arguments<E: Into<Error> + Clone>(&mut self, errors: &[E]) {
        errors.iter().for_each(|error| self.add(error.clone().into().code, "InvalidValue"));
    }

    pub(crate) fn is_written_in(&self, file: &str) {
        let written = std::fs::read_to_string(format!("../../{file}")).unwrap_or_default();
        assert_eq!(written, self.text(), "{file} is to be:\n{}", self.text());
    }

    fn text(&self) -> String {
        let line = |(code, of): (&&str, &BTreeSet<&str>)| {
            format!("{code} {}\n", of.iter().copied().collect::<Vec<_>>().join(" "))
        };
        self.0.iter().map(line).collect()
    }
}

pub(crate) fn exception(error: &Error) -> &'static str {
    match error.kind {
        _ if error.code == "cancelled" => "Cancelled",
        Kind::Refused => "Refused",
        Kind::Unreadable => "Unreadable",
        Kind::InvalidValue => "InvalidValue",
        Kind::Unavailable => "Unavailable",
    }
}
