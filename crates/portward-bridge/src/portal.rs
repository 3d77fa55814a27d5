use core::fmt;

use portward::{Clock as _, PeekCookie, SystemClock};
use portward_http::{
    Action, Answer as CoreAnswer, Carrier, PageOptions, Peek, Reason, Redeem, Refusal, Renew, Request as CoreRequest,
    Rules, RulesOptions,
};

use crate::error::Error;
use crate::peeked::Peeked;
use crate::store::{Session, Store};
use crate::text;

/// The HTTP rules of a portal, for whatever framework: from a request to what is to be done, and from what a store says to an answer.
#[derive(Clone)]
pub struct Portal(Rules);

/// Below which path the routes lie, and what the page says.
#[derive(Clone, Debug)]
pub struct PortalOptions {
    /// `/portal` by default.
    pub path: String,
    /// Texts of the page by their names (`title`, `text`, `button` …), as in `PageOptions`.
    pub page: Vec<(String, String)>,
}

/// What of a request is looked at.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// As it was sent.
    pub method: &'a str,
    /// As it was sent, not decoded.
    pub path: &'a str,
    /// Each header line.
    pub headers: &'a [(String, Vec<u8>)],
    /// The body, or a part of it longer than 4,096 bytes.
    pub body: &'a [u8],
}

/// An answer, to be sent as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header lines, in this order.
    pub headers: Vec<(&'static str, String)>,
    /// The body, in UTF-8.
    pub body: String,
    /// Why the request is refused, if it is: the code, for the operator's log.
    pub reason: Option<&'static str>,
    /// The token's id, if it was authentic.
    pub token_id: Option<String>,
}

/// What is to be done about a request.
pub enum Step {
    /// The path belongs to the application.
    NotOurs,
    /// Send this.
    Answer(Answer),
    /// Ask a store, and answer what it says.
    Ask(Box<Exchange>),
}

/// A question to a store, and how its answer goes back.
pub struct Exchange {
    rules: Rules,
    question: Question,
}

enum Question {
    Peek(Peek),
    Redeem(Redeem),
    Renew(Renew),
}

impl Default for PortalOptions {
    fn default() -> Self {
        Self { path: RulesOptions::default().path, page: Vec::new() }
    }
}

impl Portal {
    /// For a host: `https://portal.example`.
    ///
    /// # Errors
    /// `origin_malformed`, `path_malformed`, `style_malformed`; `unknown_text` for a text of the page that there is not.
    pub fn new(origin: &str, options: &PortalOptions) -> Result<Self, Error> {
        let mut page = PageOptions::default();
        for (name, value) in &options.page {
            let unknown = || Error::value("unknown_text", "the page has no text of this name").of_argument(name);
            text_of(&mut page, name).ok_or_else(unknown)?.clone_from(value);
        }
        Ok(Self(Rules::new(origin, RulesOptions { path: options.path.clone(), page })?))
    }

    /// The path that the routes lie below.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// The address of a link; with `fragment`, one whose token no server and no proxy sees, which needs a script.
    pub fn link_url(&self, token: &str, fragment: bool) -> String {
        if fragment { self.0.link_url_fragment(token) } else { self.0.link_url(token) }
    }

    /// What is to be done about a request.
    pub fn read(&self, request: &Request<'_>) -> Step {
        let action = with(request, |request| self.0.read(request));
        let ask = |question| Step::Ask(Box::new(Exchange { rules: self.0.clone(), question }));
        match action {
            Action::NotOurs => Step::NotOurs,
            Action::Answer(answer) => Step::Answer(answer.into()),
            Action::Peek(peek) => ask(Question::Peek(peek)),
            Action::Redeem(redeem) => ask(Question::Redeem(redeem)),
            Action::Renew(renew) => ask(Question::Renew(renew)),
        }
    }

    /// The session of a request to the application, and whether it came in a cookie; or the refusal.
    ///
    /// # Errors
    /// The answer to send.
    pub fn session(&self, request: &Request<'_>) -> Result<(String, bool), Answer> {
        with(request, |request| match self.0.session(request) {
            Ok((session, carrier)) => Ok((session.to_owned(), carrier == Carrier::Cookie)),
            Err(answer) => Err(answer.into()),
        })
    }

    /// The one refusal: `damaged`, `refused` or `unavailable`; for every reason the same.
    ///
    /// # Errors
    /// `unknown_refusal`.
    pub fn refuse(&self, request: &Request<'_>, public: &str) -> Result<Answer, Error> {
        let reason = reason(public)?;
        Ok(with(request, |request| self.0.refuse(request, reason)).into())
    }
}

