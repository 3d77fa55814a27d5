use std::sync::Arc;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use portward_bridge::{Follower, Keyring, Verifier};

use crate::convert::whole;
use crate::error::call;
use crate::given::Given;
use crate::token::options;

use crate::work::{External, Promised, buffer, handle, promise, same};

/// `max_staleness` in milliseconds.
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

/// A promise, for it waits while an answer is taken in.
#[napi(catch_unwind)]
pub(crate) fn follower_request(follower: &External<Arc<Follower>>) -> Promised<Vec<u8>, Buffer> {
    let follower = Arc::clone(follower);
    promise(move || follower.request(), buffer)
}

#[napi(catch_unwind)]
pub(crate) fn follower_accept(
    follower: &External<Arc<Follower>>,
    answer: &External<Given>,
    at: Option<f64>,
) -> Promised<String, String> {
    let (follower, answer) = (Arc::clone(follower), answer.take_public());
    promise(move || follower.accept_at(&answer, at.map(whole).transpose()?), same)
}

#[napi(catch_unwind)]
pub(crate) fn follower_highest(follower: &External<Arc<Follower>>) -> Option<String> {
    follower.highest()
}

#[napi(catch_unwind)]
pub(crate) fn follower_verifier(follower: &External<Arc<Follower>>) -> External<Verifier> {
    handle(follower.verifier().clone())
}
