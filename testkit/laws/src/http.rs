//! A request is answered by the rules, or asks the store what its table says and no more: only a post of the own pages redeems, and no
//! answer carries a line of the request's. `spec/redeem.md` section 4.
//!
//! Input: `METHOD PATH`, header lines, an empty line, the body.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use portward::{Generations, LinkRequest, PeekCookie, Permissions, UntrustedLink, UnverifiedNonce};
use portward_http::{
    Action, Answer, BODY_MAX, Carrier, Client, LINK_COOKIE, PEEK_COOKIE, Peeked, Reason, Redeemed, Refusal, Request,
    Rules, RulesOptions, SESSION_COOKIE,
};

use crate::world::{NOW, WORLD};

const ORIGIN: &str = "https://portal.example";
const NONCE: &str = "pwn_AAAA";

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(ORIGIN, RulesOptions::default()).unwrap());

/// Every page that there is: with a form, without, and of the three refusals.
static PAGES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let link = WORLD.issuer.issue_link(
        &LinkRequest::new("7".parse().unwrap(), "anna".parse().unwrap(), Permissions::from_bits(1)),
        Generations::default(),
        NOW.wall,
    );
    let cookie = format!("{LINK_COOKIE}={}", link.unwrap().text());
    let with = |headers: &[(&str, &[u8])]| RULES.read(&Request { method: "GET", path: "/portal", headers, body: b"" });
    let accept: (&str, &[u8]) = ("accept", b"text/html");
    let (Action::Peek(peek), Action::Answer(missing)) =
        (with(&[accept, ("cookie", cookie.as_bytes())]), with(&[accept]))
    else {
        panic!("a page is read as something else");
    };
    let peeked = Peeked { nonce: NONCE.to_owned(), expires_at: NOW.wall, cookie: PeekCookie::generate().unwrap() };
    let refusals = [Refusal::Damaged, Refusal::Refused, Refusal::Unavailable];
    let refusals = refusals.map(|refusal| RULES.answer_peek(&peek, Err(refusal.into())).body);
    refusals.into_iter().chain([missing.body, RULES.answer_peek(&peek, Ok(peeked)).body]).collect()
});

pub(crate) fn holds(data: &[u8]) {
    let end = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (head, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let Some(Ok(first)) = lines.next().map(std::str::from_utf8) else { return };
    let Some((method, path)) = first.split_once(' ') else { return };
    let header = |line| {
        let colon = <[u8]>::iter(line).position(|byte| *byte == b':')?;
        Some((std::str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].trim_ascii()))
    };
    let headers: Vec<(&str, &[u8])> = lines.filter_map(header).collect();
    let request = Request { method, path, headers: &headers, body };
    is_read(&request);
    session(&request);
    is_answered_by_another(body);
}

fn is_read(request: &Request<'_>) {
    let reads = matches!(request.method, "GET" | "HEAD");
    let refused = Reason::from(Refusal::Refused);
    let (session, expires_at) = ("pws_AAAA".to_owned(), NOW.wall.saturating_add(Duration::from_secs(900)));
    let redeemed = || Ok(Redeemed { session: session.clone(), expires_at });
    match RULES.read(request) {
        Action::NotOurs => assert!(!request.path.starts_with("/portal/pwl_") || request.path[8..].contains('/')),
        Action::Answer(answer) => is_clean(request, &answer),
        Action::Peek(peek) => {
            assert!(reads || is_own_post(request, "/portal/peek"));
            let cookie = peek.cookie().unwrap_or_else(|| "A".repeat(43).parse().unwrap());
            let peeked = Peeked { nonce: NONCE.to_owned(), expires_at, cookie };
            is_clean(request, &RULES.answer_peek(&peek, Ok(peeked)));
            is_clean(request, &RULES.answer_peek(&peek, Err(refused)));
        }
        Action::Redeem(redeem) => {
            assert!(is_own_post(request, "/portal/redeem"));
            assert!(UnverifiedNonce::parse(redeem.nonce()).is_ok() && !redeem.token().is_empty());
            let cookie = redeem.cookie().to_text();
            assert_eq!(cookies(request, PEEK_COOKIE), [cookie.as_str()], "a cookie of the request, there once");
            let answer = RULES.answer_redeem(&redeem, redeemed(), NOW.wall);
            is_clean(request, &answer);
            // The session is in a cookie or in JSON, never in both.
            let in_cookie = answer.headers.iter().any(|(_, value)| value.contains(&session));
            assert!(in_cookie != answer.body.contains(&session));
            is_clean(request, &RULES.answer_redeem(&redeem, Err(refused), NOW.wall));
        }
        Action::Renew(renew) => {
            assert!(is_own_post(request, "/portal/renew"));
            carries(request, renew.session(), renew.carrier());
            is_clean(request, &RULES.answer_renew(&renew, redeemed(), NOW.wall));
            is_clean(request, &RULES.answer_renew(&renew, Err(refused), NOW.wall));
        }
    }
}

