use crate::codec::{Reader, Writer as _};
use crate::error::error_codes;
use crate::revocation::{Challenge, Incarnation, Scope, Stamp};

/// What a follower asks an authority that it cannot call, as bytes. Nobody vouches for it; what is believed is the answer. Source:
/// `spec/revocation.md` section 4.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedRequest {
    /// Whose revocations.
    pub scope: Scope,
    /// What the follower has.
    pub since: Option<Stamp>,
    /// What the answer has to show.
    pub challenge: Challenge,
}

error_codes! {
    /// Why bytes are no request.
    pub enum FeedRequestError {
        Malformed => "malformed_request", Input, "the request is not what its format says";
    }
}

const MAGIC: &[u8; 3] = b"pwq";
const VERSION: u8 = 0x01;

impl FeedRequest {
    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.put(&[VERSION]);
        bytes.put(&self.scope.to_wire());
        match self.since {
            None => bytes.put(&[0x00]),
            Some(Stamp { incarnation, sequence }) => {
                bytes.put(&[0x01]);
                bytes.put(&incarnation.to_bytes());
                bytes.put(&sequence.to_be_bytes());
            }
        }
        bytes.put(&self.challenge);
        bytes
    }

    /// Reads them. At most 65,536 bytes.
    ///
    /// # Errors
    /// [`FeedRequestError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FeedRequestError> {
        if bytes.len() > LONGEST {
            return Err(FeedRequestError::Malformed);
        }
        let mut reader = Reader::new(bytes);
        let read = Self::read(&mut reader).filter(|_| reader.is_empty());
        read.ok_or(FeedRequestError::Malformed)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.array().ok()? != *MAGIC || reader.u8().ok()? != VERSION {
            return None;
        }
        let scope = Scope::from_wire(Scope::read(reader).ok()?).ok()?;
        let since = match reader.u8().ok()? {
            0x00 => None,
            0x01 => {
                Some(Stamp { incarnation: Incarnation::from_bytes(reader.array().ok()?), sequence: reader.u64().ok()? })
            }
            _ => return None,
        };
        Some(Self { scope, since, challenge: reader.array().ok()? })
    }
}

const LONGEST: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(tenants: &[u64], since: Option<([u8; 16], u64)>, challenge: Challenge) -> FeedRequest {
        let scope = Scope::tenants(tenants.iter().map(|tenant| (*tenant).into())).unwrap_or(Scope::ALL);
        let since =
            since.map(|(incarnation, sequence)| Stamp { incarnation: Incarnation::from_bytes(incarnation), sequence });
        FeedRequest { scope, since, challenge }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tenants: Vec<u64>, since: Option<([u8; 16], u64)>, challenge: Challenge) {
            let request = request(&tenants, since, challenge);
            prop_assert_eq!(FeedRequest::from_bytes(&request.to_bytes()), Ok(request));
        }

        #[test]
        fn what_is_read_is_written_the_same(bytes: Vec<u8>, flip in 0usize..60) {
            let _ = FeedRequest::from_bytes(&bytes);
            let mut near = request(&[1, 300], Some(([7; 16], 9)), [3; 16]).to_bytes();
            if let Some(byte) = near.get_mut(flip) { *byte ^= 1; }
            if let Ok(read) = FeedRequest::from_bytes(&near) { prop_assert_eq!(read.to_bytes(), near); }
        }
    }

    #[test]
    fn every_truncation_and_every_longer_one_is_malformed() {
        let whole = request(&[1, 300], Some(([7; 16], 9)), [3; 16]).to_bytes();
        assert!(FeedRequest::from_bytes(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(FeedRequest::from_bytes(&whole[..length]).is_err(), "{length}");
        }
        assert!(FeedRequest::from_bytes(&[&whole[..], &[0]].concat()).is_err());
    }
}
