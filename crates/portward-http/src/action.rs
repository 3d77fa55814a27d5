use core::fmt;

use portward::PeekCookie;

use crate::accept;
use crate::answer::Answer;
use crate::request::Request;

/// What is to be done about a request. Each question to the store has its own way to be answered, so none can get another's answer.
#[derive(Debug)]
pub enum Action {
    /// The path belongs to the application.
    NotOurs,
    /// Nobody has to be asked: send this.
    Answer(Answer),
    /// Ask [`Links::peek`](crate::Links::peek), then [`Rules::answer_peek`](crate::Rules::answer_peek).
    Peek(Peek),
    /// Ask [`Links::redeem`](crate::Links::redeem), then [`Rules::answer_redeem`](crate::Rules::answer_redeem).
    Redeem(Redeem),
    /// Ask [`Links::renew`](crate::Links::renew), then [`Rules::answer_renew`](crate::Rules::answer_renew).
    Renew(Renew),
}

/// A link is to be peeked at.
pub struct Peek {
    pub(crate) token: String,
    pub(crate) cookie: Option<PeekCookie>,
    /// Whether the nonce goes into a page, or into JSON.
    pub(crate) form: bool,
    pub(crate) look: Look,
}

/// A link is to be redeemed.
pub struct Redeem {
    pub(crate) token: String,
    pub(crate) cookie: PeekCookie,
    pub(crate) nonce: String,
    pub(crate) json: bool,
    pub(crate) look: Look,
}

/// A session is to be renewed.
pub struct Renew {
    pub(crate) session: String,
    pub(crate) carrier: Carrier,
    pub(crate) look: Look,
}

/// What a session came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The session cookie: a browser.
    Cookie,
    /// `Authorization: Bearer`: a program.
    Bearer,
}

/// How an answer has to look to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// A refusal is a page.
    pub(crate) page: bool,
    /// There is no body, whatever the answer.
    pub(crate) head: bool,
}

impl Look {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        Self { page: accept::wants_page(request), head: request.method == "HEAD" }
    }

    pub(crate) fn at(self, answer: Answer) -> Answer {
        if self.head { answer.without_body() } else { answer }
    }
}

impl Peek {
    /// The link. Nobody has looked at it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The peek cookie that came.
    pub const fn cookie(&self) -> Option<PeekCookie> {
        self.cookie
    }
}

impl Redeem {
    /// The link. Nobody has looked at it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The peek cookie that came.
    pub const fn cookie(&self) -> &PeekCookie {
        &self.cookie
    }

    /// The nonce that came.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

impl Renew {
    /// The session. Nobody has looked at it.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// What it came in.
    pub const fn carrier(&self) -> Carrier {
        self.carrier
    }
}

impl fmt::Debug for Peek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peek(..)")
    }
}

impl fmt::Debug for Redeem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redeem(..)")
    }
}

impl fmt::Debug for Renew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renew(..)")
    }
}
