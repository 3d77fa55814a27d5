//! What every KEK has to do, wherever it lies. The keyring's and a tenant's are held to it as well.
#![cfg(feature = "softhsm-tests")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

mod softhsm;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, AttributeType};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use portward::envelope::{
    Context, DataKey, Keep, KekError, OpenError, RootKeks, ScopeKeys, Slot, TenantKek, TenantKeks, UnwrapKey, WrapKey,
};
use portward::{Deployment, Identifier, KeyState, Keyring, Timestamp, Vocabulary};
use portward_kms::{Pkcs11Kek, Pkcs11Token, TokenError};
use softhsm::{LABEL, MODULE, PIN, in_token};

fn deployment() -> Deployment {
    Deployment::generate(Vocabulary::portal()).unwrap()
}

fn token() -> Arc<Pkcs11Token> {
    Pkcs11Token::open(Path::new(MODULE), LABEL, AuthPin::new(PIN.into())).unwrap()
}

/// Wraps and unwraps what belongs together, and nothing else.
fn conforms(deployment: &Deployment, kek: &dyn WrapKey, keks: &dyn UnwrapKey, other: &dyn WrapKey) {
    let (id, tenant) = (&deployment.id, "acme".parse::<Identifier>().unwrap());
    let key = DataKey::generate(id, tenant, "file:1".parse().unwrap()).unwrap();
    let slot = key.wrap(kek).unwrap();
    let unwrap = |tenant: &str, scope: &str, key_id, slot: &Slot| {
        let opened = DataKey::unwrap(id, tenant.parse().unwrap(), scope.parse().unwrap(), key_id, slot, None, keks);
        opened.map(|opened| opened.check_value())
    };
    assert_eq!(unwrap("acme", "file:1", key.id(), &slot), Ok(key.check_value()), "the control");
    assert_eq!(unwrap("bolt", "file:1", key.id(), &slot), Err(OpenError::UnwrapFailed), "another tenant");
    assert_eq!(unwrap("acme", "file:2", key.id(), &slot), Err(OpenError::UnwrapFailed), "another scope");
    assert_eq!(unwrap("acme", "file:1", [9; 16], &slot), Err(OpenError::UnwrapFailed), "another key");
    let elsewhere = self::deployment();
    let moved = DataKey::unwrap(&elsewhere.id, tenant, "file:1".parse().unwrap(), key.id(), &slot, None, keks);
    assert_eq!(moved.map(|_| ()), Err(OpenError::UnwrapFailed), "another deployment");

    assert_ne!(key.wrap(kek).unwrap(), slot, "no nonce twice");
    assert_eq!(unwrap("acme", "file:1", key.id(), &key.wrap(other).unwrap()), Err(OpenError::NoSlot));
    let read_back = Slot::from_bytes(&slot.to_bytes()).unwrap();
    assert_eq!(read_back, slot);
    for place in 0..slot.wrapped().len() {
        let mut wrapped = slot.wrapped().to_vec();
        wrapped[place] ^= 0x40;
        let damaged = Slot::new(slot.kek().clone(), wrapped).unwrap();
        assert_eq!(unwrap("acme", "file:1", key.id(), &damaged), Err(OpenError::UnwrapFailed), "byte {place}");
    }
}

#[test]
fn the_keyring_and_a_tenant_conform() {
    let deployment = deployment();
    let keyring = || Keyring::generate(&deployment, Timestamp::from_unix(1_770_000_000)).unwrap();
    let (first, second) = (keyring(), keyring());
    let keks = RootKeks::new;
    conforms(&deployment, &keks(&first), &keks(&first), &keks(&second));

    let tenant = "acme".parse().unwrap();
    let kek = TenantKek::generate(&deployment.id, tenant).unwrap();
    let next = kek.rotate().unwrap().unwrap();
    let slot = kek.wrap(&keks(&first)).unwrap();
    let again = TenantKek::unwrap(&deployment.id, &tenant, (kek.id(), 1), &slot, None, &keks(&first)).unwrap();
    conforms(&deployment, &kek, &TenantKeks::new([(again, KeyState::Active)], 1), &next);
}

#[test]
fn a_token_conforms() {
    in_token("a_token_conforms", || {
        let token = token();
        let (kek, other) = (token.generate(b"kek-1", 0).unwrap(), token.generate(b"kek-2", 0).unwrap());
        conforms(&deployment(), &kek, &kek, &other);
        // The same key under another version is another KEK.
        let newer = token.key(b"kek-1", 1).unwrap();
        conforms(&deployment(), &kek, &kek, &newer);
    });
}

