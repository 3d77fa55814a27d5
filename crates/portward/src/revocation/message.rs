//! One message of the feed as bytes. `spec/revocation.md` section 4.

use std::time::Duration;

use crate::codec::{Malformed, Reader, Writer as _};
use crate::key::{DeploymentId, FEED_LABEL, RootId, ViewKey};
use crate::primitive::{self, Digest32};
use crate::revocation::body::Order;
use crate::revocation::{Incarnation, Scope, Stamp};
use crate::time::Timestamp;

const MAGIC: &[u8; 3] = b"pwf";
const VERSION: u8 = 0x01;

/// Between when and when a published list may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListTimes {
    /// When it was made.
    pub this_update: Timestamp,
    /// When it is no longer good; the next one should be there by then.
    pub next_update: Timestamp,
}

impl ListTimes {
    pub(super) fn are_current(self, skew: Duration, now: Timestamp) -> bool {
        self.this_update <= now.saturating_add(skew) && now < self.next_update
    }
}

/// What makes a message more than history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Proof {
    Live([u8; 16]),
    List(ListTimes),
    Saved,
}

/// Everything before the body, as it stands on the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Header<'a> {
    pub(super) order: Order,
    pub(super) proof: Proof,
    pub(super) root: RootId,
    pub(super) deployment: DeploymentId,
    /// In its wire form.
    pub(super) scope: &'a [u8],
    pub(super) first: u64,
    pub(super) before: Digest32,
    pub(super) last: Stamp,
    pub(super) after: Digest32,
}

/// A message whose tag has not been looked at: only what is needed to choose the key may be.
pub(super) struct UnverifiedMessage<'a> {
    pub(super) header: Header<'a>,
    pub(super) body: &'a [u8],
    signed: &'a [u8],
    tag: &'a [u8],
}

/// Why a message could not even be taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MessageFault {
    Malformed,
    UnknownVersion,
    UnknownType,
}

impl Header<'_> {
    /// The whole message: header, body, tag.
    pub(super) fn seal(&self, body: &[u8], key: &ViewKey) -> Vec<u8> {
        let mut message = MAGIC.to_vec();
        message.put(&[VERSION, self.wire_type()]);
        message.put(&self.root.to_bytes());
        message.put(&self.deployment.to_bytes());
        message.put(&self.last.incarnation.to_bytes());
        message.put(self.scope);
        message.put(&self.first.to_be_bytes());
        message.put(&self.before);
        message.put(&self.last.sequence.to_be_bytes());
        message.put(&self.after);
        match self.proof {
            Proof::Live(challenge) => message.put(&challenge),
            Proof::List(times) => {
                message.put_timestamp(times.this_update);
                message.put_timestamp(times.next_update);
            }
            Proof::Saved => {}
        }
        message.put(body);
        let tag = key.tag(&[&label(), &message]);
        message.put(&tag);
        message
    }

    const fn wire_type(&self) -> u8 {
        match (self.proof, self.order) {
            (Proof::Live(_), Order::Delta) => 0x01,
            (Proof::Live(_), Order::Snapshot) => 0x02,
            (Proof::List(_), Order::Delta) => 0x03,
            (Proof::List(_), Order::Snapshot) => 0x04,
            (Proof::Saved, _) => 0x05,
        }
    }

    /// What section 4 says of the numbers, whoever sent them.
    fn is_consistent(&self, body: &[u8]) -> bool {
        let span = match self.order {
            Order::Snapshot => self.first == 0 && self.before == [0; 32],
            Order::Delta if self.first == self.last.sequence => self.before == self.after && body.is_empty(),
            Order::Delta => self.first < self.last.sequence,
        };
        let times = match self.proof {
            Proof::List(times) => times.this_update < times.next_update,
            Proof::Live(_) | Proof::Saved => true,
        };
        span && times
    }
}

impl<'a> UnverifiedMessage<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, MessageFault> {
        if message.len() < SHORTEST {
            return Err(MessageFault::Malformed);
        }
        let (signed, tag) =
            message.split_at_checked(message.len().saturating_sub(32)).ok_or(MessageFault::Malformed)?;
        let mut reader = Reader::new(signed);
        if reader.array()? != *MAGIC {
            return Err(MessageFault::Malformed);
        }
        if reader.u8()? != VERSION {
            return Err(MessageFault::UnknownVersion);
        }
        let kind = reader.u8()?;
        if !(0x01..=0x05).contains(&kind) {
            return Err(MessageFault::UnknownType);
        }
        let header = read_header(kind, &mut reader)?;
        let left = reader.left();
        let body = reader.take(left)?;
        if header.is_consistent(body) { Ok(Self { header, body, signed, tag }) } else { Err(MessageFault::Malformed) }
    }

    pub(super) fn is_authentic(&self, key: &ViewKey) -> bool {
        primitive::equal(&key.tag(&[&label(), self.signed]), self.tag)
    }
}

fn read_header<'a>(kind: u8, reader: &mut Reader<'a>) -> Result<Header<'a>, Malformed> {
    let root = RootId::from_bytes(reader.array()?);
    let deployment = DeploymentId::from_bytes(reader.array()?);
    let incarnation = Incarnation::from_bytes(reader.array()?);
    let scope = Scope::read(reader)?;
    let (first, before) = (reader.u64()?, reader.array()?);
    let (sequence, after) = (reader.u64()?, reader.array()?);
    let proof = match kind {
        0x01 | 0x02 => Proof::Live(reader.array()?),
        0x03 | 0x04 => Proof::List(ListTimes { this_update: reader.timestamp()?, next_update: reader.timestamp()? }),
        _ => Proof::Saved,
    };
    let order = if matches!(kind, 0x01 | 0x03) { Order::Delta } else { Order::Snapshot };
    Ok(Header { order, proof, root, deployment, scope, first, before, last: Stamp { incarnation, sequence }, after })
}

/// All fixed parts, with the shortest scope, no proof and no body.
const SHORTEST: usize = 154;

/// `"portward/v1/feed" ‖ 0x00`
fn label() -> Vec<u8> {
    [FEED_LABEL.as_bytes(), &[0]].concat()
}

impl From<Malformed> for MessageFault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}
