//! One act of sharing: restrictions that a holder adds without any key. `spec/token.md` section 3.

use crate::codec::{Malformed, Reader, WireIdentifier, Writer as _};
use crate::error::error_codes;
use crate::id::{Identifier, Permissions};
use crate::time::Timestamp;
use crate::token::error::FormError;
use crate::token::head::{RESOURCES_MAX, read_resources, sorted, write_resources};

const BLOCK: u8 = 0x01;

const EXPIRY: u8 = 0x01;
const PERMISSIONS: u8 = 0x02;
const RESOURCES: u8 = 0x03;
const AUDIENCE: u8 = 0x04;
const RECIPIENT: u8 = 0x05;
const SEAL: u8 = 0x06;

/// What one block takes away. At least one thing must be set; nothing set can widen a link.
///
/// ```
/// use portward::{Narrowing, Timestamp};
/// let for_the_lawyer = Narrowing::new()
///     .recipient("Anna's lawyer")?
///     .resources(["contract.pdf".parse()?])?
///     .expires_at(Timestamp::from_unix(1_770_000_000))
///     .seal();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Narrowing {
    pub(super) expires_at: Option<Timestamp>,
    pub(super) permissions: Option<Permissions>,
    pub(super) resources: Option<Vec<Identifier>>,
    pub(super) audience: Option<Identifier>,
    pub(super) recipient: Option<String>,
    pub(super) seal: bool,
}

error_codes! {
    /// Why a narrowing cannot be written.
    pub enum NarrowingError {
        Resources => "resources_count", Caller, "a block names 1 to 16 resources";
        Recipient => "recipient_label", Caller, "a recipient label is 1 to 32 printable ASCII characters";
    }
}

impl Narrowing {
    /// Nothing taken away yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends at this time, if the link does not end before. Times beyond 2⁴⁰−1 count as that.
    #[must_use]
    pub const fn expires_at(mut self, time: Timestamp) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// Keeps only these permissions.
    #[must_use]
    pub const fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = Some(permissions);
        self
    }

    /// Good for these resources only: 1 to 16, exact match.
    ///
    /// # Errors
    /// [`NarrowingError::Resources`].
    pub fn resources(mut self, resources: impl IntoIterator<Item = Identifier>) -> Result<Self, NarrowingError> {
        let resources = sorted(resources);
        if resources.is_empty() || resources.len() > RESOURCES_MAX {
            return Err(NarrowingError::Resources);
        }
        self.resources = Some(resources);
        Ok(self)
    }

    /// Good for this audience only.
    #[must_use]
    pub const fn audience(mut self, audience: Identifier) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Says for whom the copy is: 1 to 32 printable ASCII characters. A label, not evidence.
    ///
    /// # Errors
    /// [`NarrowingError::Recipient`].
    pub fn recipient(mut self, label: &str) -> Result<Self, NarrowingError> {
        if !is_label(label.as_bytes()) {
            return Err(NarrowingError::Recipient);
        }
        self.recipient = Some(label.to_owned());
        Ok(self)
    }

    /// Lets nobody narrow it further.
    #[must_use]
    pub const fn seal(mut self) -> Self {
        self.seal = true;
        self
    }

    /// The whole block: type, length, body. `None` if nothing is set.
    pub(super) fn to_block(&self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        if let Some(time) = self.expires_at {
            body.put(&[EXPIRY]);
            body.put_timestamp(time);
        }
        if let Some(permissions) = self.permissions {
            body.put(&[PERMISSIONS]);
            body.put_permissions(permissions);
        }
        if let Some(resources) = &self.resources {
            body.put(&[RESOURCES]);
            write_resources(resources, &mut body);
        }
        if let Some(audience) = &self.audience {
            body.put(&[AUDIENCE]);
            body.put_identifier(audience);
        }
        if let Some(label) = &self.recipient {
            body.put(&[RECIPIENT, u8::try_from(label.len()).unwrap_or(u8::MAX)]);
            body.put(label.as_bytes());
        }
        if self.seal {
            body.put(&[SEAL]);
        }
        if body.is_empty() {
            return None;
        }
        let mut block = vec![BLOCK];
        block.put_varint(u64::try_from(body.len()).unwrap_or(u64::MAX));
        block.put(&body);
        Some(block)
    }
}

/// A block as it lies in a token.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    /// Its whole encoding, with type and length: what its tag covers.
    pub(super) whole: &'a [u8],
    /// Its restrictions.
    body: &'a [u8],
}

impl<'a> Block<'a> {
    /// Takes one block off, and looks no further than its length.
    pub(super) fn take(reader: &mut Reader<'a>) -> Result<Self, FormError> {
        let start = *reader;
        if reader.u8()? != BLOCK {
            return Err(FormError::UnknownBlock);
        }
        let length = usize::try_from(reader.varint_u32()?).map_err(|_| FormError::MalformedBlock)?;
        let body = reader.take(length)?;
        Ok(Self { whole: start.until(reader), body })
    }

    /// Checks every byte of it, and says whether it is sealed.
    pub(super) fn check(self) -> Result<bool, FormError> {
        let mut body = Reader::new(self.body);
        let mut last = 0;
        while last == 0 || !body.is_empty() {
            let kind = body.u8()?;
            if !(EXPIRY..=SEAL).contains(&kind) {
                return Err(FormError::UnknownRestriction);
            }
            if kind <= last {
                return Err(FormError::MalformedBlock);
            }
            last = kind;
            read_value(kind, &mut body, &mut Ignore)?;
        }
        Ok(last == SEAL)
    }

    /// Hands each restriction of a block that was checked to `visit`.
    pub(super) fn visit(self, visit: &mut impl Visit<'a>) -> Result<(), Malformed> {
        let mut body = Reader::new(self.body);
        while !body.is_empty() {
            let kind = body.u8()?;
            read_value(kind, &mut body, visit)?;
        }
        Ok(())
    }
}

/// What is done with the restrictions of a block.
pub(super) trait Visit<'a> {
    fn expiry(&mut self, _: Timestamp) {}
    fn permissions(&mut self, _: Permissions) {}
    /// A list of resources begins; each of its members follows.
    fn resources(&mut self) {}
    fn resource(&mut self, _: Identifier) {}
    fn audience(&mut self, _: WireIdentifier<'a>) {}
    fn recipient(&mut self, _: &str) {}
    fn seal(&mut self) {}
}

struct Ignore;

impl Visit<'_> for Ignore {}

fn read_value<'a>(kind: u8, body: &mut Reader<'a>, visit: &mut impl Visit<'a>) -> Result<(), Malformed> {
    match kind {
        EXPIRY => visit.expiry(body.timestamp()?),
        PERMISSIONS => visit.permissions(body.permissions()?),
        RESOURCES => {
            visit.resources();
            read_resources(body, 1, |resource| visit.resource(resource))?;
        }
        AUDIENCE => visit.audience(body.wire_identifier()?),
        RECIPIENT => {
            let length = body.u8()?;
            let label = body.take(length.into())?;
            if !is_label(label) {
                return Err(Malformed);
            }
            visit.recipient(core::str::from_utf8(label).map_err(|_| Malformed)?);
        }
        SEAL => visit.seal(),
        _ => return Err(Malformed),
    }
    Ok(())
}

fn is_label(label: &[u8]) -> bool {
    (1..=32).contains(&label.len()) && label.iter().all(|byte| (0x20..=0x7E).contains(byte))
}

impl From<Malformed> for FormError {
    /// Inside blocks; heads say otherwise for themselves.
    fn from(_: Malformed) -> Self {
        Self::MalformedBlock
    }
}