/// A tenant KEK in the token, a data key under that, a file under that.
#[test]
fn a_hierarchy_begins_in_a_token() {
    in_token("a_hierarchy_begins_in_a_token", || {
        let (deployment, tenant) = (deployment(), "acme".parse::<Identifier>().unwrap());
        let kek = token().generate(b"kek", 0).unwrap();
        let tenant_kek = TenantKek::generate(&deployment.id, tenant).unwrap();
        let row = tenant_kek.wrap(&kek).unwrap();
        let scope: portward::envelope::DataScope = "file:1".parse().unwrap();
        let key = Arc::new(DataKey::generate(&deployment.id, tenant, scope.clone()).unwrap());
        let context = Context::new(&tenant, "files.content", "1").unwrap();
        let sealer = ScopeKeys::new(&deployment, tenant, scope.clone()).with_data_key(key, KeyState::Active);
        let object = sealer.seal(&context, b"plan", Keep::EmbeddedUnder(&[&tenant_kek]), NonZeroUsize::MIN).unwrap();

        let (id, check) = (tenant_kek.id(), Some(tenant_kek.check_value()));
        let loaded = TenantKek::unwrap(&deployment.id, &tenant, (id, 1), &row, check, &kek).unwrap();
        let keks = TenantKeks::new([(loaded, KeyState::Active)], 1);
        let opener = ScopeKeys::new(&deployment, tenant, scope).with_keks(Arc::new(keks));
        assert_eq!(opener.open(&context, &object, NonZeroUsize::MIN).unwrap(), b"plan");
    });
}

#[test]
fn a_key_does_not_leave_its_token() {
    in_token("a_key_does_not_leave_its_token", || {
        token().generate(b"kek", 0).unwrap();
        other_hand(|session| {
            let [key] = session.find_objects(&[Attribute::Id(b"kek".to_vec())]).unwrap()[..] else { panic!() };
            let shown = session.get_attributes(key, &[AttributeType::Value, AttributeType::KeyType]).unwrap();
            assert!(shown.iter().all(|attribute| !matches!(attribute, Attribute::Value(_))), "{shown:?}");
            assert_eq!(shown.len(), 1, "the control: what is not secret is shown");
        });
    });
}

/// Somebody else's session of the same token.
fn other_hand(act: impl FnOnce(&cryptoki::session::Session)) {
    let context = Pkcs11::new(MODULE).unwrap();
    let _ =
        context.initialize(cryptoki::context::CInitializeArgs::new(cryptoki::context::CInitializeFlags::OS_LOCKING_OK));
    let slot = context.get_slots_with_initialized_token().unwrap()[0];
    let session = context.open_rw_session(slot).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
    act(&session);
}

/// From the next call on: nothing that the token once allowed is kept.
#[test]
fn a_key_that_is_taken_away_is_refused_at_once() {
    in_token("a_key_that_is_taken_away_is_refused_at_once", || {
        let (deployment, tenant) = (deployment(), "acme".parse::<Identifier>().unwrap());
        let kek = token().generate(b"kek", 0).unwrap();
        let key = DataKey::generate(&deployment.id, tenant, "file:1".parse().unwrap()).unwrap();
        let slot = key.wrap(&kek).unwrap();
        let unwrap = |kek: &Pkcs11Kek| {
            DataKey::unwrap(&deployment.id, tenant, "file:1".parse().unwrap(), key.id(), &slot, None, kek).map(|_| ())
        };
        assert_eq!(unwrap(&kek), Ok(()));
        other_hand(|session| {
            let keys = session.find_objects(&[Attribute::Id(b"kek".to_vec())]).unwrap();
            keys.into_iter().for_each(|key| session.destroy_object(key).unwrap());
        });
        assert_eq!(unwrap(&kek), Err(OpenError::UnwrapFailed));
        assert_eq!(key.wrap(&kek), Err(KekError::Refused));
    });
}

#[test]
fn what_is_not_there_is_said() {
    in_token("what_is_not_there_is_said", || {
        let open = |module: &str, label: &str, pin: &str| {
            Pkcs11Token::open(Path::new(module), label, AuthPin::new(pin.into()))
        };
        assert_eq!(open("/nowhere/module.so", LABEL, PIN).err(), Some(TokenError::Module));
        assert_eq!(open(MODULE, "another", PIN).err(), Some(TokenError::NoToken));
        let wrong_pin = open(MODULE, LABEL, "0000").unwrap();
        assert_eq!(wrong_pin.generate(b"kek", 0).err(), Some(TokenError::Generate));
        assert_eq!(wrong_pin.key(b"kek", 0).err(), Some(TokenError::NoKey));
        let token = token();
        assert_eq!(token.key(b"kek", 0).err(), Some(TokenError::NoKey));
        assert!(token.generate(b"kek", 0).is_ok());
        assert_eq!(token.generate(b"kek", 0).err(), Some(TokenError::Generate), "an id is there once");
        assert_eq!(token.generate(&[1; 65], 0).err(), Some(TokenError::Generate));
        assert!(token.key(b"kek", 0).is_ok());
    });
}

#[test]
fn threads_take_turns() {
    in_token("threads_take_turns", || {
        let deployment = deployment();
        let kek = token().generate(b"kek", 0).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8u64 {
                let (deployment, kek) = (&deployment, &kek);
                scope.spawn(move || {
                    for _ in 0..20 {
                        let tenant = Identifier::from(number);
                        let key = DataKey::generate(&deployment.id, tenant, "file:1".parse().unwrap()).unwrap();
                        let slot = key.wrap(kek).unwrap();
                        let check = Some(key.check_value());
                        let scope = "file:1".parse().unwrap();
                        assert!(DataKey::unwrap(&deployment.id, tenant, scope, key.id(), &slot, check, kek).is_ok());
                    }
                });
            }
        });
    });
}
