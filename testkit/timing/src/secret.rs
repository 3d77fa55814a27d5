//! What a server does with its keys, the root key being secret, and with it all that is computed from it. Only what leaves the process is
//! published here: tokens, nonces, messages of the feed, rows, slots, objects.

mod objects;

use std::sync::Arc;
use std::time::Duration;

use portward::*;

use crate::forge::forged;
use crate::memcheck::publish;
use crate::world::{NOW, World, live};

pub(crate) const CASES: &str = "links|sessions|nonces|views|rows|objects";

pub(crate) fn run(case: &str) -> bool {
    match case {
        "links" => links(),
        "sessions" => sessions(),
        "nonces" => nonces(),
        "views" => views(),
        "rows" => rows(),
        "objects" => objects::run(),
        _ => return false,
    }
    println!("{case}: done");
    true
}

fn code<T>(result: Result<T, VerifyError>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

/// Accepted, from the cache and not; narrowed; refused for each reason that comes before its tag is believed.
fn links() {
    let world = World::new();
    let foreign = world.beside().link("studio-7");
    let world = world.with_secret_root();
    let (_authority, follower) = followed(&world);
    let verifier = world.verifier(live(&follower));
    let link = world.link("studio-7");
    for _ in 0..2 {
        assert_eq!(code(verifier.verify_link(link.text(), NOW)), "ok");
        assert_eq!(code(verifier.verify_link(&forged(link.text(), 0), NOW)), "forged");
        assert_eq!(code(verifier.verify_link(&forged(link.text(), 31), NOW)), "forged");
        assert_eq!(code(verifier.verify_link(foreign.text(), NOW)), "unknown_root");
    }
    let narrowing = Narrowing::new().resources(["a.pdf".parse().unwrap()]).unwrap();
    let copy = UntrustedLink::parse(link.text()).unwrap().narrow(&narrowing).unwrap();
    publish(&copy);
    let (access, check) = verifier.verify_link_with_check(&copy, NOW).unwrap();
    assert_eq!((check, access.copies().len()), (link.link_check(), 1));
    assert_eq!(code(verifier.verify_link(&forged(&copy, 9), NOW)), "forged");
}

fn sessions() {
    let world = World::new().with_secret_root();
    let (_authority, follower) = followed(&world);
    let verifier = world.verifier(live(&follower));
    let access = verifier.verify_link(world.link("studio-7").text(), NOW).unwrap();
    let session = world.session(&access);
    for _ in 0..2 {
        assert_eq!(code(verifier.verify_session(session.text(), NOW)), "ok");
        assert_eq!(code(verifier.verify_to_renew(session.text(), NOW)), "ok");
        assert_eq!(code(verifier.verify_session(&forged(session.text(), 0), NOW)), "forged");
    }
}

fn nonces() {
    let world = World::new().with_secret_root();
    let access =
        world.verifier(Revocation::None(NoRevocation)).verify_link(world.link("studio-7").text(), NOW).unwrap();
    let (cookie, other) = (PeekCookie::generate().unwrap(), PeekCookie::generate().unwrap());
    let (nonce, _) = world.keyring.make_nonce(access.chain_id(), &cookie, NOW.wall).unwrap();
    publish(&nonce);
    assert!(world.keyring.check_nonce(&nonce, access.chain_id(), &cookie, NOW.wall).is_ok());
    let refused = world.keyring.check_nonce(&nonce, access.chain_id(), &other, NOW.wall);
    assert_eq!(refused, Err(NonceError::Forged));
}

fn views() {
    let world = World::new().with_secret_root();
    let (mut authority, mut follower) = followed(&world);
    authority.revoke_tenant("studio-7".parse().unwrap()).unwrap();
    let challenge = follower.request(NOW.steady).unwrap();
    let answer = authority.answer(&Scope::ALL, follower.highest(), challenge).unwrap();
    publish(&answer);
    let mut changed = answer.clone();
    changed.last_mut().into_iter().for_each(|byte| *byte ^= 1);
    assert!(follower.accept(&changed, NOW.wall).is_err());
    follower.accept(&answer, NOW.wall).unwrap();
    let refused = world.verifier(live(&follower)).verify_link(world.link("studio-7").text(), NOW);
    assert_eq!(code(refused), "tenant_revoked");

    let saved = authority.view().save(&world.keyring).unwrap();
    publish(&saved);
    Authority::resume(Arc::clone(&world.keyring), &saved).unwrap();
}

fn rows() {
    let world = World::new().with_secret_root();
    let row = |uses| [("id", RowValue::Text("7")), ("uses", RowValue::Number(uses))];
    let (one, two) = (row(1), row(2));
    let (one, two) = (Row { table: "links", fields: &one }, Row { table: "links", fields: &two });
    let mac = world.keyring.mac_row(&one).unwrap();
    publish(&mac.mac);
    assert_eq!(world.keyring.check_row(&one, &mac), Ok(()));
    assert_eq!(world.keyring.check_row(&two, &mac), Err(RowError::Forged));
}

/// An authority, and who has just heard all that it knows.
fn followed(world: &World) -> (Authority, Follower) {
    let incarnation = Incarnation::generate(NOW.wall, None).unwrap();
    let authority = Authority::new(Arc::clone(&world.keyring), incarnation).unwrap();
    let mut follower = Follower::new(Arc::clone(&world.keyring), Scope::ALL, Duration::from_secs(60), None).unwrap();
    let challenge = follower.request(NOW.steady).unwrap();
    let answer = authority.answer(&Scope::ALL, None, challenge).unwrap();
    publish(&answer);
    follower.accept(&answer, NOW.wall).unwrap();
    (authority, follower)
}
