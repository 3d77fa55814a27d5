use std::sync::Arc;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{Follower, Keyring, Verifier};

use crate::convert::whole;
use crate::error::call;
use crate::given::Given;
use crate::token::options;

use crate::work::{External, Promised, buffer, handle, promise, same};

/// Knows what is revoked where there is no store; it begins knowing nothing, and so refuses all. `highest`: the stamp that an earlier one
/// reached, so that nothing older is taken; `max_staleness` in milliseconds, `skew` in seconds. Errors: `random_unavailable`.
#[napi(catch_unwind)]
pub(crate) fn follower_new(
    keyring: &External<Keyring>,
    tenants: Option<Vec<String>>,
    highest: Option<String>,
    max_staleness: f64,
    audience: Option<String>,
    skew: Option<f64>,
) -> napi::Result<External<Arc<Follower>>> {
    let made = || {
        let (staleness, options) = (whole(max_staleness)?, options(audience, skew)?);
        Follower::new(keyring, tenants.as_deref(), highest.as_deref(), staleness, &options)
    };
    call(made).map(Arc::new).map(handle)
}

/// One that follows published lists: it asks nobody, and believes a list from its one time to its other by the clock. `skew` in seconds.
/// Errors: `random_unavailable`.
#[napi(catch_unwind)]
pub(crate) fn follower_of_lists(
    keyring: &External<Keyring>,
    tenants: Option<Vec<String>>,
    highest: Option<String>,
    audience: Option<String>,
    skew: Option<f64>,
) -> napi::Result<External<Arc<Follower>>> {
    call(|| Follower::of_lists(keyring, tenants.as_deref(), highest.as_deref(), &options(audience, skew)?))
        .map(Arc::new)
        .map(handle)
}

/// A request to be sent now: what a store answers. One of lists makes none: `follows_lists`. It waits while an answer is taken in.
#[napi(catch_unwind)]
pub(crate) fn follower_request(follower: &External<Arc<Follower>>) -> Promised<Vec<u8>, Buffer> {
    let follower = Arc::clone(follower);
    promise(move || follower.request(), buffer)
}

/// Takes an answer, or a list, in: for a large one that is work of a second. Returns the stamp that it stands at now. After `gap`,
/// `another_incarnation` and `fork` ask again. `at`: by when a list is good or not, in Unix seconds; now, if nothing is said.
#[napi(catch_unwind)]
pub(crate) fn follower_accept(
    follower: &External<Arc<Follower>>,
    answer: &External<Given>,
    at: Option<f64>,
) -> Promised<String, String> {
    let (follower, answer) = (Arc::clone(follower), answer.take_public());
    promise(move || follower.accept_at(&answer, at.map(whole).transpose()?), same)
}

/// The stamp of the last answer; keep it for the next start.
#[napi(catch_unwind)]
pub(crate) fn follower_highest(follower: &External<Arc<Follower>>) -> Option<String> {
    follower.highest()
}

/// What verifies by what it knows.
#[napi(catch_unwind)]
pub(crate) fn follower_verifier(follower: &External<Arc<Follower>>) -> External<Verifier> {
    handle(follower.verifier().clone())
}
