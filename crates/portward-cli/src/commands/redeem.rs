//! Sessions that a store makes: it counts the uses of links, and knows what they grant now.

use portward::{IssuedToken, PublicAnswer};
use portward_store::store::{Refusal, StoreError};

use crate::failure::{Failure, Public};
use crate::global::Global;
use crate::report::{self, Report};
use crate::store::Links;
use crate::{named, read};

/// Peeks and redeems, with a cookie that nobody else has.
pub(crate) fn issue(
    global: &Global,
    link: &str,
    audience: Option<&str>,
    minutes: Option<u64>,
) -> Result<Report, Failure> {
    if minutes.is_some() {
        let message = "--minutes: how long a session of a store lives is the deployment's to say";
        return Err(Failure::usage("usage", message));
    }
    let text = read::token(link)?;
    let links = named::links(global, read::identifier_of(audience)?)?;
    let peeked = links.store.peek(&text, None).map_err(|error| turned_away(&links, error, None))?;
    let redeemed = links.ask(links.store.redeem(&text, &peeked.cookie, &peeked.nonce));
    let id = Some(peeked.access.token_id());
    let session = redeemed.map_err(|error| turned_away(&links, error, id))?.session;
    Ok(made(&session).fact("link_id", report::hex(&peeked.access.link_id())))
}

pub(crate) fn renew(global: &Global, session: &str, audience: Option<&str>) -> Result<Report, Failure> {
    let text = read::token(session)?;
    let links = named::links(global, read::identifier_of(audience)?)?;
    let renewed = links.ask(links.store.renew(&text)).map_err(|error| turned_away(&links, error, None))?;
    Ok(made(&renewed.session))
}

pub(crate) fn made(session: &IssuedToken) -> Report {
    Report::new()
        .fact("token", session.text())
        .fact("id", report::hex(&session.id()))
        .fact("expires_at", report::time(session.expires_at()))
        .plain(format!("{}\n", session.text()))
}

/// With the public answer, and the id of a token that was authentic.
fn turned_away(links: &Links, error: StoreError, authentic: Option<[u8; 16]>) -> Failure {
    let public = match error.refusal() {
        Refusal::Damaged => Some(Public::Token(PublicAnswer::Damaged)),
        Refusal::Refused => Some(Public::Token(PublicAnswer::Refused)),
        Refusal::Unavailable => None,
    };
    let failure = links.failed(error);
    Failure { public, token_id: failure.token_id.or(authentic), ..failure }
}
