//! One token has one text, everybody reads it alike, and nobody is believed without the key. `spec/token.md` sections 1 to 5.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portward::{Kind, LinkHead, PublicAnswer, TOKEN_MAX, UntrustedLink, UntrustedToken, VerifyError};

use crate::sign::{self, LINK};
use crate::world::{NOW, WORLD};

/// Of any text, and of the same with the right checksum.
pub(crate) fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    holds_for(text);
    if let Some((prefix, bytes)) = sign::untext(text) {
        holds_for(&sign::text(prefix, &bytes));
    }
}

pub(crate) fn holds_for(text: &str) {
    let read = UntrustedToken::parse(text);
    let (link, session) = (WORLD.verifier.verify_link(text, NOW), WORLD.verifier.verify_session(text, NOW));
    let as_link = UntrustedLink::parse(text);
    let token = match read {
        Err(fault) => {
            // Whoever is asked, and for whatever, sees the same damage.
            let seen = [link.err(), session.err(), as_link.err()];
            assert!(seen.iter().all(|error| error.is_some_and(|error| is_damage(&error, fault.code()))), "{seen:?}");
            return;
        }
        Ok(token) => token,
    };
    is_the_only_text(text);
    let other = if token.kind() == Kind::Link { session.as_ref().err() } else { link.as_ref().err() };
    assert_eq!(other.map(VerifyError::code), Some("wrong_kind"));
    assert_eq!(as_link.is_ok(), token.kind() == Kind::Link);

    let accepted = link.as_ref().map(|access| &**access).or(session.as_ref());
    let Ok(access) = accepted else { return };
    assert!(is_authentic(text), "believed without its key");
    assert_eq!((access.tenant(), access.client()), (token.tenant(), token.client()));
    assert_eq!((access.permissions(), access.resources()), (token.permissions(), token.resources()));
    assert_eq!((access.issued_at(), access.expires_at()), (token.issued_at(), token.expires_at()));
    assert_eq!((access.audience(), access.recipients()), (token.audience(), token.recipients()));
    assert!(access.expires_at() > NOW.wall && access.expires_at() <= access.signed_expires_at());
}

fn is_damage(error: &VerifyError, code: &str) -> bool {
    error.code() == code && error.public() == PublicAnswer::Damaged && error.token_id().is_none()
}

fn is_the_only_text(text: &str) {
    assert!(text.len() <= TOKEN_MAX);
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text[4..]).expect("it was read");
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(bytes), text[4..], "two texts of one token");
}

/// Whether its tag is the one that its key makes, worked out without the code that has just said so.
fn is_authentic(text: &str) -> bool {
    let (prefix, bytes) = sign::untext(text).unwrap();
    let (content, tag) = bytes.split_at(bytes.len() - 32);
    let (kind, head) = if prefix == LINK { (1, link_head(content)) } else { (2, content.len()) };
    let (head, blocks) = content.split_at(head);
    let tenant = UntrustedToken::parse(text).unwrap().tenant().to_string();
    let key = sign::token_key(root(head), kind, &tenant, tenant_generation(head));
    key.is_some_and(|key| sign::chain(&key, head, &split_blocks(blocks)) == tag)
}

/// Where the head of a link ends: it delimits itself.
fn link_head(content: &[u8]) -> usize {
    (0..=content.len()).find(|end| LinkHead::from_bytes(&content[..*end]).is_ok()).unwrap()
}

fn split_blocks(mut blocks: &[u8]) -> Vec<&[u8]> {
    let mut split = Vec::new();
    while !blocks.is_empty() {
        let (length, digits) = varint(&blocks[1..]);
        let (block, rest) = blocks.split_at(1 + digits + length);
        split.push(block);
        blocks = rest;
    }
    split
}

pub(crate) fn root(head: &[u8]) -> [u8; 4] {
    head[2..6].try_into().unwrap()
}

/// Behind version, kind, ids and times stand the generations: of the deployment, of the tenant.
pub(crate) fn tenant_generation(head: &[u8]) -> u32 {
    let (_, digits) = varint(&head[32..]);
    u32::try_from(varint(&head[32 + digits..]).0).unwrap()
}

/// A value, and its length.
fn varint(bytes: &[u8]) -> (usize, usize) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    (bytes[..length].iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7F)), length)
}
