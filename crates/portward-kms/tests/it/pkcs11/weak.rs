//! Keys of a token that are no KEKs.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use portward::envelope::KekError;
use portward_kms::TokenError;

use super::softhsm::{in_token, other_hand, token};
use crate::suite::{Case, deployment};

#[test]
fn a_key_that_may_leave_or_is_short_is_weak() {
    in_token("pkcs11::weak::a_key_that_may_leave_or_is_short_is_weak", || {
        let good = || {
            vec![
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::ValueLen(32_u64.into()),
            ]
        };
        let cases: [(&[u8], Attribute); 5] = [
            (b"extractable", Attribute::Extractable(true)),
            (b"in the clear", Attribute::Sensitive(false)),
            (b"cannot encrypt", Attribute::Encrypt(false)),
            (b"cannot decrypt", Attribute::Decrypt(false)),
            (b"short", Attribute::ValueLen(16_u64.into())),
        ];
        let generate = |id: &[u8], other: Option<&Attribute>| {
            let is_other = |own: &Attribute| other.is_none_or(|other| other.attribute_type() != own.attribute_type());
            let mut template: Vec<Attribute> = good().into_iter().filter(is_other).collect();
            template.extend(other.cloned().into_iter().chain([Attribute::Id(id.to_vec())]));
            other_hand(|session| assert!(session.generate_key(&Mechanism::AesKeyGen, &template).is_ok()));
        };
        let token = token();
        generate(b"good", None);
        assert!(token.key(b"good", 0).is_ok(), "the control");
        for (id, expected) in
            [(vec![1; 64], None), (vec![1; 65], Some(TokenError::NoKey)), (vec![], Some(TokenError::NoKey))]
        {
            generate(&id, None);
            assert_eq!(token.key(&id, 0).err(), expected, "an id that no slot can name");
        }
        for (id, other) in cases {
            generate(id, Some(&other));
            assert_eq!(token.key(id, 0).err(), Some(TokenError::WeakKey), "{other:?}");
        }
    });
}

/// One that was made elsewhere is a key all the same, if the token keeps it as its own.
#[test]
fn an_imported_key_has_to_be_kept_as_well() {
    in_token("pkcs11::weak::an_imported_key_has_to_be_kept_as_well", || {
        let import = |id: &[u8], sensitive| {
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(sensitive),
                Attribute::Extractable(!sensitive),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::Id(id.to_vec()),
                Attribute::Value(vec![7; 32]),
            ];
            other_hand(|session| assert!(session.create_object(&template).is_ok()));
        };
        import(b"kept", true);
        import(b"shown", false);
        assert!(token().key(b"kept", 0).is_ok());
        assert_eq!(token().key(b"shown", 0).err(), Some(TokenError::WeakKey));
    });
}

/// A key is looked at whenever it is used: another one may have taken its place under the id.
#[test]
fn a_weak_key_in_the_place_of_a_good_one_is_not_used() {
    in_token("pkcs11::weak::a_weak_key_in_the_place_of_a_good_one_is_not_used", || {
        let (case, kek) = (Case::new(deployment()), token().generate(b"kek", 0).unwrap());
        assert!(case.wrap(&kek).is_ok(), "the control");
        other_hand(|session| {
            let [key] = session.find_objects(&[Attribute::Id(b"kek".to_vec())]).unwrap()[..] else { panic!() };
            session.destroy_object(key).unwrap();
            let own = [Attribute::Token(true), Attribute::Encrypt(true), Attribute::Decrypt(true)];
            let shown = [Attribute::Sensitive(false), Attribute::Extractable(true), Attribute::Id(b"kek".to_vec())];
            let template = [own.as_slice(), &shown, &[Attribute::ValueLen(32_u64.into())]].concat();
            session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
        });
        assert_eq!(case.wrap(&kek), Err(KekError::Refused));
    });
}
