/// The two kinds of token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Sent to a client, lives for weeks, can be narrowed by its holder.
    Link,
    /// What a link is redeemed for, lives for minutes.
    Session,
}

impl Kind {
    /// What a token of this kind begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Link => "pwl_",
            Self::Session => "pws_",
        }
    }

    pub(super) const fn wire(self) -> u8 {
        match self {
            Self::Link => 0x01,
            Self::Session => 0x02,
        }
    }
}

/// Longest token, in characters.
pub const TOKEN_MAX: usize = 1024;

/// Most blocks a link carries.
pub const BLOCKS_MAX: usize = 8;

/// Longest link an issuer makes: 128 characters are kept for blocks.
pub(super) const ISSUED_LINK_MAX: usize = TOKEN_MAX.saturating_sub(128);

pub(super) const VERSION: u8 = 0x01;
pub(super) const TAG_LENGTH: usize = 32;
