use serde_json::json;

use super::token::{now, verifier};
use super::{Case, Outcome};
use crate::codec::hex;
use crate::token::PeekCookie;
use crate::{NoRevocation, Revocation, Timestamp};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "chain_id" => chain_id(case),
        "nonce_make" => nonce_make(case),
        "nonce_check" => nonce_check(case),
        _ => return None,
    })
}

fn chain_id(case: &Case<'_>) -> Outcome {
    let verifier = verifier(case, Revocation::None(NoRevocation));
    let id = match case.text("kind") {
        "link" => verifier.verify_link(case.text("token"), now(case))?.chain_id(),
        _ => verifier.verify_session(case.text("token"), now(case))?.chain_id(),
    };
    Ok(json!({ "id": hex(&id) }))
}

fn nonce_make(case: &Case<'_>) -> Outcome {
    let cookie = PeekCookie::for_vectors(case.array("cookie"));
    let (nonce, expires_at) = case
        .keyring()
        .make_nonce_as(case.array("random"), case.array("chain"), &cookie, wall(case))
        .map_err(|error| error.code())?;
    Ok(json!({ "nonce": nonce, "expires_at": expires_at.unix(), "cookie": cookie.to_text() }))
}

fn nonce_check(case: &Case<'_>) -> Outcome {
    let cookie = case.text("cookie").parse().map_err(|error: crate::NonceError| error.code())?;
    let checked = case
        .keyring()
        .check_nonce(case.text("nonce"), case.array("chain"), &cookie, wall(case))
        .map_err(|error| error.code())?;
    Ok(json!({ "random": hex(&checked.id), "expires_at": checked.expires_at.unix() }))
}

fn wall(case: &Case<'_>) -> Timestamp {
    Timestamp::from_unix(case.number("now"))
}
