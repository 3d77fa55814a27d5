//! A chain of blocks, whatever is in them, only ever takes away; and a head has one encoding. The tokens are authentic: the law has the key.
//!
//! Input: kind (1), then head and blocks, each behind its length (u16).

use portward::{Access, Kind, LinkHead, Resources, UntrustedToken, VerifyError};

use crate::sign::{self, LINK, SESSION};
use crate::token::{root, tenant_generation};
use crate::world::{NOW, WORLD};
use crate::{token, wire};

pub(crate) fn holds(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let parts = parts(rest);
    let Some((head, blocks)) = parts.split_first() else { return };
    let (kind, prefix) = if kind & 1 == 0 { (Kind::Link, LINK) } else { (Kind::Session, SESSION) };
    let unsigned = sign::text(prefix, &[head, &[0; 32][..]].concat());
    let Ok(token) = UntrustedToken::parse(&unsigned) else { return token::holds_for(&unsigned) };
    let tenant = token.tenant().to_string();
    let wire_kind = if kind == Kind::Link { 1 } else { 2 };
    let key = sign::token_key(root(head), wire_kind, &tenant, tenant_generation(head)).unwrap_or_default();

    let mut wider: Option<Access> = None;
    for count in 0..=blocks.len().min(9) {
        let blocks = &blocks[..count];
        let tag = sign::chain(&key, head, blocks);
        let text = sign::text(prefix, &[head, &blocks.concat()[..], &tag].concat());
        token::holds_for(&text);
        let access = verify(kind, &text);
        match (access, &wider) {
            (Ok(access), None) if count == 0 => {
                has_one_head(&access, head, &text);
                wider = Some(access);
            }
            (Ok(access), Some(before)) => {
                is_no_wider(&access, before);
                wider = Some(access);
            }
            (Ok(_), None) => panic!("a copy is good for what the link is not"),
            (Err(_), _) => return,
        }
    }
}

/// Parts behind their lengths; what is left is the last.
pub(crate) fn parts(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let (part, left) = behind.split_at(usize::from(u16::from_be_bytes(*length)).min(behind.len()));
        parts.push(part);
        rest = left;
    }
    parts
}

fn verify(kind: Kind, text: &str) -> Result<Access, VerifyError> {
    match kind {
        Kind::Link => WORLD.verifier.verify_link(text, NOW).map(|access| (*access).clone()),
        Kind::Session => WORLD.verifier.verify_session(text, NOW),
    }
}

fn has_one_head(access: &Access, head: &[u8], text: &str) {
    match access.kind() {
        Kind::Link => {
            let again = WORLD.issuer.issue_again(&LinkHead::from_bytes(head).unwrap()).unwrap();
            assert_eq!((again.head(), again.text()), (head, text), "two encodings of one link");
        }
        Kind::Session => {
            let link_root = &head[session_link_at(access)..][16..20];
            let again = [&head[..22], &encoded(access), &session_part(access, link_root)].concat();
            assert_eq!(again, head, "two encodings of one session");
        }
    }
}

/// What a head says behind its ids.
fn encoded(access: &Access) -> Vec<u8> {
    let generations = access.generations();
    let counters = [generations.deployment, generations.tenant, generations.client];
    let mut bytes = [wire::u40(access.issued_at()), wire::u40(access.signed_expires_at())].concat();
    bytes.extend(counters.iter().flat_map(|counter| wire::varint((*counter).into())));
    bytes.extend([wire::identifier(access.tenant()), wire::identifier(access.client())].concat());
    match access.audience() {
        None => bytes.push(0),
        Some(audience) => bytes.extend([vec![1], wire::identifier(audience)].concat()),
    }
    bytes.extend(wire::permissions(access.permissions().bits()));
    bytes
}

fn session_link_at(access: &Access) -> usize {
    22 + encoded(access).len()
}

fn session_part(access: &Access, link_root: &[u8]) -> Vec<u8> {
    let mut bytes = [&access.link_id()[..], link_root, &wire::varint(access.link_revision().into())].concat();
    bytes.push(access.copies().len() as u8);
    bytes.extend(access.copies().concat());
    let resources = match access.resources() {
        Resources::All => &[][..],
        Resources::Only(list) => list,
    };
    bytes.push(resources.len() as u8);
    bytes.extend(resources.iter().flat_map(wire::identifier));
    bytes
}

pub(crate) fn is_no_wider(copy: &Access, link: &Access) {
    assert_eq!(copy.permissions().intersection(link.permissions()), copy.permissions());
    assert!(copy.expires_at() <= link.expires_at());
    assert_eq!(copy.signed_expires_at(), link.signed_expires_at());
    assert_eq!((copy.tenant(), copy.client(), copy.token_id()), (link.tenant(), link.client(), link.token_id()));
    assert!(link.audience().is_none() || copy.audience() == link.audience());
    match (copy.resources(), link.resources()) {
        (_, Resources::All) => {}
        (Resources::All, Resources::Only(_)) => panic!("a copy forgets a list"),
        (Resources::Only(copy), Resources::Only(link)) => assert!(copy.iter().all(|one| link.contains(one))),
    }
    // Each copy dies with what it was made from.
    assert_eq!(copy.copies().len(), link.copies().len() + 1);
    assert!(copy.copies().starts_with(link.copies()) && copy.recipients().starts_with(link.recipients()));
}
