use core::fmt;

use portward::{Clock as _, Kind, SystemClock, UntrustedToken as Token, VerifyError};

use crate::error::Error;
use crate::holder::{resources, vocabulary};
use crate::text;

/// A link or a session in the hands of its holder: what it says can be read, not believed.
pub struct UntrustedToken(Token);

impl UntrustedToken {
    /// Takes a token apart.
    ///
    /// # Errors
    /// Those of the token's form, all of which are `damaged` to the public: a link that was cut or changed on its way.
    pub fn parse(token: &str) -> Result<Self, Error> {
        Ok(Self(Token::parse(token).map_err(VerifyError::from)?))
    }

    /// Whether it is a link; else it is a session.
    pub fn is_link(&self) -> bool {
        self.0.kind() == Kind::Link
    }

    /// Whose data.
    pub fn tenant(&self) -> String {
        self.0.tenant().to_string()
    }

    /// Who comes.
    pub fn client(&self) -> String {
        self.0.client().to_string()
    }

    /// When it was made, in Unix seconds.
    pub fn issued_at(&self) -> u64 {
        self.0.issued_at().unix()
    }

    /// When it ends, in Unix seconds.
    pub fn expires_at(&self) -> u64 {
        self.0.expires_at().unix()
    }

    /// How many seconds are left of it by a clock, or by the system's; 0 once it has ended.
    pub fn seconds_left(&self, now: Option<u64>) -> u64 {
        let now = now.unwrap_or_else(|| SystemClock.now().wall.unix());
        self.expires_at().saturating_sub(now)
    }

    /// What it grants, in the words of a vocabulary; what that lacks is left out.
    ///
    /// # Errors
    /// Those of a vocabulary.
    pub fn permissions(&self, names: &[String]) -> Result<Vec<String>, Error> {
        Ok(text::names(&vocabulary(names)?, self.0.permissions()))
    }

    /// What it grants, as a bitmap: bit n is the n-th name of the vocabulary.
    pub fn permission_bits(&self) -> u64 {
        self.0.permissions().bits()
    }

    /// For which resources it is good; `None` for all.
    pub fn resources(&self) -> Option<Vec<String>> {
        resources(self.0.resources())
    }

    /// For whom it is good; `None` for all.
    pub fn audience(&self) -> Option<String> {
        self.0.audience().map(ToString::to_string)
    }

    /// What holders wrote on its copies, in their order.
    pub fn recipients(&self) -> Vec<String> {
        self.0.recipients().to_vec()
    }

    /// Whether nobody can narrow it further: a link that says so, or a session.
    pub fn is_sealed(&self) -> bool {
        self.0.is_sealed() || !self.is_link()
    }
}

impl fmt::Debug for UntrustedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
