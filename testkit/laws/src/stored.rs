//! What a store keeps of links reads back as it was written. Input: which of the two (1), bytes.

use portward::{LinkHead, Resources};

use crate::world::WORLD;

pub(crate) fn holds(data: &[u8]) {
    match data.split_first() {
        Some((0, bytes)) => resources(bytes),
        Some((_, bytes)) => head(bytes),
        None => {}
    }
}

fn resources(bytes: &[u8]) {
    let Ok(read) = Resources::from_bytes(bytes) else { return };
    assert_eq!(read.to_bytes().as_deref(), Some(bytes));
}

fn head(bytes: &[u8]) {
    let Ok(read) = LinkHead::from_bytes(bytes) else { return };
    assert_eq!(read.as_bytes(), bytes);
    // A link can be made again from what is kept, if its root still checks.
    if let Ok(link) = WORLD.issuer.issue_again(&read) {
        assert_eq!((link.head(), link.id(), link.expires_at()), (bytes, read.id(), read.expires_at()));
    }
    for end in 0..bytes.len() {
        assert!(LinkHead::from_bytes(&bytes[..end]).is_err(), "a head delimits itself");
    }
}
