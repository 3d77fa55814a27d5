//! Tags and copy ids. `spec/token.md` section 4.

use zeroize::Zeroizing;

use crate::key::{COPY_ID_LABEL, LINK_CHECK_LABEL};
use crate::primitive::{self, Digest32, MacKey};
use crate::revocation::EntryId;
use crate::token::frame::UnverifiedToken;

/// The tags behind the head's, one a block. Each but the last is the key to what its holder has not been given.
pub(super) struct Chain {
    first: Digest32,
    rest: Zeroizing<Vec<Digest32>>,
}

impl Chain {
    /// `tag 0 = HMAC(token key, head)`, `tag n = HMAC(tag n−1, block n)`.
    pub(super) fn compute(key: &MacKey, token: &UnverifiedToken) -> Self {
        let first = key.tag(token.head_bytes());
        let mut rest = Zeroizing::new(Vec::new());
        if token.block_count() > 0 {
            rest.reserve_exact(token.block_count());
            let mut last = first;
            for block in token.blocks() {
                last = next_tag(&last, block);
                rest.push(last);
            }
        }
        Self { first, rest }
    }

    /// Whether the chain ends in the tag that the token carries.
    pub(super) fn ends_in(&self, tag: &[u8]) -> bool {
        primitive::equal(self.rest.last().unwrap_or(&self.first), tag)
    }

    /// The copy id of each block, in the order of the blocks.
    pub(super) fn copies(&self) -> Vec<EntryId> {
        self.rest.iter().map(copy_id).collect()
    }

    pub(super) fn into_first_tag(self) -> Zeroizing<Digest32> {
        Zeroizing::new(self.first)
    }
}

/// `tag n = HMAC(tag n−1, block n)`.
pub(super) fn next_tag(last: &Digest32, block: &[u8]) -> Digest32 {
    MacKey::new(last).tag(block)
}

/// `SHA-256("portward/v1/copy-id" ‖ 0x00 ‖ tag)[0..16]`
pub(crate) fn copy_id(tag: &Digest32) -> EntryId {
    labelled(COPY_ID_LABEL, tag)
}

/// `SHA-256("portward/v1/link-check" ‖ 0x00 ‖ tag 0)[0..16]`
pub(crate) fn link_check(tag: &Digest32) -> EntryId {
    labelled(LINK_CHECK_LABEL, tag)
}

fn labelled(label: &str, tag: &Digest32) -> EntryId {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = primitive::sha256(&[label.as_bytes(), &[0], tag]);
    id
}
