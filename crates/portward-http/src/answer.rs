use core::fmt;

use serde::Serialize;

use crate::refusal::{Reason, Refusal};

/// An answer, for whatever sends it: plain data.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header lines, to be sent in this order; `set-cookie` can be there several times.
    pub headers: Vec<(&'static str, String)>,
    /// The body, in UTF-8.
    pub body: String,
    /// Why the request is refused, if it is. For the operator's log, not for the wire.
    pub reason: Option<Reason>,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        let headers = EVERY_ANSWER.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { status, headers, body: String::new(), reason: None }
    }

    pub(crate) fn json(status: u16, content: &impl Serialize) -> Self {
        let body = serde_json::to_string(content).unwrap_or_default(); // plain structs of texts and numbers do not fail
        Self::new(status).with("content-type", "application/json").with_body(body)
    }

    pub(crate) fn refused(reason: Reason) -> Self {
        let body = format!(r#"{{"error":"{}"}}"#, reason.refusal);
        Self::new(reason.refusal.status()).with("content-type", "application/json").with_body(body).because(reason)
    }

    /// A page may send its address, which has no token in it, to its own host: without that a browser sends `Origin: null` with its form.
    pub(crate) fn page(status: u16, policy: &str, body: String) -> Self {
        let mut answer = Self::new(status).with("content-type", "text/html; charset=utf-8");
        answer.headers.retain(|(name, _)| *name != REFERRER_POLICY);
        answer.with(REFERRER_POLICY, "same-origin").with("content-security-policy", policy).with_body(body)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn with_body(self, body: String) -> Self {
        Self { body, ..self }
    }

    /// Notes why.
    pub(crate) fn because(self, reason: Reason) -> Self {
        let answer = Self { reason: Some(reason), ..self };
        if reason.refusal == Refusal::Unavailable { answer.with("retry-after", "1") } else { answer }
    }

    /// For a `HEAD`. The length stays that of the body that is left out.
    pub(crate) fn without_body(self) -> Self {
        let length = self.body.len().to_string();
        self.with("content-length", length).with_body(String::new())
    }
}

/// Without what a holder must not show: the body and the cookies.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &names)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

const REFERRER_POLICY: &str = "referrer-policy";
const EVERY_ANSWER: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    ("x-robots-tag", "noindex, nofollow"),
    ("x-content-type-options", "nosniff"),
];
