//! A chain of blocks is read as the page says, whatever is in them; each takes away what it says and no more; and a head has one encoding. The
//! tokens are authentic: the law has the key.
//!
//! Input: kind (1), then head and blocks, each behind its length (u16).

use portward::{Access, Kind, LinkHead, Resources, TOKEN_MAX, UntrustedToken, VerifyError};

use crate::restriction::{self, Block, Says};
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
    if kind == Kind::Link && LinkHead::from_bytes(head).is_err() {
        return token::holds_for(&unsigned);
    }
    let tenant = token.tenant().to_string();
    let wire_kind = if kind == Kind::Link { 1 } else { 2 };
    let key = sign::token_key(root(head), wire_kind, &tenant, tenant_generation(head)).unwrap_or_default();
    let signed = Signed { kind, prefix, head, key };
    let alone = signed.verify(&[]);
    if let Ok(access) = &alone {
        has_one_head(access, head, &signed.text(&[]));
    }

    let mut wider = alone.as_ref().ok().cloned();
    for count in 1..=blocks.len().min(9) {
        let blocks = &blocks[..count];
        let access = agrees(&signed, &alone, blocks);
        if let (Some(access), Some(wider)) = (&access, &wider) {
            is_no_wider(access, wider);
            out_of_order(&signed, &alone, blocks);
        }
        wider = access;
    }
}

/// What is needed to sign whatever comes behind a head.
struct Signed<'a> {
    kind: Kind,
    prefix: &'a str,
    head: &'a [u8],
    key: [u8; 32],
}

type Verified = Result<Access, VerifyError>;

impl Signed<'_> {
    fn text(&self, blocks: &[&[u8]]) -> String {
        let tag = sign::chain(&self.key, self.head, blocks);
        sign::text(self.prefix, &[self.head, &blocks.concat()[..], &tag].concat())
    }

    fn verify(&self, blocks: &[&[u8]]) -> Verified {
        let text = self.text(blocks);
        token::holds_for(&text);
        match self.kind {
            Kind::Link => WORLD.verifier.verify_link(&text, NOW).map(|access| (*access).clone()),
            Kind::Session => WORLD.verifier.verify_session(&text, NOW),
        }
    }

    /// The first step that fails, of `spec/token.md` section 5, where the head alone ends so.
    fn fails<'b>(
        &self,
        alone: &Verified,
        blocks: &'b [&'b [u8]],
        bytes: &'b [u8],
    ) -> Result<Vec<Block<'b>>, &'static str> {
        if self.text(blocks).len() > TOKEN_MAX {
            return Err("too_long");
        }
        if self.kind == Kind::Session && !bytes.is_empty() {
            return Err("session_with_blocks");
        }
        let read = restriction::blocks(bytes)?;
        let alone = alone.as_ref().err().map(VerifyError::code);
        let says = || read.iter().flat_map(|block| &block.restrictions).map(|one| &one.says);
        match alone {
            Some("unknown_root") => return Err("unknown_root"),
            _ if read.iter().map(|block| block.whole).ne(blocks.iter().copied()) => return Err("forged"),
            Some(code @ ("bad_times" | "over_ceiling" | "not_yet_valid" | "expired")) => return Err(code),
            _ if says().any(|says| matches!(says, Says::Expiry(time) if *time <= NOW.wall)) => return Err("expired"),
            _ if says().any(|says| matches!(says, Says::Audience)) => return Err("wrong_audience"),
            Some(code) => return Err(code),
            None => {}
        }
        Ok(read)
    }
}

/// Verifies these blocks behind the head: refused at the step that the page says, or good for what is left.
fn agrees(signed: &Signed<'_>, alone: &Verified, blocks: &[&[u8]]) -> Option<Access> {
    let bytes = blocks.concat();
    let expected = signed.fails(alone, blocks, &bytes);
    let verified = signed.verify(blocks);
    let seen = verified.as_ref().map(|_| ()).map_err(VerifyError::code);
    assert_eq!(seen, expected.as_ref().map(|_| ()).map_err(|code| *code));
    let (Ok(access), Ok(read), Ok(link)) = (verified, expected, alone) else { return None };
    let (mut ends, mut bits, mut resources, mut recipients) =
        (link.expires_at(), link.permissions().bits(), link.resources().clone(), Vec::new());
    for one in read.iter().flat_map(|block| &block.restrictions) {
        match &one.says {
            Says::Expiry(time) => ends = ends.min(*time),
            Says::Permissions(kept) => bits &= kept,
            Says::Resources(list) => match &mut resources {
                all @ Resources::All => *all = Resources::Only(list.clone()),
                Resources::Only(kept) => kept.retain(|one| list.contains(one)),
            },
            Says::Recipient(label) => recipients.push(label.clone()),
            Says::Audience | Says::Seal => {}
        }
    }
    let granted = (access.expires_at(), access.permissions().bits(), access.resources(), access.recipients());
    assert_eq!(granted, (ends, bits, &resources, &recipients[..]));
    Some(access)
}

/// No restriction of the last block may stand twice, or before one that it stands behind.
fn out_of_order(signed: &Signed<'_>, alone: &Verified, blocks: &[&[u8]]) {
    let Some((last, before)) = blocks.split_last() else { return };
    let read = restriction::blocks(last).unwrap();
    let restrictions = &read[0].restrictions;
    for at in 0..restrictions.len() {
        let twice = restriction::block(restrictions[..=at].iter().chain(&restrictions[at..]));
        let swapped = (at > 0).then(|| {
            let order = (0..restrictions.len()).map(|place| match place {
                _ if place == at => at - 1,
                _ if place == at - 1 => at,
                _ => place,
            });
            restriction::block(order.map(|place| &restrictions[place]))
        });
        for block in [Some(twice), swapped].into_iter().flatten() {
            let blocks = [before, &[&block]].concat();
            assert!(agrees(signed, alone, &blocks).is_none(), "a restriction out of order");
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
