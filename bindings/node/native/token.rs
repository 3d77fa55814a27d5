//! Tokens. What is verified comes back packed in one text, which is five times as fast as an object; an error, too.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::Latin1String;
use napi_derive::napi;
use portward_bridge::{self as bridge, Access, Deployment, Error, Issuer, Keyring, Store, Verifier, VerifierOptions};

use crate::convert::{maybe, number, whole};
use crate::error::{call, told};
use crate::slot::{self, Slot, Verifying, by, slot};
use crate::work::{External, handle};

/// A token just made.
#[napi(object)]
pub(crate) struct TokenRow {
    /// The token itself: it goes to its holder and nowhere else.
    pub text: String,
    /// Its id.
    pub id: String,
    /// When it ends, in Unix seconds.
    pub expires_at: f64,
}

pub(crate) fn token_row(token: bridge::Token) -> TokenRow {
    TokenRow { text: token.text, id: token.id, expires_at: number(token.expires_at) }
}

pub(crate) fn options(audience: Option<String>, skew: Option<f64>) -> Result<VerifierOptions, Error> {
    Ok(VerifierOptions { audience, skew: maybe(skew)? })
}

/// [`Access::packed`], or what [`told`] tells, which begins with `!`.
///
/// Both are ASCII, which V8 takes as Latin-1 without looking. A panic is told likewise: nothing in JavaScript looks at what this throws.
pub(crate) fn packed(verify: impl FnOnce() -> Result<Access, Error>) -> Latin1String {
    let text = || verify().map_or_else(|error| ascii(&told(&error)), |access| access.packed());
    Latin1String::from(catch_unwind(AssertUnwindSafe(text)).unwrap_or_else(|_| "!panic".to_owned()))
}

fn ascii(text: &str) -> String {
    text.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect()
}

/// One that knows of no revocation: a token then lives until it expires, whatever happens. `audience`: who is asking; `skew`: how far ahead
/// the issuer's clock may be, in seconds: 60 by default, at most 300. Errors: `random_unavailable`.
#[napi(catch_unwind)]
pub(crate) fn verifier_without_revocation(
    keyring: &External<Keyring>,
    audience: Option<String>,
    skew: Option<f64>,
) -> napi::Result<External<Verifier>> {
    call(|| Verifier::without_revocation(keyring, &options(audience, skew)?)).map(handle)
}

/// Takes a number for it, which is good as long as this handle lives.
#[napi(catch_unwind)]
pub(crate) fn verifier_slot(verifier: &External<Verifier>) -> External<Slot> {
    slot(Verifying::Verifier(Verifier::clone(verifier)))
}

/// The same for a store.
#[napi(catch_unwind)]
pub(crate) fn store_slot(store: &External<Store>) -> External<Slot> {
    slot(Verifying::Store(Store::clone(store)))
}

/// The number.
#[napi(catch_unwind)]
pub(crate) fn slot_number(slot: &External<Slot>) -> u32 {
    slot::number(slot)
}

/// Verifies a link, now, by the number of who verifies: an access, packed in one text, or an error, which begins with `!`.
/// Errors: `closed`, of a store.
#[napi(catch_unwind)]
pub(crate) fn verify_link(slot: u32, token: String) -> Latin1String {
    packed(|| {
        by(slot, |verifying| match verifying {
            Verifying::Verifier(verifier) => verifier.verify_link(&token, None),
            Verifying::Store(store) => store.verify_link(&token),
        })
    })
}

/// The same of a session. Errors: `closed`, of a store.
#[napi(catch_unwind)]
pub(crate) fn verify_session(slot: u32, token: String) -> Latin1String {
    packed(|| {
        by(slot, |verifying| match verifying {
            Verifying::Verifier(verifier) => verifier.verify_session(&token, None),
            Verifying::Store(store) => store.verify_session(&token),
        })
    })
}

/// Verifies a link as of a time in Unix seconds, and answers as `verifyLink`.
#[napi(catch_unwind)]
pub(crate) fn verifier_verify_link_at(verifier: &External<Verifier>, token: String, at: f64) -> Latin1String {
    packed(|| verifier.verify_link(&token, Some(whole(at)?)))
}

/// The same of a session.
#[napi(catch_unwind)]
pub(crate) fn verifier_verify_session_at(verifier: &External<Verifier>, token: String, at: f64) -> Latin1String {
    packed(|| verifier.verify_session(&token, Some(whole(at)?)))
}

/// Whether an access that came packed grants this. `permissions`: the bitmap, in hexadecimal digits; `resources`: its own, nothing for all.
/// Errors: `permission_denied`, `resource_required`, `resource_denied`.
#[napi(catch_unwind)]
pub(crate) fn access_require(
    deployment: &External<Deployment>,
    permissions: String,
    resources: Option<Vec<String>>,
    permission: String,
    resource: Option<String>,
) -> napi::Result<()> {
    let bits = u64::from_str_radix(&permissions, 16).unwrap_or(0);
    let resources: Option<Vec<&str>> = resources.as_ref().map(|list| list.iter().map(|text| &**text).collect());
    call(|| deployment.require((bits, resources.as_deref()), &permission, resource.as_deref()))
}

/// Makes tokens without a store, under the keyring's active root.
#[napi(catch_unwind)]
pub(crate) fn issuer_new(keyring: &External<Keyring>) -> External<Issuer> {
    handle(Issuer::new(keyring))
}

/// Makes a link. `audience`: for whom it is good, for all if nothing is said; `lifetime` in seconds.
/// Errors: `lifetime_zero`, `lifetime_over_ceiling`, `token_too_long`.
#[napi(catch_unwind)]
pub(crate) fn issuer_issue_link(
    issuer: &External<Issuer>,
    tenant: String,
    client: String,
    permissions: Vec<String>,
    audience: Option<String>,
    lifetime: Option<f64>,
) -> napi::Result<TokenRow> {
    let issued = || issuer.issue_link(&tenant, &client, &permissions, audience.as_deref(), maybe(lifetime)?);
    call(issued).map(token_row)
}

/// Makes a session of a link that this verifier believed: it is verified once more, now or as of the time that it was verified for, in Unix
/// seconds. `lifetime` in seconds. Errors: `nothing_granted`, `expired`, `lifetime_zero`, `lifetime_over_ceiling`.
#[napi(catch_unwind)]
pub(crate) fn issuer_issue_session(
    issuer: &External<Issuer>,
    verifier: &External<Verifier>,
    token: String,
    at: Option<f64>,
    lifetime: Option<f64>,
) -> napi::Result<TokenRow> {
    call(|| issuer.issue_session(&verifier.verify_link(&token, maybe(at)?)?, maybe(lifetime)?)).map(token_row)
}

/// The same of a link that a store believed. `lifetime` in seconds. Errors: those of `issuerIssueSession`.
#[napi(catch_unwind)]
pub(crate) fn issuer_issue_session_by_store(
    issuer: &External<Issuer>,
    store: &External<Store>,
    token: String,
    lifetime: Option<f64>,
) -> napi::Result<TokenRow> {
    call(|| issuer.issue_session(&store.verify_link(&token)?, maybe(lifetime)?)).map(token_row)
}
