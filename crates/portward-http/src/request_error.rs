use core::fmt;

use portward::Audience;

use crate::refusal::{Reason, Refusal};

/// Why a request is refused before anybody looks into its token. For the operator's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestError {
    /// A field is there twice.
    FieldRepeated,
    /// A field is missing, or empty.
    FieldMissing,
    /// The nonce is not what one is.
    NonceMalformed,
    /// A cookie is there twice.
    CookieRepeated,
    /// The peek cookie is not 43 characters of strict base64url.
    CookieMalformed,
    /// There is no peek cookie.
    CookieMissing,
    /// There is neither a field `token` nor a link cookie, or it is empty.
    LinkMissing,
    /// There is no session.
    SessionMissing,
    /// There are two sessions.
    SessionRepeated,
    /// `Origin` is not the host's own.
    OriginForeign,
    /// `Sec-Fetch-Site` is neither `same-origin` nor `none`.
    SiteForeign,
}

impl RequestError {
    /// Every variant, for tables and parity tests.
    pub const ALL: &'static [Self] = &[
        Self::FieldRepeated,
        Self::FieldMissing,
        Self::NonceMalformed,
        Self::CookieRepeated,
        Self::CookieMalformed,
        Self::CookieMissing,
        Self::LinkMissing,
        Self::SessionMissing,
        Self::SessionRepeated,
        Self::OriginForeign,
        Self::SiteForeign,
    ];

    /// The stable code, the same in every language.
    pub const fn code(self) -> &'static str {
        self.row().0
    }

    /// What the public is told.
    pub const fn refusal(self) -> Refusal {
        self.row().1
    }

    /// Who has to act.
    pub const fn audience(self) -> Audience {
        Audience::Input
    }

    const fn row(self) -> (&'static str, Refusal, &'static str) {
        use Refusal::{Damaged, Refused};
        match self {
            Self::FieldRepeated => ("field_repeated", Damaged, "a field is there twice"),
            Self::FieldMissing => ("field_missing", Damaged, "a field is missing"),
            Self::NonceMalformed => ("nonce_malformed", Damaged, "the nonce is not one"),
            Self::CookieRepeated => ("cookie_repeated", Damaged, "a cookie is there twice"),
            Self::CookieMalformed => ("cookie_malformed", Damaged, "the peek cookie is not one"),
            Self::CookieMissing => ("cookie_missing", Damaged, "there is no peek cookie"),
            Self::LinkMissing => ("link_missing", Damaged, "there is neither a token nor a link cookie"),
            Self::SessionMissing => ("session_missing", Damaged, "there is no session"),
            Self::SessionRepeated => ("session_repeated", Refused, "there are two sessions"),
            Self::OriginForeign => ("origin_foreign", Refused, "another origin's page made the request"),
            Self::SiteForeign => ("site_foreign", Refused, "another site's page made the request"),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().2)
    }
}

impl core::error::Error for RequestError {}

impl From<RequestError> for Reason {
    fn from(error: RequestError) -> Self {
        Self { refusal: error.refusal(), code: error.code(), token_id: None }
    }
}
