//! What a store keeps of a link, and what is made of it again: the same link, and sessions in place of sessions.

use crate::common::*;
use portward::*;

fn narrowed(world: &World, link: &IssuedToken) -> LinkAccess {
    let narrowing = Narrowing::new().resources([id("b.pdf"), id("a.pdf")]).unwrap().expires_at(later(3600).wall);
    let copy = UntrustedLink::parse(link.text()).unwrap().narrow(&narrowing).unwrap();
    verify(&world.verifier(), &copy, NOW).unwrap()
}

#[test]
fn a_head_is_read_and_signed_again() {
    let mut world = World::new();
    world.sync(NOW);
    let link = world.link("studio", "42");
    let head = LinkHead::from_bytes(link.head()).unwrap();
    let access = verify(&world.verifier(), link.text(), NOW).unwrap();
    assert_eq!((head.as_bytes(), head.id(), head.audience()), (link.head(), link.id(), None));
    assert_eq!((*head.tenant(), *head.client()), (id("studio"), id("42")));
    assert_eq!((head.issued_at(), head.expires_at()), (NOW.wall, link.expires_at()));
    assert_eq!((head.generations(), head.permissions()), (access.generations(), access.permissions()));
    assert_eq!(head.root(), world.keyring.roots().next().unwrap().id);

    let again = world.issuer.issue_again(&head).unwrap();
    assert_eq!((again.text(), again.link_check()), (link.text(), link.link_check()));
    assert_eq!(World::new().issuer.issue_again(&head).unwrap_err(), IssueError::UnknownRoot);
    let (short, long) = (&link.head()[1..], [link.head(), &[0]].concat());
    for other in [&[], short, long.as_slice(), &[2; 40]] {
        assert_eq!(LinkHead::from_bytes(other), Err(StoredError::Malformed));
    }
}

#[test]
fn resources_are_kept_as_bytes() {
    let list = Resources::Only(vec![id("a.pdf"), id("b.pdf")]);
    let bytes = list.to_bytes().unwrap();
    assert_eq!(Resources::from_bytes(&bytes), Ok(list));
    assert_eq!(Resources::All.to_bytes(), None);
    let many = |count: u64| Resources::Only((0..count).map(Identifier::from).collect()).to_bytes();
    assert_eq!((many(16).is_some(), many(17)), (true, None));
    for other in [&bytes[1..], &bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat()] {
        assert_eq!(Resources::from_bytes(other), Err(StoredError::Malformed));
    }
}

#[test]
fn a_renewed_session_is_of_the_same_chain_and_has_the_same_id() {
    let mut world = World::new();
    world.sync(NOW);
    let link = world.link("studio", "42");
    let access = narrowed(&world, &link);
    let (head, stored, verifier) = (LinkHead::from_bytes(link.head()).unwrap(), access.to_stored(), world.verifier());
    assert_eq!((&stored.copies[..], stored.expires_at), (access.copies(), later(3600).wall));
    let session = world.issuer.renew_session(&access.to_grant(), &SessionLimits::default(), NOW.wall).unwrap();

    let old = verifier.verify_to_renew(session.text(), NOW).unwrap();
    assert_eq!((*old.tenant(), old.link_id(), old.chain_id()), (id("studio"), link.id(), access.chain_id()));
    let grant = old.with_stored(&head, stored.clone()).unwrap();
    let renewed = world.issuer.renew_session(&grant, &SessionLimits::default(), later(30).wall).unwrap();
    assert_eq!(renewed.id(), session.id(), "who revokes one revokes both");
    let renewed = verify_session(&verifier, renewed.text(), NOW).unwrap();
    assert_eq!((renewed.resources(), renewed.copies()), (access.resources(), access.copies()));

    // Rows of another chain, or of another link, make nothing.
    let other = LinkHead::from_bytes(world.link("studio", "43").head()).unwrap();
    assert_eq!(old.with_stored(&other, stored.clone()), None);
    assert_eq!(old.with_stored(&head, StoredChain { copies: Vec::new(), ..stored }), None);
}

#[test]
fn a_row_gives_no_more_than_was_signed() {
    let mut world = World::new();
    world.sync(NOW);
    let link = world.link("studio", "42");
    let access = verify(&world.verifier(), link.text(), NOW).unwrap();
    let session = world.issuer.issue_session(&access, &SessionLimits::default(), NOW.wall).unwrap();
    let old = world.verifier().verify_to_renew(session.text(), NOW).unwrap();
    let head = LinkHead::from_bytes(link.head()).unwrap();
    let everything = world.set(&["files:*", "invoices:*", "messages:*"]);
    let wider = StoredChain {
        permissions: everything,
        expires_at: later(1 << 30).wall,
        resources: Resources::Only(vec![id("a.pdf")]),
        audience: None,
        copies: Vec::new(),
    };
    let grant = old.with_stored(&head, wider).unwrap();
    let renewed = world.issuer.renew_session(&grant, &SessionLimits::default(), NOW.wall).unwrap();
    let renewed = verify_session(&world.verifier(), renewed.text(), NOW).unwrap();
    assert_eq!(renewed.permissions(), access.permissions());
    assert_eq!(renewed.resources(), &Resources::Only(vec![id("a.pdf")]));
    assert!(renewed.expires_at() <= link.expires_at());
}

#[test]
fn a_nonce_is_of_one_chain_one_browser_and_ten_minutes() {
    let mut world = World::new();
    world.sync(NOW);
    let link = world.link("studio", "42");
    let chain = verify(&world.verifier(), link.text(), NOW).unwrap().chain_id();
    let cookie = PeekCookie::generate().unwrap();
    let (nonce, expires_at) = world.keyring.make_nonce(chain, &cookie, NOW.wall).unwrap();
    assert_eq!(expires_at, later(600).wall);
    let check = |text: &str, chain, cookie: &PeekCookie, after| {
        world.keyring.check_nonce(text, chain, cookie, later(after).wall)
    };
    let checked = check(&nonce, chain, &cookie, 599).unwrap();
    assert_eq!((checked.expires_at, check(&nonce, chain, &cookie, 0)), (expires_at, Ok(checked)));
    let (again, _) = world.keyring.make_nonce(chain, &cookie, NOW.wall).unwrap();
    assert_ne!(check(&again, chain, &cookie, 0).unwrap().id, checked.id);

    assert_eq!(check(&nonce, chain, &cookie, 600), Err(NonceError::Expired));
    assert_eq!(check(&nonce, [7; 16], &cookie, 0), Err(NonceError::Forged));
    assert_eq!(check(&nonce, chain, &PeekCookie::generate().unwrap(), 0), Err(NonceError::Forged));
    assert_eq!(check(&nonce[1..], chain, &cookie, 0), Err(NonceError::Malformed));
    let elsewhere = World::new().keyring.check_nonce(&nonce, chain, &cookie, NOW.wall);
    assert_eq!(elsewhere, Err(NonceError::UnknownRoot));
    assert!(UnverifiedNonce::parse(&nonce).is_ok() && UnverifiedNonce::parse(&format!("{nonce}A")).is_err());

    assert_eq!(cookie.to_text().parse(), Ok(cookie));
    assert_eq!("x".repeat(42).parse::<PeekCookie>(), Err(NonceError::CookieMalformed));
    assert_eq!(format!("{cookie:?}"), "PeekCookie(..)");
}
