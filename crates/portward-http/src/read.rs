//! From a request to what is to be done. `spec/redeem.md` section 4, the tables and what follows them, in their order.

use portward::{PeekCookie, UntrustedLink, UnverifiedNonce};

use crate::accept;
use crate::action::{Action, Carrier, Look, Peek, Redeem, Renew};
use crate::answer::Answer;
use crate::cookie::{self, LINK_COOKIE, PEEK_COOKIE, SESSION_COOKIE};
use crate::origin::check_origin;
use crate::page::Shown;
use crate::refusal::{Reason, Refusal};
use crate::request::{BODY_MAX, Fields, Found, Request};
use crate::request_error::RequestError;
use crate::rules::Rules;

enum Route<'a> {
    /// `P/TOKEN`.
    Token(&'a str),
    /// `P`.
    Page,
    Peek,
    Redeem,
    Renew,
    Leave,
}

impl Rules {
    /// What is to be done about a request.
    pub fn read(&self, request: &Request<'_>) -> Action {
        let look = Look::of(request);
        match self.route(request.path) {
            None => Action::NotOurs,
            Some(route) => match self.take(&route, request, look) {
                Ok(action) => action,
                Err(answer) => Action::Answer(look.at(answer)),
            },
        }
    }

    /// The session of a request to the application, and what it came in. A verifier has to look at it.
    ///
    /// A request that may change something, and has its session from the cookie, must come from the own pages: other hosts of the same
    /// site can make a browser send a `SameSite=Lax` cookie. So does one that opens a WebSocket, which the browser lets them read.
    ///
    /// # Errors
    /// The refusal.
    pub fn session<'a>(&self, request: &Request<'a>) -> Result<(&'a str, Carrier), Answer> {
        let (session, carrier) = carried(request).map_err(|error| self.refuse(request, without_session(error)))?;
        let opens = request.header("upgrade") != Found::Nothing;
        let changes = opens || !matches!(request.method, "GET" | "HEAD" | "OPTIONS");
        if changes && carrier == Carrier::Cookie {
            check_origin(request, &self.origin).map_err(|error| self.refuse(request, error.into()))?;
        }
        Ok((session, carrier))
    }

    /// The one refusal, as page or as JSON. For every reason it is the same.
    pub fn refuse(&self, request: &Request<'_>, reason: Reason) -> Answer {
        let look = Look::of(request);
        look.at(self.refusal(look, reason))
    }

    pub(crate) fn refusal(&self, look: Look, reason: Reason) -> Answer {
        if !look.page {
            return Answer::refused(reason);
        }
        let html = self.page.html(Shown::Refusal(reason.refusal));
        Answer::page(reason.refusal.status(), self.page.policy(), html).because(reason)
    }

    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        match path.strip_prefix(self.path.as_str())? {
            "" => Some(Route::Page),
            "/peek" => Some(Route::Peek),
            "/redeem" => Some(Route::Redeem),
            "/renew" => Some(Route::Renew),
            "/leave" => Some(Route::Leave),
            rest => {
                rest.strip_prefix('/').filter(|end| end.starts_with("pwl_") && !end.contains('/')).map(Route::Token)
            }
        }
    }

    fn take(&self, route: &Route<'_>, request: &Request<'_>, look: Look) -> Result<Action, Answer> {
        let refuse = |reason: Reason| self.refusal(look, reason);
        let fail = |error: RequestError| refuse(error.into());
        match route {
            Route::Token(token) => {
                only_get(request)?;
                UntrustedLink::parse(token).map_err(|error| refuse(error.into()))?;
                let answer = Answer::new(303).with("location", &*self.path).with("set-cookie", cookie::set_link(token));
                Ok(Action::Answer(look.at(answer)))
            }
            Route::Page => {
                only_get(request)?;
                match request.cookie(LINK_COOKIE) {
                    Found::One(token) => {
                        Ok(Action::Peek(Peek { token: token.to_owned(), cookie: known(request), form: true, look }))
                    }
                    Found::Nothing => {
                        let answer = Answer::page(200, self.page.policy(), self.page.html(Shown::Missing));
                        Ok(Action::Answer(look.at(answer)))
                    }
                    Found::Several => Err(fail(RequestError::CookieRepeated).with("set-cookie", cookie::take_link())),
                }
            }
            Route::Peek => {
                let fields = self.fields(request, look)?;
                let token = given(fields.get("token")).ok_or_else(|| fail(RequestError::FieldMissing))?.to_owned();
                Ok(Action::Peek(Peek { token, cookie: known(request), form: false, look }))
            }
            Route::Redeem => {
                let fields = self.fields(request, look)?;
                let nonce = given(fields.get("nonce")).ok_or_else(|| fail(RequestError::FieldMissing))?.to_owned();
                UnverifiedNonce::parse(&nonce).map_err(|_| fail(RequestError::NonceMalformed))?;
                let token = link(request, &fields).map_err(fail)?.to_owned();
                let cookie = proof(request).map_err(fail)?;
                Ok(Action::Redeem(Redeem { token, cookie, nonce, json: accept::wants_json(request), look }))
            }
            Route::Renew => {
                self.fields(request, look)?;
                let (session, carrier) = carried(request).map_err(fail)?;
                Ok(Action::Renew(Renew { session: session.to_owned(), carrier, look }))
            }
            Route::Leave => {
                self.fields(request, look)?;
                Ok(Action::Answer(Answer::new(204).with("set-cookie", cookie::take_session())))
            }
        }
    }

    /// The form of a `POST` that one of the own pages, or a program, has made.
    fn fields<'a>(&self, request: &Request<'a>, look: Look) -> Result<Fields<'a>, Answer> {
        if request.method != "POST" {
            return Err(Answer::new(405).with("allow", "POST"));
        }
        check_origin(request, &self.origin).map_err(|error| self.refusal(look, error.into()))?;
        if request.body.len() > BODY_MAX {
            return Err(Answer::new(413));
        }
        let is_form = matches!(request.header("content-type"), Found::One(value) if is_form(value));
        if !request.body.is_empty() && !is_form {
            return Err(Answer::new(415));
        }
        Fields::parse(request.body).ok_or_else(|| self.refusal(look, RequestError::FieldRepeated.into()))
    }
}