impl Exchange {
    /// `peek`, `redeem` or `renew`.
    pub const fn question(&self) -> &'static str {
        match self.question {
            Question::Peek(_) => "peek",
            Question::Redeem(_) => "redeem",
            Question::Renew(_) => "renew",
        }
    }

    /// The link to peek at or to redeem, or the session to renew. Nobody has looked at it.
    pub fn token(&self) -> &str {
        match &self.question {
            Question::Peek(peek) => peek.token(),
            Question::Redeem(redeem) => redeem.token(),
            Question::Renew(renew) => renew.session(),
        }
    }

    /// The peek cookie that came.
    pub fn cookie(&self) -> Option<String> {
        match &self.question {
            Question::Peek(peek) => peek.cookie().map(|cookie| cookie.to_text()),
            Question::Redeem(redeem) => Some(redeem.cookie().to_text()),
            Question::Renew(_) => None,
        }
    }

    /// The nonce that came.
    pub fn nonce(&self) -> Option<&str> {
        match &self.question {
            Question::Redeem(redeem) => Some(redeem.nonce()),
            _ => None,
        }
    }

    /// The answer to a peek.
    ///
    /// # Errors
    /// `other_question`; `cookie_malformed`.
    pub fn peeked(&self, peeked: &Peeked) -> Result<Answer, Error> {
        let Question::Peek(peek) = &self.question else { return Err(other_question()) };
        let cookie: PeekCookie = peeked.cookie.parse()?;
        let outcome =
            portward_http::Peeked { nonce: peeked.nonce.clone(), expires_at: text::time(peeked.expires_at), cookie };
        Ok(self.rules.answer_peek(peek, Ok(outcome)).into())
    }

    /// The answer to a redemption or a renewal. `at`: the time in Unix seconds, now if nothing is said.
    ///
    /// # Errors
    /// `other_question`.
    pub fn granted(&self, session: &Session, at: Option<u64>) -> Result<Answer, Error> {
        let now = at.map_or_else(|| SystemClock.now().wall, text::time);
        let outcome =
            Ok(portward_http::Redeemed { session: session.text.clone(), expires_at: text::time(session.expires_at) });
        Ok(match &self.question {
            Question::Peek(_) => return Err(other_question()),
            Question::Redeem(redeem) => self.rules.answer_redeem(redeem, outcome, now),
            Question::Renew(renew) => self.rules.answer_renew(renew, outcome, now),
        }
        .into())
    }

    /// The refusal: `damaged`, `refused` or `unavailable`.
    ///
    /// # Errors
    /// `unknown_refusal`.
    pub fn refused(&self, public: &str) -> Result<Answer, Error> {
        Ok(self.with_reason(reason(public)?))
    }

    /// Asks the store and answers, in one step. What goes wrong is in the answer.
    pub fn run(&self, store: &Store) -> Answer {
        let outcome = match &self.question {
            Question::Peek(_) => {
                store.peek(self.token(), self.cookie().as_deref()).and_then(|peeked| self.peeked(&peeked))
            }
            Question::Redeem(redeem) => store
                .redeem(redeem.token(), &redeem.cookie().to_text(), redeem.nonce())
                .and_then(|session| self.granted(&session, None)),
            Question::Renew(renew) => store.renew(renew.session()).and_then(|session| self.granted(&session, None)),
        };
        outcome.unwrap_or_else(|error| {
            let refusal = refusal(error.public).unwrap_or(Refusal::Unavailable);
            let reason = Reason { refusal, code: error.code, token_id: None };
            Answer { token_id: error.token_id, ..self.with_reason(reason) }
        })
    }

    fn with_reason(&self, reason: Reason) -> Answer {
        let now = SystemClock.now().wall;
        match &self.question {
            Question::Peek(peek) => self.rules.answer_peek(peek, Err(reason)),
            Question::Redeem(redeem) => self.rules.answer_redeem(redeem, Err(reason), now),
            Question::Renew(renew) => self.rules.answer_renew(renew, Err(reason), now),
        }
        .into()
    }
}

impl From<CoreAnswer> for Answer {
    fn from(answer: CoreAnswer) -> Self {
        let (reason, token_id) = match answer.reason {
            Some(reason) => (Some(reason.code), reason.token_id.map(|id| text::id(&id))),
            None => (None, None),
        };
        Self { status: answer.status, headers: answer.headers, body: answer.body, reason, token_id }
    }
}

/// Without what a holder must not show: the body and the cookies.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("reason", &self.reason).finish_non_exhaustive()
    }
}

fn with<T>(request: &Request<'_>, read: impl FnOnce(&CoreRequest<'_>) -> T) -> T {
    let Request { method, path, headers, body } = *request;
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    read(&CoreRequest { method, path, headers: &headers, body })
}

fn refusal(public: &str) -> Option<Refusal> {
    [Refusal::Damaged, Refusal::Refused, Refusal::Unavailable].into_iter().find(|refusal| refusal.word() == public)
}

fn reason(public: &str) -> Result<Reason, Error> {
    let unknown = || Error::value("unknown_refusal", "one of damaged, refused, unavailable").of_argument("public");
    refusal(public).map(Reason::from).ok_or_else(unknown)
}

fn other_question() -> Error {
    Error::value("other_question", "the answer is of another question")
}

fn text_of<'p>(page: &'p mut PageOptions, name: &str) -> Option<&'p mut String> {
    Some(match name {
        "language" => &mut page.language,
        "title" => &mut page.title,
        "text" => &mut page.text,
        "button" => &mut page.button,
        "wait" => &mut page.wait,
        "missing" => &mut page.missing,
        "no_script" => &mut page.no_script,
        "damaged" => &mut page.damaged,
        "refused" => &mut page.refused,
        "unavailable" => &mut page.unavailable,
        "style" => &mut page.style,
        "header_html" => &mut page.header_html,
        "footer_html" => &mut page.footer_html,
        _ => return None,
    })
}
