//! What a holder reads and makes without a key.

use crate::common::*;
use portward::*;

#[test]
fn a_holder_reads_what_the_link_says() {
    let mut world = World::new();
    world.sync(NOW);
    let tenant_and_client = (id("studio"), id("42"));
    let request = LinkRequest::new(tenant_and_client.0, tenant_and_client.1, world.set(&["files:*"]));
    let made = world.issuer.issue_link(&request, Generations::default(), NOW.wall).unwrap();
    let link = UntrustedLink::parse(made.text()).unwrap();
    assert_eq!((*link.tenant(), *link.client(), link.kind()), (id("studio"), id("42"), Kind::Link));
    assert_eq!((link.issued_at(), link.expires_at()), (NOW.wall, made.expires_at()));
    assert_eq!((link.permissions(), link.resources()), (world.set(&["files:*"]), &Resources::All));
    assert_eq!((link.audience(), link.recipients(), link.is_sealed()), (None, &[][..], false));

    let narrowing = Narrowing::new()
        .expires_at(later(60).wall)
        .permissions(world.set(&["files:read"]))
        .resources([id("a.pdf")])
        .unwrap()
        .audience(id("portal"))
        .recipient("Anna")
        .unwrap()
        .seal();
    let copy = UntrustedLink::parse(&link.narrow(&narrowing).unwrap()).unwrap();
    assert_eq!((copy.expires_at(), copy.permissions()), (later(60).wall, world.set(&["files:read"])));
    assert_eq!((copy.resources(), copy.audience()), (&Resources::Only(vec![id("a.pdf")]), Some(&id("portal"))));
    assert_eq!((copy.recipients(), copy.is_sealed()), (&["Anna".to_owned()][..], true));
    assert_eq!(copy.narrow(&Narrowing::new().recipient("Ben").unwrap()), Err(NarrowError::Sealed));

    let access = verify(&world.verifier(), made.text(), NOW).unwrap();
    let session = world.issuer.issue_session(&access, &SessionLimits::default(), NOW.wall).unwrap();
    assert_eq!(UntrustedToken::parse(session.text()).unwrap().kind(), Kind::Session);
    assert_eq!(UntrustedLink::parse(session.text()).unwrap_err().code(), "wrong_kind");
}

#[test]
fn a_copy_is_as_long_as_a_token_may_be_and_no_longer() {
    let world = World::new();
    let link = UntrustedLink::parse(world.link("studio", "42").text()).unwrap();
    let long = |last: usize| ('a'..='j').map(|letter| letter.to_string().repeat(64)).chain(["z".repeat(last)]);
    let copies =
        (1..=64).map(|last| link.narrow(&Narrowing::new().resources(long(last).map(|name| id(&name))).unwrap()));
    let (made, refused): (Vec<_>, Vec<_>) = copies.partition(Result::is_ok);
    assert_eq!(made.last().unwrap().as_ref().unwrap().len(), TOKEN_MAX);
    assert!(!refused.is_empty() && refused.iter().all(|error| *error == Err(NarrowError::TokenTooLong)));
}

#[test]
fn a_narrowing_has_bounds() {
    let resources = |count: u64| Narrowing::new().resources((0..count).map(Identifier::from)).is_ok();
    assert_eq!([0, 1, 16, 17].map(resources), [false, true, true, false]);
    let label = |length: usize| Narrowing::new().recipient(&"x".repeat(length)).is_ok();
    assert_eq!([0, 1, 32, 33].map(label), [false, true, true, false]);
    assert!(["Anna\n", "Änna", "\u{7f}"].iter().all(|label| Narrowing::new().recipient(label).is_err()));
}

/// A key that is in the cache refuses a wrong tag like one that is not, whichever byte of it is wrong.
#[test]
fn a_known_tenant_helps_no_forger() {
    let mut world = World::new();
    world.sync(NOW);
    let verifier = world.verifier();
    let link = world.link("studio", "42");
    let narrowing = Narrowing::new().recipient("Anna").unwrap();
    let copy = UntrustedLink::parse(link.text()).unwrap().narrow(&narrowing).unwrap();
    let access = verify(&verifier, link.text(), NOW).unwrap();
    let session = world.issuer.issue_session(&access, &SessionLimits::default(), NOW.wall).unwrap();
    for byte in 0..32 {
        for text in [link.text(), &copy] {
            assert_eq!(code(verify(&verifier, text, NOW)), "ok", "the control, and the key is in the cache");
            assert_eq!(code(verify(&verifier, &with_another_tag(text, byte), NOW)), "forged");
        }
        assert_eq!(code(verify_session(&verifier, session.text(), NOW)), "ok");
        assert_eq!(code(verify_session(&verifier, &with_another_tag(session.text(), byte), NOW)), "forged");
    }
}