fn only_get(request: &Request<'_>) -> Result<(), Answer> {
    let gets = matches!(request.method, "GET" | "HEAD");
    if gets { Ok(()) } else { Err(Answer::new(405).with("allow", "GET, HEAD")) }
}

fn is_form(value: &[u8]) -> bool {
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The peek cookie, if there is a good one.
fn known(request: &Request<'_>) -> Option<PeekCookie> {
    if let Found::One(text) = request.cookie(PEEK_COOKIE) { text.parse().ok() } else { None }
}

/// The peek cookie, which has to be there.
fn proof(request: &Request<'_>) -> Result<PeekCookie, RequestError> {
    match request.cookie(PEEK_COOKIE) {
        Found::One(text) => text.parse().map_err(|_| RequestError::CookieMalformed),
        Found::Nothing => Err(RequestError::CookieMissing),
        Found::Several => Err(RequestError::CookieRepeated),
    }
}

/// The field goes before the cookie.
fn link<'f>(request: &Request<'f>, fields: &'f Fields<'_>) -> Result<&'f str, RequestError> {
    let token = match (fields.get("token"), request.cookie(LINK_COOKIE)) {
        (Some(token), _) | (None, Found::One(token)) => Some(token),
        (None, Found::Nothing) => None,
        (None, Found::Several) => return Err(RequestError::CookieRepeated),
    };
    given(token).ok_or(RequestError::LinkMissing)
}

/// What is empty is not there.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// To the application's routes many come whose session has just ended, so that nothing is left of it. Nothing of theirs is damaged.
fn without_session(error: RequestError) -> Reason {
    match error {
        RequestError::SessionMissing => Reason { refusal: Refusal::Refused, ..error.into() },
        _ => error.into(),
    }
}

/// The session, from the one of the two places where it is.
fn carried<'a>(request: &Request<'a>) -> Result<(&'a str, Carrier), RequestError> {
    let bearer = Found::of(request.values("authorization").filter_map(bearer));
    match (request.cookie(SESSION_COOKIE), bearer) {
        (Found::One(session), Found::Nothing) => Ok((session, Carrier::Cookie)),
        (Found::Nothing, Found::One(session)) => Ok((session, Carrier::Bearer)),
        (Found::Nothing, Found::Nothing) => Err(RequestError::SessionMissing),
        (Found::Several, _) => Err(RequestError::CookieRepeated),
        _ => Err(RequestError::SessionRepeated),
    }
}

/// What `Authorization` holds under another scheme is the application's.
fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, rest) = core::str::from_utf8(value).ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { given(Some(rest.trim_matches(' '))) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RulesOptions;

    #[test]
    fn what_is_not_of_the_table_is_the_applications() {
        let rules = Rules::new("https://portal.example", RulesOptions::default()).unwrap();
        let is_ours = |path: &str| {
            let request = Request { method: "PUT", path, headers: &[], body: b"" };
            !matches!(rules.read(&request), Action::NotOurs)
        };
        for ours in ["", "/peek", "/redeem", "/renew", "/leave", "/pwl_", "/pwl_x", "?x=/", "/peek?", "/pwl_x?/y"] {
            assert!(is_ours(&format!("/portal{ours}")), "{ours}");
        }
        for other in
            ["/", "s", "/peek/", "/peeked", "/Peek", "/pwl", "/pws_x", "/%70wl_x", "/pwl_x/", "/pwl_x/y", "//peek"]
        {
            assert!(!is_ours(&format!("/portal{other}")), "{other}");
        }
        for outside in ["", "/", "/Portal", "/pwl_x", "portal", "/x/portal", "https://portal.example/portal"] {
            assert!(!is_ours(outside), "{outside}");
        }
    }
}
