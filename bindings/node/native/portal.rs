use std::sync::Arc;

use napi_derive::napi;
use portward_bridge::{self as bridge, Error, Exchange, Peeked, Portal, PortalOptions, Request, Session, Step, Store};

use crate::convert::{maybe, whole};
use crate::error::call;
use crate::work::{External, Promised, handle, promise, same};

/// An answer, to be sent as it is.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct AnswerRow {
    /// The HTTP status.
    pub status: u32,
    /// Header lines, in this order: name, value, name, value …
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
    /// Why the request is refused, if it is: the code, for the operator's log.
    pub reason: Option<String>,
    /// The token's id, if it was authentic.
    pub token_id: Option<String>,
}

fn row(answer: bridge::Answer) -> AnswerRow {
    let headers = answer.headers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    let (status, reason) = (u32::from(answer.status), answer.reason.map(str::to_owned));
    AnswerRow { status, headers, body: answer.body, reason, token_id: answer.token_id }
}

/// What of a request is looked at.
#[napi(object)]
pub(crate) struct RequestRow {
    /// As it was sent.
    pub method: String,
    /// As it was sent, not decoded, without the query.
    pub path: String,
    /// Each header line: name, value, name, value … A character of a value is a byte.
    pub headers: Vec<String>,
}

impl RequestRow {
    fn with<T>(&self, body: &[u8], read: impl FnOnce(&Request<'_>) -> T) -> T {
        let (names, values) = (self.headers.iter().step_by(2), self.headers.iter().skip(1).step_by(2));
        let headers: Vec<(String, Vec<u8>)> =
            names.zip(values).map(|(name, value)| (name.clone(), bytes_of(value))).collect();
        read(&Request { method: &self.method, path: &self.path, headers: &headers, body })
    }
}

/// Node and the web give values of headers as Latin-1. What is none was no header, and becomes a byte that nothing takes.
fn bytes_of(value: &str) -> Vec<u8> {
    value.chars().map(|character| u8::try_from(character).unwrap_or(0)).collect()
}

/// For a host: `https://portal.example`. `path`: below which path the routes lie, `/portal` if nothing is said; `page`: texts of the page by their
/// names: name, text, name, text … Errors: `origin_malformed`, `path_malformed`, `style_malformed`, `unknown_text`.
#[napi(catch_unwind)]
pub(crate) fn portal_new(origin: String, path: Option<String>, page: Vec<String>) -> napi::Result<External<Portal>> {
    let (names, values) = (page.iter().step_by(2), page.iter().skip(1).step_by(2));
    let page = names.cloned().zip(values.cloned()).collect();
    let path = path.unwrap_or_else(|| PortalOptions::default().path);
    call(|| Portal::new(&origin, &PortalOptions { path, page })).map(handle)
}

/// The path that the routes lie below.
#[napi(catch_unwind)]
pub(crate) fn portal_path(portal: &External<Portal>) -> String {
    portal.path().to_owned()
}

/// The address of a link; with `fragment`, one whose token no server and no proxy sees, which needs a script.
#[napi(catch_unwind)]
pub(crate) fn portal_link_url(portal: &External<Portal>, token: String, fragment: bool) -> String {
    portal.link_url(&token, fragment)
}

/// An answer to send, a question to a store, or neither, for the request is the application's.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct StepRow {
    /// What is to be sent.
    pub answer: Option<AnswerRow>,
    /// What is to be asked.
    pub exchange: Option<External<Arc<Exchange>>>,
}

/// What is to be done about a request. `body`: all of it, or a part of it longer than 4,096 bytes.
#[napi(catch_unwind)]
pub(crate) fn portal_read(portal: &External<Portal>, request: RequestRow, body: &[u8]) -> StepRow {
    match request.with(body, |request| portal.read(request)) {
        Step::NotOurs => StepRow { answer: None, exchange: None },
        Step::Answer(answer) => StepRow { answer: Some(row(answer)), exchange: None },
        Step::Ask(exchange) => StepRow { answer: None, exchange: Some(handle(Arc::from(exchange))) },
    }
}

