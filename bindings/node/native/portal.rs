use std::sync::Arc;

use napi_derive::napi;
use portward_bridge::{self as bridge, Error, Exchange, Peeked, Portal, PortalOptions, Request, Session, Step, Store};

use crate::convert::{maybe, whole};
use crate::error::call;
use crate::work::{External, Promised, handle, promise, same};

/// An answer; `headers`: name, value, name, value …
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct AnswerRow {
    pub status: u32,
    pub headers: Vec<String>,
    pub body: String,
    pub reason: Option<String>,
    pub token_id: Option<String>,
}

fn row(answer: bridge::Answer) -> AnswerRow {
    let headers = answer.headers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    let (status, reason) = (u32::from(answer.status), answer.reason.map(str::to_owned));
    AnswerRow { status, headers, body: answer.body, reason, token_id: answer.token_id }
}

/// What is looked at; `headers` as in an answer, with a character for each byte.
#[napi(object)]
pub(crate) struct RequestRow {
    pub method: String,
    pub path: String,
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

#[napi(catch_unwind)]
pub(crate) fn portal_new(origin: String, path: Option<String>, page: Vec<String>) -> napi::Result<External<Portal>> {
    let (names, values) = (page.iter().step_by(2), page.iter().skip(1).step_by(2));
    let page = names.cloned().zip(values.cloned()).collect();
    let path = path.unwrap_or_else(|| PortalOptions::default().path);
    call(|| Portal::new(&origin, &PortalOptions { path, page })).map(handle)
}

#[napi(catch_unwind)]
pub(crate) fn portal_path(portal: &External<Portal>) -> String {
    portal.path().to_owned()
}

#[napi(catch_unwind)]
pub(crate) fn portal_link_url(portal: &External<Portal>, token: String, fragment: bool) -> String {
    portal.link_url(&token, fragment)
}

/// An answer, a question to a store, or neither.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct StepRow {
    pub answer: Option<AnswerRow>,
    pub exchange: Option<External<Arc<Exchange>>>,
}

#[napi(catch_unwind)]
pub(crate) fn portal_read(portal: &External<Portal>, request: RequestRow, body: &[u8]) -> StepRow {
    match request.with(body, |request| portal.read(request)) {
        Step::NotOurs => StepRow { answer: None, exchange: None },
        Step::Answer(answer) => StepRow { answer: Some(row(answer)), exchange: None },
        Step::Ask(exchange) => StepRow { answer: None, exchange: Some(handle(Arc::from(exchange))) },
    }
}

/// The session and whether it came in a cookie, or the refusal.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct SessionRow {
    pub answer: Option<AnswerRow>,
    pub session: Option<String>,
    pub in_cookie: bool,
}

#[napi(catch_unwind)]
pub(crate) fn portal_session(portal: &External<Portal>, request: RequestRow) -> SessionRow {
    match request.with(b"", |request| portal.session(request)) {
        Ok((session, in_cookie)) => SessionRow { answer: None, session: Some(session), in_cookie },
        Err(answer) => SessionRow { answer: Some(row(answer)), session: None, in_cookie: false },
    }
}

#[napi(catch_unwind)]
pub(crate) fn portal_refuse(portal: &External<Portal>, request: RequestRow, answer: String) -> napi::Result<AnswerRow> {
    call(|| request.with(b"", |request| portal.refuse(request, &answer))).map(row)
}

/// What is asked.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct QuestionRow {
    pub question: String,
    pub token: String,
    pub cookie: Option<String>,
    pub nonce: Option<String>,
}

#[napi(catch_unwind)]
pub(crate) fn exchange_question(exchange: &External<Arc<Exchange>>) -> QuestionRow {
    QuestionRow {
        question: exchange.question().to_owned(),
        token: exchange.token().to_owned(),
        cookie: exchange.cookie(),
        nonce: exchange.nonce().map(str::to_owned),
    }
}

#[napi(catch_unwind)]
pub(crate) fn exchange_peeked(
    exchange: &External<Arc<Exchange>>,
    nonce: String,
    cookie: String,
    expires_at: f64,
) -> napi::Result<AnswerRow> {
    call(|| exchange.peeked(&Peeked { nonce, cookie, expires_at: whole(expires_at)? })).map(row)
}

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

#[napi(catch_unwind)]
pub(crate) fn exchange_refused(exchange: &External<Arc<Exchange>>, answer: String) -> napi::Result<AnswerRow> {
    call(|| exchange.refused(&answer)).map(row)
}

#[napi(catch_unwind)]
pub(crate) fn exchange_run(
    exchange: &External<Arc<Exchange>>,
    store: &External<Store>,
) -> Promised<AnswerRow, AnswerRow> {
    let (exchange, store) = (Arc::clone(exchange), Store::clone(store));
    promise(move || Result::<_, Error>::Ok(row(exchange.run(&store))), same)
}
