//! Tags and copy ids. `spec/token.md` section 4.

use zeroize::{Zeroize, Zeroizing};

use crate::key::{COPY_ID_LABEL, LINK_CHECK_LABEL};
use crate::primitive::{self, Digest32, MacKey};
use crate::revocation::EntryId;
use crate::token::frame::UnverifiedToken;
use crate::token::kind::BLOCKS_MAX;

/// The tags of a chain. Each but the last is the key to what its holder has not been given, so all are wiped.
pub(super) struct Chain {
    /// The head's tag, then one for each block; zero behind those.
    tags: [Digest32; BLOCKS_MAX + 1],
    blocks: usize,
}

impl Chain {
    pub(super) const EMPTY: Self = Self { tags: [[0; 32]; BLOCKS_MAX + 1], blocks: 0 };

    /// `tag 0 = HMAC(token key, head)`, `tag n = HMAC(tag n−1, block n)`. Filled in place: no copy is left behind.
    pub(super) fn fill(&mut self, key: &MacKey, token: &UnverifiedToken<'_>) {
        let [first, rest @ ..] = &mut self.tags;
        *first = key.tag(token.head);
        let mut last = first;
        for (place, block) in rest.iter_mut().zip(token.blocks()) {
            *place = next_tag(last, block);
            last = place;
        }
        self.blocks = token.blocks().len();
    }

    /// Whether the chain ends in the tag that the token carries.
    pub(super) fn ends_in(&self, tag: &Digest32) -> bool {
        self.tags.get(self.blocks).is_some_and(|last| primitive::equal_tags(last, tag))
    }

    /// The copy id of each block, in their order.
    pub(super) fn copies<'a>(&self, room: &'a mut [EntryId; BLOCKS_MAX]) -> &'a [EntryId] {
        for (copy, tag) in room.iter_mut().zip(self.tags.iter().skip(1)).take(self.blocks) {
            *copy = copy_id(tag);
        }
        room.get(..self.blocks).unwrap_or_default()
    }

    pub(super) fn first_tag(&self) -> Zeroizing<Digest32> {
        let [first, ..] = self.tags;
        Zeroizing::new(first)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let used = self.blocks.saturating_add(1);
        self.tags.iter_mut().take(used).for_each(Zeroize::zeroize);
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
