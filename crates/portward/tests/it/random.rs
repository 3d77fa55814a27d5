//! Whatever is made of random bytes is not made without them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use portward::envelope::{
    Context, DataKey, DataScope, Keep, RewrapError, RootKeks, ScopeKeys, SealError, TenantKek, TenantKeks,
    WrappedKeyring,
};
use portward::*;
use portward_test_randomness::{Fails, Randomness};

use crate::common::{LIVE, NOW, World, id, verify};
use crate::vault::Device;

/// What became of it, and with which code.
type Made<'a> = (&'static str, Box<dyn Fn() -> Result<(), &'static str> + Send + Sync + 'a>);

macro_rules! made {
    ($name:literal, $make:expr) => {
        ($name, Box::new(|| $make.map(drop).map_err(|error| error.code())))
    };
}

#[test]
fn nothing_is_made_without_random_bytes() {
    let Some(randomness) = Randomness::here() else {
        return Randomness::again("random::nothing_is_made_without_random_bytes");
    };
    let mut world = World::new();
    world.sync(NOW);
    let World { deployment, keyring, issuer, authority, .. } = &world;
    let (tenant, client) = (id("studio-7"), id("42"));
    let scope: DataScope = "file:1".parse().unwrap();
    let permissions = world.set(&["files:read"]);
    let request = LinkRequest::new(tenant, client, permissions);
    let generations = authority.view().generations(&tenant, &client);
    let link = verify(&world.verifier(), world.link("studio-7", "42").text(), NOW).unwrap();
    let saved = authority.view().save(keyring).unwrap();
    let cookie = PeekCookie::generate().unwrap();
    let context = Context::new(&tenant, "files.content", "1").unwrap();
    let roots = RootKeks::new(keyring);
    let kek = TenantKek::generate(&deployment.id, tenant).unwrap();
    let key = Arc::new(DataKey::generate(&deployment.id, tenant, scope.clone()).unwrap());
    let keks = Arc::new(TenantKeks::new([(kek, KeyState::Active)], 1));
    let keys = ScopeKeys::new(deployment, tenant, scope.clone())
        .with_data_key(Arc::clone(&key), KeyState::Active)
        .with_tenant_keks(Arc::clone(&keks));
    let kek = keks.active().unwrap();
    let embedded = keys.seal(&context, b"a contract", Keep::Embedded, NonZeroUsize::MIN).unwrap();
    let device = Device::new("portward");
    let cost = PassphraseCost::new(8, 1, 1).unwrap();
    let add = || {
        let mut changed = Keyring::from_json(&keyring.to_json(), deployment).unwrap();
        let added = changed.add(NOW.wall);
        assert_eq!(*changed.to_json() == *keyring.to_json(), added.is_err(), "what failed added nothing");
        added
    };
    let with_view = || {
        let revocation = Revocation::View(world.follower.cell(), LIVE);
        Verifier::new(Arc::clone(deployment), Arc::clone(keyring), revocation, VerifierOptions::default())
    };
    let follower = || Follower::new(Arc::clone(keyring), Scope::ALL, Duration::ZERO, None);
    let rewrap = || {
        keys.rewrap(&embedded).map_err(|error| match error {
            RewrapError::Seal(error) => error,
            RewrapError::Open(error) => panic!("{error}"),
        })
    };
    let stream = || {
        let mut written = Vec::new();
        let begun = keys.writer(&context, Keep::Embedded, &mut written, NonZeroUsize::MIN).map(drop);
        assert_eq!(written.is_empty(), begun.is_err(), "what failed wrote nothing");
        begun.map_err(|error| *error.get_ref().unwrap().downcast_ref::<SealError>().unwrap())
    };
    let all: Vec<Made<'_>> = vec![
        made!("an id", random_id()),
        made!("a deployment", Deployment::generate(Vocabulary::portal())),
        made!("a keyring", Keyring::generate(deployment, NOW.wall)),
        made!("a root", add()),
        made!("a keyring under a passphrase", SealedKeyring::seal(keyring, b"for the day", cost)),
        made!("a recovery export", SealedKeyring::export_recovery(deployment, keyring, b"for the safe", cost)),
        made!("a keyring under a KEK", WrappedKeyring::wrap(keyring, &[&device])),
        made!("an incarnation", Incarnation::generate(NOW.wall, None)),
        made!("an authority", Authority::new(Arc::clone(keyring), authority.stamp().incarnation)),
        made!("an authority of a saved view", Authority::resume(Arc::clone(keyring), &saved)),
        made!("a view", RevocationView::empty(deployment.id, Scope::ALL)),
        made!("a follower", follower()),
        made!("a verifier", with_view()),
        made!("a link", issuer.issue_link(&request, generations, NOW.wall)),
        made!("a session", issuer.issue_session(&link, &SessionLimits::default(), NOW.wall)),
        made!("a renewed session", issuer.renew_session(&link.to_grant(), &SessionLimits::default(), NOW.wall)),
        made!("a cookie", PeekCookie::generate()),
        made!("a nonce", keyring.make_nonce([7; 16], &cookie, NOW.wall)),
        made!("a KEK of a tenant", TenantKek::generate(&deployment.id, tenant)),
        made!("its next version", kek.rotate()),
        made!("it, wrapped", kek.wrap(&roots)),
        made!("a data key", DataKey::generate(&deployment.id, tenant, scope.clone())),
        made!("it, wrapped", key.wrap(kek)),
        made!("a record", keys.seal_record(&context, b"a contract")),
        made!("an object", keys.seal(&context, b"a contract", Keep::Embedded, NonZeroUsize::MIN)),
        made!("a stream", stream()),
        made!("an object, rewrapped", rewrap()),
        made!("a vault", envelope::VaultFile::create(tenant, &device)),
    ];
    for (name, make) in &all {
        for number in 1.. {
            randomness.fails(Fails::Once(number));
            // A thread of its own has no bytes left of what was drawn before.
            let made = std::thread::scope(|scope| scope.spawn(make).join().unwrap());
            if !randomness.was_felt() {
                assert!(made.is_ok() && number > 1, "{name} is made of random bytes, and made: {made:?}");
                break;
            }
            assert_eq!(made, Err("random_unavailable"), "{name} without its draw {number}");
        }
    }
}