fn session(request: &Request<'_>) {
    match RULES.session(request) {
        Ok((session, carrier)) => {
            carries(request, session, carrier);
            assert!(
                carrier == Carrier::Bearer || matches!(request.method, "GET" | "HEAD" | "OPTIONS") || is_own(request)
            );
        }
        Err(answer) => is_clean(request, &answer),
    }
}

/// The one session that came, in the one place where it came.
fn carries<'a>(request: &Request<'a>, session: &str, carrier: Carrier) {
    let cookies = cookies(request, SESSION_COOKIE);
    match carrier {
        Carrier::Cookie => assert_eq!(cookies, [session]),
        Carrier::Bearer => {
            let behind = |line: &'a [u8]| {
                let (scheme, session) = std::str::from_utf8(line).ok()?.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| session.trim_matches(' '))
            };
            let found = values(request, "authorization").filter_map(behind).filter(|session| !session.is_empty());
            assert!(cookies.is_empty() && found.eq([session]));
        }
    }
}

fn is_own_post(request: &Request<'_>, path: &str) -> bool {
    let on = request.path.split('?').next();
    request.method == "POST" && on == Some(path) && request.body.len() <= BODY_MAX && is_own(request)
}

/// Nothing says that another page has made it.
fn is_own(request: &Request<'_>) -> bool {
    let sites: Vec<_> = values(request, "sec-fetch-site").collect();
    let origins: Vec<_> = values(request, "origin").collect();
    let same = sites == [b"same-origin"];
    (sites.is_empty() || same || sites == [b"none"])
        && (origins.is_empty() || origins == [ORIGIN.as_bytes()] || same && origins == [b"null"])
}

fn values<'a>(request: &Request<'a>, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    request.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn cookies<'a>(request: &Request<'a>, name: &str) -> Vec<&'a str> {
    let pairs = values(request, "cookie").flat_map(|line| line.split(|byte| *byte == b';'));
    let pairs = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='));
    let trim = |text: &'a str| text.trim_matches([' ', '\t']);
    pairs.filter(|(key, _)| trim(key) == name).map(|(_, value)| trim(value)).collect()
}

/// Whatever was asked, an answer has what every answer has, one line for each header, and of a link nothing but a good one in its cookie.
fn is_clean(request: &Request<'_>, answer: &Answer) {
    assert!(matches!(answer.status, 200 | 204 | 303 | 400 | 403 | 405 | 413 | 415 | 503), "{}", answer.status);
    let lines = |name| answer.headers.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value.as_str());
    assert_eq!(lines("cache-control").collect::<Vec<_>>(), ["no-store"]);
    assert_eq!((lines("referrer-policy").count(), lines("x-content-type-options").count()), (1, 1));
    assert!(answer.headers.iter().all(|(_, value)| value.bytes().all(|byte| (0x20..0x7F).contains(&byte))));
    assert!(request.method != "HEAD" || answer.body.is_empty() || !request.path.starts_with("/portal"));
    for cookie in lines("set-cookie") {
        let (_, rest) = cookie.split_once('=').unwrap();
        let (value, attributes) = rest.split_once("; ").unwrap();
        assert!(attributes.starts_with("Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age="), "{cookie}");
        let good = value.is_empty()
            || value == "pws_AAAA"
            || value.parse::<PeekCookie>().is_ok()
            || UntrustedLink::parse(value).is_ok();
        assert!(good, "{cookie}");
    }
    let word = answer.reason.map(|reason| reason.refusal.word());
    let (page, json) = (answer.body.starts_with('<'), word.map(|word| format!(r#"{{"error":"{word}"}}"#)));
    assert!(page || json.is_none_or(|json| answer.body == json || answer.body.is_empty()), "a refusal says more");
    assert!(!page || PAGES.contains(&answer.body), "a page says more: {}", answer.body);
}

/// A holder reads what a server answers, whatever that is.
fn is_answered_by_another(body: &[u8]) {
    if let Ok(redeemed) = Client::read_redeemed(200, body) {
        let again = serde_json::json!({ "session": redeemed.session, "expires_at": redeemed.expires_at.unix() });
        assert_eq!(Client::read_redeemed(200, again.to_string().as_bytes()), Ok(redeemed));
        assert!(Client::read_redeemed(403, body).is_err());
    }
}
