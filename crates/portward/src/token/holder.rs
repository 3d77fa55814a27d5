use core::fmt;
use core::ops::Deref;

use zeroize::Zeroizing;

use crate::codec::{self, WireIdentifier, Writer as _};
use crate::error::error_codes;
use crate::id::{Identifier, Permissions};
use crate::time::Timestamp;
use crate::token::access::Resources;
use crate::token::block::Narrowing;
use crate::token::chain;
use crate::token::error::{FormError, RefusalError, VerifyError};
use crate::token::frame::{Buffer, UnverifiedToken};
use crate::token::grant::{Limits, Lists};
use crate::token::kind::{BLOCKS_MAX, Kind, TAG_LENGTH, TOKEN_MAX};

/// A link or a session in the hands of its holder, who has no key: what it says can be read, not believed.
///
/// No function of a server takes this type.
pub struct UntrustedToken {
    kind: Kind,
    tenant: Identifier,
    client: Identifier,
    issued_at: Timestamp,
    expires_at: Timestamp,
    permissions: Permissions,
    audience: Option<Identifier>,
    sealed: bool,
    lists: Lists,
}

/// A link in the hands of its holder: an [`UntrustedToken`] that can be narrowed.
///
/// No function of a server takes this type.
pub struct UntrustedLink {
    /// Head and blocks, and the last tag.
    content: Vec<u8>,
    tag: Zeroizing<[u8; TAG_LENGTH]>,
    blocks: usize,
    says: UntrustedToken,
}

error_codes! {
    /// Why a link cannot be narrowed.
    pub enum NarrowError {
        Sealed => "sealed", Caller, "the link is sealed: it cannot be narrowed";
        TooManyBlocks => "too_many_blocks", Caller, "the link has been narrowed 8 times already";
        EmptyBlock => "empty_block", Caller, "nothing was taken away";
        TokenTooLong => "token_too_long", Caller, "the token would be longer than a token may be";
    }
}

impl UntrustedToken {
    /// Takes a token apart.
    ///
    /// # Errors
    /// Those of the token's form: it is damaged.
    pub fn parse(text: &str) -> Result<Self, FormError> {
        let mut buffer = Buffer::for_text(text);
        let mut token = UnverifiedToken::EMPTY;
        token.read(text, buffer.bytes())?;
        Ok(Self::of(&token))
    }

    fn of(token: &UnverifiedToken<'_>) -> Self {
        let (fields, limits) = (&token.fields, Limits::of(token));
        Self {
            kind: fields.kind,
            tenant: fields.tenant.to_identifier(),
            client: fields.client.to_identifier(),
            issued_at: fields.issued_at,
            expires_at: limits.expires_at,
            permissions: limits.permissions,
            audience: limits.audience.map(WireIdentifier::to_identifier),
            sealed: limits.sealed,
            lists: Lists::of(token),
        }
    }

    /// Whether it is a link or a session.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The tenant it says it is of.
    pub const fn tenant(&self) -> &Identifier {
        &self.tenant
    }

    /// The client it says it is for.
    pub const fn client(&self) -> &Identifier {
        &self.client
    }

    /// When it says it was made.
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it says it ends.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// What it says it grants.
    pub const fn permissions(&self) -> Permissions {
        self.permissions
    }

    /// What it says it is good for.
    pub const fn resources(&self) -> &Resources {
        &self.lists.resources
    }

    /// The audience it states last.
    pub const fn audience(&self) -> Option<&Identifier> {
        self.audience.as_ref()
    }

    /// Whom its holders said they passed it to, in the order of the blocks.
    pub fn recipients(&self) -> &[String] {
        &self.lists.recipients
    }

    /// Whether it says that it cannot be narrowed further.
    pub const fn is_sealed(&self) -> bool {
        self.sealed
    }
}

impl UntrustedLink {
    /// Takes a link apart.
    ///
    /// # Errors
    /// Those of the token's form, and `wrong_kind` for a session.
    pub fn parse(text: &str) -> Result<Self, VerifyError> {
        let mut buffer = Buffer::for_text(text);
        let mut token = UnverifiedToken::EMPTY;
        token.read(text, buffer.bytes())?;
        if token.fields.kind != Kind::Link {
            return Err(VerifyError::refused(RefusalError::WrongKind));
        }
        let tag = Zeroizing::new(*token.tag);
        Ok(Self { content: token.content.to_vec(), tag, blocks: token.block_count, says: UntrustedToken::of(&token) })
    }

    /// The text of a copy that grants less.
    ///
    /// # Errors
    /// [`NarrowError::Sealed`], [`NarrowError::TooManyBlocks`], [`NarrowError::EmptyBlock`], [`NarrowError::TokenTooLong`].
    pub fn narrow(&self, narrowing: &Narrowing) -> Result<String, NarrowError> {
        if self.says.sealed {
            return Err(NarrowError::Sealed);
        }
        if self.blocks >= BLOCKS_MAX {
            return Err(NarrowError::TooManyBlocks);
        }
        let block = narrowing.to_block().ok_or(NarrowError::EmptyBlock)?;
        let mut bytes = self.content.clone();
        bytes.put(&block);
        bytes.put(&chain::next_tag(&self.tag, &block));
        let prefix = Kind::Link.prefix();
        let crc = codec::crc32(prefix, &bytes);
        bytes.put(&crc);
        let text = codec::encode_after(prefix, &bytes);
        if text.len() > TOKEN_MAX { Err(NarrowError::TokenTooLong) } else { Ok(text) }
    }
}

impl Deref for UntrustedLink {
    type Target = UntrustedToken;

    fn deref(&self) -> &UntrustedToken {
        &self.says
    }
}

impl fmt::Debug for UntrustedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UntrustedToken(..)")
    }
}

impl fmt::Debug for UntrustedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UntrustedLink(..)")
    }
}
