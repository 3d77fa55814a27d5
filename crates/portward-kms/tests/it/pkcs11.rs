//! Keys of a SoftHSM token: the suite, and what a token does besides.

mod faults;
mod hanging;
mod softhsm;
mod weak;

use std::num::NonZeroUsize;
use std::sync::Arc;

use cryptoki::object::{Attribute, AttributeType};
use portward::envelope::{
    Context, DataKey, DataScope, Keep, RootKeks, ScopeKeys, TenantKek, TenantKeks, WrappedKeyring,
};
use portward::{Identifier, KeyState, Keyring, Timestamp};

use self::softhsm::{in_token, other_hand, token};
use crate::suite::{Case, conforms, deployment};

#[test]
fn a_token_conforms() {
    in_token("pkcs11::a_token_conforms", || {
        let token = token();
        let (kek, other) = (token.generate(b"kek-1", 0).unwrap(), token.generate(b"kek-2", 0).unwrap());
        conforms(deployment(), (&kek, &kek), (&other, &other));
        // The same key under another version is another KEK.
        let newer = token.key(b"kek-1", 1).unwrap();
        conforms(deployment(), (&kek, &kek), (&newer, &newer));
    });
}

/// The keyring itself in the token, and back.
#[test]
fn a_keyring_lies_in_a_token() {
    in_token("pkcs11::a_keyring_lies_in_a_token", || {
        let deployment = deployment();
        let keyring = Keyring::generate(&deployment, Timestamp::from_unix(1_770_000_000)).unwrap();
        let (kek, other) = (token().generate(b"kek", 0).unwrap(), token().generate(b"other", 0).unwrap());
        let wrapped = WrappedKeyring::wrap(&keyring, &[&kek]).unwrap().to_json();
        let wrapped = WrappedKeyring::from_json(&wrapped).unwrap();
        assert_eq!(wrapped.open(&[&other]).unwrap_err().code(), "no_slot");
        let again = wrapped.open(&[&other, &kek]).unwrap();
        assert_eq!(*again.to_json(), *keyring.to_json());
        assert_eq!(WrappedKeyring::wrap(&keyring, &[&RootKeks::new(&keyring)]).unwrap_err().code(), "slots");
    });
}

/// A tenant KEK in the token, a data key under that, a file under that.
#[test]
fn a_hierarchy_begins_in_a_token() {
    in_token("pkcs11::a_hierarchy_begins_in_a_token", || {
        let (deployment, tenant) = (deployment(), "acme".parse::<Identifier>().unwrap());
        let kek = token().generate(b"kek", 0).unwrap();
        let tenant_kek = TenantKek::generate(&deployment.id, tenant).unwrap();
        let row = tenant_kek.wrap(&kek).unwrap();
        let scope: DataScope = "file:1".parse().unwrap();
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
    in_token("pkcs11::a_key_does_not_leave_its_token", || {
        token().generate(b"kek", 0).unwrap();
        other_hand(|session| {
            let [key] = session.find_objects(&[Attribute::Id(b"kek".to_vec())]).unwrap()[..] else { panic!() };
            let shown = session.get_attributes(key, &[AttributeType::Value, AttributeType::KeyType]).unwrap();
            assert!(shown.iter().all(|attribute| !matches!(attribute, Attribute::Value(_))), "{shown:?}");
            assert_eq!(shown.len(), 1, "the control: what is not secret is shown");
        });
    });
}

#[test]
fn threads_take_turns() {
    in_token("pkcs11::threads_take_turns", || {
        let kek = token().generate(b"kek", 0).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let case = Case::new(deployment());
                        assert_eq!(case.unwrap(&case.wrap(&kek).unwrap(), &kek), Ok(()));
                    }
                });
            }
        });
        assert_eq!(kek.wraps(), 160);
    });
}

/// By the key, not by the handle: two versions of one id share its 2³¹.
#[test]
fn wraps_are_counted_by_key() {
    in_token("pkcs11::wraps_are_counted_by_key", || {
        let (token, case) = (token(), Case::new(deployment()));
        let (kek, other) = (token.generate(b"kek", 0).unwrap(), token.generate(b"other", 0).unwrap());
        let newer = token.key(b"kek", 1).unwrap();
        case.wrap(&kek).unwrap();
        case.wrap(&newer).unwrap();
        case.unwrap(&case.wrap(&kek).unwrap(), &kek).unwrap();
        assert_eq!((kek.wraps(), newer.wraps(), other.wraps()), (3, 3, 0));
    });
}
