use napi::bindgen_prelude::{Buffer, External};
use napi_derive::napi;
use portward_bridge::{Follower, Keyring, Verifier};

use crate::convert::whole;
use crate::error::call;
use crate::token::options;
use crate::work::handle;

/// `max_staleness` in milliseconds.
#[napi(catch_unwind)]
pub(crate) fn follower_new(
    keyring: &External<Keyring>,
    tenants: Option<Vec<String>>,
    highest: Option<String>,
    max_staleness: f64,
    audience: Option<String>,
    skew: Option<f64>,
) -> napi::Result<External<Follower>> {
    let made = || {
        let (staleness, options) = (whole(max_staleness)?, options(audience, skew)?);
        Follower::new(keyring, tenants.as_deref(), highest.as_deref(), staleness, &options)
    };
    call(made).map(handle)
}

#[napi(catch_unwind)]
pub(crate) fn follower_request(follower: &External<Follower>) -> napi::Result<Buffer> {
    call(|| follower.request()).map(Buffer::from)
}

#[napi(catch_unwind)]
pub(crate) fn follower_accept(follower: &External<Follower>, answer: &[u8]) -> napi::Result<String> {
    call(|| follower.accept(answer))
}

#[napi(catch_unwind)]
pub(crate) fn follower_highest(follower: &External<Follower>) -> Option<String> {
    follower.highest()
}

#[napi(catch_unwind)]
pub(crate) fn follower_verifier(follower: &External<Follower>) -> External<Verifier> {
    handle(follower.verifier().clone())
}
