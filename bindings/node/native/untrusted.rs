use napi_derive::napi;
use portward_bridge::{Narrowing, UntrustedLink};

use crate::convert::{maybe, number};
use crate::error::call;
use crate::work::{External, handle};

/// What a link says, before anybody believes it.
#[napi(object, object_from_js = false, use_nullable = true)]
pub(crate) struct UntrustedRow {
    /// Whose data.
    pub tenant: String,
    /// Who comes.
    pub client: String,
    /// When it was made, in Unix seconds.
    pub issued_at: f64,
    /// When it ends, in Unix seconds.
    pub expires_at: f64,
    /// For which resources it is good; `null` for all.
    pub resources: Option<Vec<String>>,
    /// For whom it is good; `null` for all.
    pub audience: Option<String>,
    /// What holders wrote on its copies, in their order.
    pub recipients: Vec<String>,
    /// Whether nobody can narrow it further.
    pub is_sealed: bool,
}

/// What is taken away from a copy of a link.
#[napi(object)]
pub(crate) struct NarrowingRow {
    /// When it ends, in Unix seconds.
    pub expires_at: Option<f64>,
    /// Which permissions it keeps.
    pub permissions: Option<Vec<String>>,
    /// For which resources it is good: 1 to 16.
    pub resources: Option<Vec<String>>,
    /// For whom it is good.
    pub audience: Option<String>,
    /// A label of 1 to 32 printable ASCII characters.
    pub recipient: Option<String>,
    /// Whether nobody can narrow it further.
    pub seal: bool,
}

/// A link in the hands of its holder: what it says can be read, not believed.
#[napi(catch_unwind)]
pub(crate) fn untrusted_parse(token: String) -> napi::Result<External<UntrustedLink>> {
    call(|| UntrustedLink::parse(&token)).map(handle)
}

/// What it says.
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

/// What it grants, in the words of a vocabulary; what that lacks is left out.
#[napi(catch_unwind)]
pub(crate) fn untrusted_permissions(
    link: &External<UntrustedLink>,
    vocabulary: Vec<String>,
) -> napi::Result<Vec<String>> {
    call(|| link.permissions(&vocabulary))
}

/// A copy that grants less, made without a key. `vocabulary`: the deployment's permission names in their order, if permissions are narrowed.
/// Errors: `sealed`, `too_many_blocks`, `empty_block`, `token_too_long`.
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
