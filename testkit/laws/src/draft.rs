//! Feed messages, made by hand. `spec/revocation.md` section 4.

use portward::{FeedRequest, Incarnation, Scope, Stamp, Timestamp};

use crate::world::{NOW, ROOT, WORLD};
use crate::{sign, wire};

/// A message in its parts, before it is one.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) kind: u8,
    pub(crate) root: [u8; 4],
    pub(crate) deployment: [u8; 16],
    pub(crate) incarnation: [u8; 16],
    pub(crate) scope: Vec<u8>,
    pub(crate) first: u64,
    pub(crate) before: [u8; 32],
    pub(crate) last: u64,
    pub(crate) after: [u8; 32],
    pub(crate) challenge: [u8; 16],
    pub(crate) times: (Timestamp, Timestamp),
    pub(crate) body: Vec<u8>,
}

pub(crate) fn saved(scope: &Scope, body: &[u8]) -> Vec<u8> {
    Draft::saved(scope, body).sealed()
}

pub(crate) fn scope_wire(scope: &Scope) -> Vec<u8> {
    // A request shows it behind magic and version, before one byte and the challenge.
    let request = FeedRequest { scope: scope.clone(), since: None, challenge: [0; 16] }.to_bytes();
    request[4..request.len() - 17].to_vec()
}

impl Draft {
    /// An empty live snapshot at sequence 7.
    pub(crate) fn new(scope: &Scope) -> Self {
        Self {
            kind: 2,
            root: ROOT,
            deployment: WORLD.deployment.id.to_bytes(),
            incarnation: [5; 16],
            scope: scope_wire(scope),
            first: 0,
            before: [0; 32],
            last: 7,
            after: history(7),
            challenge: [0; 16],
            times: (NOW.wall, Timestamp::from_unix(NOW.wall.unix() + 3600)),
            body: Vec::new(),
        }
    }

    /// A saved snapshot of this scope.
    pub(crate) fn saved(scope: &Scope, body: &[u8]) -> Self {
        Self { kind: 5, body: body.to_vec(), ..Self::new(scope) }
    }

    /// The list that follows on this one, so many changes later.
    pub(crate) fn delta(&self, body: &[u8], changes: u64) -> Self {
        let last = self.last + changes;
        let (first, before, after) = (self.last, self.after, history(last));
        Self { kind: 3, first, before, last, after, body: body.to_vec(), ..self.clone() }
    }

    fn unsealed(&self) -> Vec<u8> {
        let proof = match self.kind {
            1 | 2 => self.challenge.to_vec(),
            3 | 4 => [wire::u40(self.times.0), wire::u40(self.times.1)].concat(),
            _ => Vec::new(),
        };
        let (first, last) = (self.first.to_be_bytes(), self.last.to_be_bytes());
        let head: [&[u8]; 6] = [b"pwf", &[1, self.kind], &self.root, &self.deployment, &self.incarnation, &self.scope];
        let rest: [&[u8]; 6] = [&first, &self.before, &last, &self.after, &proof, &self.body];
        [head.concat(), rest.concat()].concat()
    }

    pub(crate) fn sealed(&self) -> Vec<u8> {
        sign::message(self.root, &self.scope, &self.unsealed())
    }

    pub(crate) fn is_snapshot(&self) -> bool {
        matches!(self.kind, 2 | 4 | 5)
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { incarnation: Incarnation::from_bytes(self.incarnation), sequence: self.last }
    }
}

/// Any hash will do, as long as it is the same for the same sequence.
pub(crate) fn history(sequence: u64) -> [u8; 32] {
    sign::sha256(&sequence.to_be_bytes())
}