/// The session that came with a request; or the refusal.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct SessionRow {
    /// The refusal to send.
    pub answer: Option<AnswerRow>,
    /// The session. Nobody has looked at it.
    pub session: Option<String>,
    /// Whether it came in a cookie.
    pub in_cookie: bool,
}

/// The session of a request to the application; or the refusal to send.
#[napi(catch_unwind)]
pub(crate) fn portal_session(portal: &External<Portal>, request: RequestRow) -> SessionRow {
    match request.with(b"", |request| portal.session(request)) {
        Ok((session, in_cookie)) => SessionRow { answer: None, session: Some(session), in_cookie },
        Err(answer) => SessionRow { answer: Some(row(answer)), session: None, in_cookie: false },
    }
}

/// The one refusal: `damaged`, `refused` or `unavailable`; for every reason the same. Errors: `unknown_refusal`.
#[napi(catch_unwind)]
pub(crate) fn portal_refuse(portal: &External<Portal>, request: RequestRow, answer: String) -> napi::Result<AnswerRow> {
    call(|| request.with(b"", |request| portal.refuse(request, &answer))).map(row)
}

/// What is asked of a store.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct QuestionRow {
    /// `peek`, `redeem` or `renew`.
    pub question: String,
    /// The link to peek at or to redeem, or the session to renew. Nobody has looked at it.
    pub token: String,
    /// The peek cookie that came.
    pub cookie: Option<String>,
    /// The nonce that came.
    pub nonce: Option<String>,
}

/// What is asked.
#[napi(catch_unwind)]
pub(crate) fn exchange_question(exchange: &External<Arc<Exchange>>) -> QuestionRow {
    QuestionRow {
        question: exchange.question().to_owned(),
        token: exchange.token().to_owned(),
        cookie: exchange.cookie(),
        nonce: exchange.nonce().map(str::to_owned),
    }
}

/// The answer to a peek. `expires_at`: when the nonce ends, in Unix seconds. Errors: `other_question`, `cookie_malformed`.
#[napi(catch_unwind)]
pub(crate) fn exchange_peeked(
    exchange: &External<Arc<Exchange>>,
    nonce: String,
    cookie: String,
    expires_at: f64,
) -> napi::Result<AnswerRow> {
    call(|| exchange.peeked(&Peeked { nonce, cookie, expires_at: whole(expires_at)? })).map(row)
}

/// The answer to a redemption or a renewal. `expires_at`: when the session ends, `at`: the time, now if nothing is said; in Unix seconds.
/// Errors: `other_question`.
#[napi(catch_unwind)]
pub(crate) fn exchange_granted(
    exchange: &External<Arc<Exchange>>,
    text: String,
    expires_at: f64,
    at: Option<f64>,
) -> napi::Result<AnswerRow> {
    let granted = || {
        let session = Session { text, id: String::new(), expires_at: whole(expires_at)? };
        exchange.granted(&session, maybe(at)?)
    };
    call(granted).map(row)
}

/// The refusal: `damaged`, `refused` or `unavailable`. Errors: `unknown_refusal`.
#[napi(catch_unwind)]
pub(crate) fn exchange_refused(exchange: &External<Arc<Exchange>>, answer: String) -> napi::Result<AnswerRow> {
    call(|| exchange.refused(&answer)).map(row)
}

/// Asks the store and answers, in one step. What goes wrong is in the answer.
#[napi(catch_unwind)]
pub(crate) fn exchange_run(
    exchange: &External<Arc<Exchange>>,
    store: &External<Store>,
) -> Promised<AnswerRow, AnswerRow> {
    let (exchange, store) = (Arc::clone(exchange), Store::clone(store));
    promise(move || Result::<_, Error>::Ok(row(exchange.run(&store))), same)
}
