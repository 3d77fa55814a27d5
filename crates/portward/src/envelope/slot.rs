use core::fmt;

use crate::codec::{self, Malformed, Reader, Writer as _};

/// Where a KEK lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum KekType {
    /// A tenant KEK of a key store.
    Tenant,
    /// A secret key of a PKCS#11 token.
    Pkcs11,
    /// A root key of the keyring.
    Root,
    /// A key of AWS KMS.
    AwsKms,
    /// A key of a device's key store.
    Device,
    /// Another one, which nothing here resolves.
    Other(u8),
}

/// Which KEK: type, id and version. An object that names one makes nobody call it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KekName {
    kind: KekType,
    id: Box<[u8]>,
    version: u32,
}

/// A wrapped key, and the KEK it lies under. Source: `spec/envelope.md` section 3.
#[derive(Clone, PartialEq, Eq)]
pub struct Slot {
    kek: KekName,
    wrapped: Box<[u8]>,
}

const ID_MAX: usize = 64;
const WRAPPED_MAX: usize = 6144;

impl KekType {
    /// Its byte in a slot.
    pub const fn wire(self) -> u8 {
        match self {
            Self::Tenant => 0x01,
            Self::Pkcs11 => 0x02,
            Self::Root => 0x03,
            Self::AwsKms => 0x10,
            Self::Device => 0x20,
            Self::Other(wire) => wire,
        }
    }

    const fn from_wire(wire: u8) -> Self {
        match wire {
            0x01 => Self::Tenant,
            0x02 => Self::Pkcs11,
            0x03 => Self::Root,
            0x10 => Self::AwsKms,
            0x20 => Self::Device,
            other => Self::Other(other),
        }
    }

    /// Whether the format allows a KEK id of this length, this version, and this many wrapped bytes.
    fn allows(self, id: usize, version: u32, wrapped: usize) -> bool {
        (1..=ID_MAX).contains(&id)
            && (1..=WRAPPED_MAX).contains(&wrapped)
            && match self {
                Self::Tenant => id == 16 && version >= 1 && wrapped == 72,
                Self::Pkcs11 => wrapped == 60,
                Self::Root => id == 4 && version == 1 && wrapped == 72,
                Self::AwsKms => version == 0,
                Self::Device | Self::Other(_) => true,
            }
    }
}

impl KekName {
    /// Of a KEK of this type. `id`: 1 to 64 bytes, 16 of a tenant KEK, 4 of a root key. A known byte in [`KekType::Other`] is the known type.
    pub fn new(kind: KekType, id: impl Into<Box<[u8]>>, version: u32) -> Self {
        Self { kind: KekType::from_wire(kind.wire()), id: id.into(), version }
    }

    /// Where it lies.
    pub const fn kind(&self) -> KekType {
        self.kind
    }

    /// What it is called there.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Which version of it.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// `type ‖ n ‖ KEK id ‖ u32(version)`, the head of its slots.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = vec![self.kind.wire(), u8::try_from(self.id.len()).unwrap_or(u8::MAX)];
        head.put(&self.id);
        head.put(&self.version.to_be_bytes());
        head
    }
}

impl Slot {
    /// A slot, if its parts are of the lengths that the format allows for its type.
    pub fn new(kek: KekName, wrapped: impl Into<Box<[u8]>>) -> Option<Self> {
        let wrapped = wrapped.into();
        kek.kind.allows(kek.id.len(), kek.version, wrapped.len()).then_some(Self { kek, wrapped })
    }

    /// From exactly its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        Self::read(&mut reader).ok().filter(|_| reader.is_empty())
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.kek.head();
        bytes.put(&u16::try_from(self.wrapped.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.put(&self.wrapped);
        bytes
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let kind = KekType::from_wire(reader.u8()?);
        let id_length = reader.u8()?;
        let id = reader.take(id_length.into())?;
        let version = u32::from_be_bytes(reader.array()?);
        let wrapped_length = u16::from_be_bytes(reader.array()?);
        let wrapped = reader.take(wrapped_length.into())?;
        Self::new(KekName::new(kind, id, version), wrapped).ok_or(Malformed)
    }

    /// The KEK it names.
    pub const fn kek(&self) -> &KekName {
        &self.kek
    }

    /// The wrapped key, in the form of the KEK's type.
    pub fn wrapped(&self) -> &[u8] {
        &self.wrapped
    }
}

/// As URIs begin and reports say it: `pkcs11`, `aws-kms`; `type-40` of one that is not known.
impl fmt::Display for KekType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("tenant"),
            Self::Pkcs11 => f.write_str("pkcs11"),
            Self::Root => f.write_str("root"),
            Self::AwsKms => f.write_str("aws-kms"),
            Self::Device => f.write_str("device"),
            Self::Other(wire) => write!(f, "type-{wire:02x}"),
        }
    }
}

impl fmt::Debug for KekName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KekName({:?} {} v{})", self.kind, codec::hex(&self.id), self.version)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("kek", &self.kek).finish_non_exhaustive()
    }
}
