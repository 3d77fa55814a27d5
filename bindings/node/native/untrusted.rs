use napi_derive::napi;
use portward_bridge::{Narrowing, UntrustedLink};

use crate::convert::{maybe, number};
use crate::error::call;
use crate::work::{External, handle};

/// What a link says, before anybody believes it.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct UntrustedRow {
    pub tenant: String,
    pub client: String,
    pub issued_at: f64,
    pub expires_at: f64,
    pub resources: Option<Vec<String>>,
    pub audience: Option<String>,
    pub recipients: Vec<String>,
    pub is_sealed: bool,
}

/// What is taken away.
#[napi(object)]
pub(crate) struct NarrowingRow {
    pub expires_at: Option<f64>,
    pub permissions: Option<Vec<String>>,
    pub resources: Option<Vec<String>>,
    pub audience: Option<String>,
    pub recipient: Option<String>,
    pub seal: bool,
}

#[napi(catch_unwind)]
pub(crate) fn untrusted_parse(token: String) -> napi::Result<External<UntrustedLink>> {
    call(|| UntrustedLink::parse(&token)).map(handle)
}

#[napi(catch_unwind)]
pub(crate) fn untrusted_row(link: &External<UntrustedLink>) -> UntrustedRow {
    UntrustedRow {
        tenant: link.tenant(),
        client: link.client(),
        issued_at: number(link.issued_at()),
        expires_at: number(link.expires_at()),
        resources: link.resources(),
        audience: link.audience(),
        recipients: link.recipients(),
        is_sealed: link.is_sealed(),
    }
}

#[napi(catch_unwind)]
pub(crate) fn untrusted_permissions(
    link: &External<UntrustedLink>,
    vocabulary: Vec<String>,
) -> napi::Result<Vec<String>> {
    call(|| link.permissions(&vocabulary))
}

#[napi(catch_unwind)]
pub(crate) fn untrusted_narrow(
    link: &External<UntrustedLink>,
    narrowing: NarrowingRow,
    vocabulary: Vec<String>,
) -> napi::Result<String> {
    call(|| {
        let NarrowingRow { expires_at, permissions, resources, audience, recipient, seal } = narrowing;
        let expires_at = maybe(expires_at)?;
        link.narrow(&Narrowing { expires_at, permissions, resources, audience, recipient, seal }, &vocabulary)
    })
}
