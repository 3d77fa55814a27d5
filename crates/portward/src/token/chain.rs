//! Tags and copy ids. `spec/token.md` section 4.

use zeroize::Zeroize as _;

use crate::key::{COPY_ID_LABEL, LINK_CHECK_LABEL, TokenKey};
use crate::primitive::{self, Digest32};
use crate::revocation::EntryId;
use crate::secret::Wiped;
use crate::token::frame::UnverifiedToken;
use crate::token::kind::BLOCKS_MAX;

/// The tags of a chain. Each but the last is the key to what its holder has not been given, so all are wiped.
pub(super) struct Chain {
    first: Wiped,
    /// Of a link that was narrowed. Most are not, and clearing this for nothing would be felt.
    rest: Option<Rest>,
}

struct Rest {
    tags: [Digest32; BLOCKS_MAX],
    copies: [EntryId; BLOCKS_MAX],
    blocks: usize,
}

impl Chain {
    pub(super) const EMPTY: Self = Self { first: Wiped([0; 32]), rest: None };

    /// `tag 0 = HMAC(token key, head)`, `tag n = HMAC(tag n−1, block n)`. Filled in place: no copy is left behind.
    pub(super) fn fill(&mut self, key: &TokenKey, token: &UnverifiedToken<'_>) {
        self.first.0 = key.tag(token.head);
        if token.block_count == 0 {
            return;
        }
        let rest = self.rest.insert(Rest::EMPTY);
        let mut last = &self.first.0;
        for (place, block) in rest.tags.iter_mut().zip(token.blocks()) {
            *place = next_tag(last, block.whole);
            last = place;
            rest.blocks = rest.blocks.saturating_add(1);
        }
    }

    /// Whether the chain ends in the tag that the token carries.
    pub(super) fn ends_in(&self, tag: &Digest32) -> bool {
        let last = self.rest.as_ref().and_then(Rest::last).unwrap_or(&self.first.0);
        primitive::equal_tags(last, tag)
    }

    /// Computes the copy ids of a chain that ends where it should.
    pub(super) fn name_copies(&mut self) {
        let Some(rest) = &mut self.rest else { return };
        for (copy, tag) in rest.copies.iter_mut().zip(&rest.tags).take(rest.blocks) {
            *copy = copy_id(tag);
        }
    }

    /// The copy id of each block, in their order.
    pub(super) fn copies(&self) -> &[EntryId] {
        self.rest.as_ref().and_then(|rest| rest.copies.get(..rest.blocks)).unwrap_or_default()
    }

    /// What a registry keeps to recognise the link without being able to make it.
    pub(super) fn link_check(&self) -> EntryId {
        link_check(&self.first.0)
    }
}

impl Rest {
    const EMPTY: Self = Self { tags: [[0; 32]; BLOCKS_MAX], copies: [[0; 16]; BLOCKS_MAX], blocks: 0 };

    fn last(&self) -> Option<&Digest32> {
        self.blocks.checked_sub(1).and_then(|last| self.tags.get(last))
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.tags.as_flattened_mut().zeroize();
    }
}

/// `tag n = HMAC(tag n−1, block n)`.
pub(super) fn next_tag(last: &Digest32, block: &[u8]) -> Digest32 {
    let mut key = TokenKey::EMPTY;
    key.absorb(last);
    key.tag(block)
}

/// `SHA-256("portward/v1/copy-id" ‖ 0x00 ‖ tag)[0..16]`
pub(crate) fn copy_id(tag: &Digest32) -> EntryId {
    primitive::public_id(COPY_ID_LABEL, tag)
}

/// `SHA-256("portward/v1/link-check" ‖ 0x00 ‖ tag 0)[0..16]`
pub(crate) fn link_check(tag: &Digest32) -> EntryId {
    primitive::public_id(LINK_CHECK_LABEL, tag)
}
