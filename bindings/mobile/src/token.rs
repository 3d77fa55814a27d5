use core::fmt;

use portward_bridge as bridge;

use crate::error::{PortwardError, call};

/// Link or session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum TokenKind {
    /// Sent to a client, lives for weeks, can be narrowed.
    Link,
    /// What a link is redeemed for, lives for minutes.
    Session,
}

/// A link or a session as its holder reads it. Nothing of it has been verified: show it, plan with it, decide nothing by it.
///
/// Times are Unix seconds.
#[derive(uniffi::Object)]
#[uniffi::export(Debug)]
pub struct UntrustedToken(bridge::UntrustedToken);

#[uniffi::export]
impl UntrustedToken {
    /// Takes a token apart. Throws `Refused`, with `damaged` as public answer, for one that was cut or changed on its way.
    #[uniffi::constructor]
    pub fn new(token: &str) -> Result<Self, PortwardError> {
        call(|| bridge::UntrustedToken::parse(token)).map(Self)
    }

    /// Link or session.
    pub fn kind(&self) -> TokenKind {
        if self.0.is_link() { TokenKind::Link } else { TokenKind::Session }
    }

    /// Whose data.
    pub fn tenant(&self) -> String {
        self.0.tenant()
    }

    /// Who comes.
    pub fn client(&self) -> String {
        self.0.client()
    }

    /// When it was made.
    pub fn issued_at(&self) -> u64 {
        self.0.issued_at()
    }

    /// When it ends.
    pub fn expires_at(&self) -> u64 {
        self.0.expires_at()
    }

    /// How many seconds are left of it; 0 once it has ended. `now`: by this clock, in place of the system's.
    #[uniffi::method(default(now = None))]
    pub fn seconds_left(&self, now: Option<u64>) -> u64 {
        self.0.seconds_left(now)
    }

    /// What it grants, in the words of the deployment's vocabulary, which is given in its order; what that lacks is left out, and another order
    /// names other permissions. Throws
    /// `InvalidValue` (`permission_name`, `permission_repeated`, `vocabulary_full`).
    pub fn permissions(&self, vocabulary: Vec<String>) -> Result<Vec<String>, PortwardError> {
        call(|| self.0.permissions(&vocabulary))
    }

    /// The same as a bitmap: bit n is the n-th name.
    pub fn permission_bits(&self) -> u64 {
        self.0.permission_bits()
    }

    /// For which resources it is good; absent for all.
    pub fn resources(&self) -> Option<Vec<String>> {
        self.0.resources()
    }

    /// For whom it is good; absent for all.
    pub fn audience(&self) -> Option<String> {
        self.0.audience()
    }

    /// What holders wrote on its copies, in their order. Labels, not evidence.
    pub fn recipients(&self) -> Vec<String> {
        self.0.recipients()
    }

    /// Whether nobody can narrow it further: a sealed link, or a session.
    pub fn is_sealed(&self) -> bool {
        self.0.is_sealed()
    }
}

/// Without the token.
impl fmt::Debug for UntrustedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UntrustedToken(..)")
    }
}

/// What is taken away from a copy of a link. At least one thing; nothing can be added.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct Narrowing {
    /// When it ends, if the link does not end before: in Unix seconds, not milliseconds. A copy whose time has passed has expired from the start.
    #[uniffi(default = None)]
    pub expires_at: Option<u64>,
    /// Which permissions it keeps.
    #[uniffi(default = None)]
    pub permissions: Option<Vec<String>>,
    /// For which resources it is good: 1 to 16.
    #[uniffi(default = None)]
    pub resources: Option<Vec<String>>,
    /// For whom it is good.
    #[uniffi(default = None)]
    pub audience: Option<String>,
    /// A label of 1 to 32 printable ASCII characters, such as a name.
    #[uniffi(default = None)]
    pub recipient: Option<String>,
    /// Whether nobody can narrow it further.
    #[uniffi(default = false)]
    pub seal: bool,
}

/// A copy of a link that grants less, to be shared. `vocabulary`: the deployment's, in its order, if permissions are narrowed.
///
/// Throws `Refused` for a damaged link or a session, `InvalidValue` (`sealed`, `too_many_blocks`, `empty_block`, `token_too_long`,
/// `time_out_of_range` for milliseconds, and those of the values).
#[uniffi::export(default(vocabulary = []))]
pub fn narrow(link: &str, narrowing: Narrowing, vocabulary: Vec<String>) -> Result<String, PortwardError> {
    let Narrowing { expires_at, permissions, resources, audience, recipient, seal } = narrowing;
    let narrowing = bridge::Narrowing { expires_at, permissions, resources, audience, recipient, seal };
    call(|| bridge::UntrustedLink::parse(link)?.narrow(&narrowing, &vocabulary))
}
