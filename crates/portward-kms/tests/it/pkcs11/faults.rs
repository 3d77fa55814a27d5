//! A token that is not there, is taken away, or is logged out.

use std::path::Path;
use std::sync::{Arc, Barrier};

use cryptoki::context::Pkcs11;
use cryptoki::object::Attribute;
use cryptoki::types::AuthPin;
use portward::envelope::{KekError, OpenError};
use portward_kms::{Pkcs11Options, Pkcs11Token, TokenError};

use super::softhsm::{LABEL, MODULE, PIN, in_token, other_hand, token, tokens};
use crate::suite::{Case, deployment};

#[test]
fn what_is_not_there_is_said() {
    in_token("pkcs11::faults::what_is_not_there_is_said", || {
        let open = |module: &str, label: &str| {
            Pkcs11Token::open(Path::new(module), label, AuthPin::new(PIN.into()), Pkcs11Options::default())
        };
        assert_eq!(open("/nowhere/module.so", LABEL).err(), Some(TokenError::Module));
        assert_eq!(open(MODULE, "another").err(), Some(TokenError::NoToken));
        let token = open(MODULE, LABEL).unwrap();
        assert_eq!(token.key(b"kek", 0).err(), Some(TokenError::NoKey));
        assert!(token.generate(b"kek", 0).is_ok());
        assert_eq!(token.generate(b"kek", 0).err(), Some(TokenError::Generate), "an id is there once");
        assert_eq!(token.generate(&[1; 65], 0).err(), Some(TokenError::Generate));
        assert!(token.key(b"kek", 0).is_ok());
    });
}

/// Each has looked before any of them made its own; afterwards there is one, or the token would know none of that id.
#[test]
fn many_that_make_one_key_at_once_make_one() {
    in_token("pkcs11::faults::many_that_make_one_key_at_once_make_one", || {
        let tokens: Vec<_> = (0..6).map(|_| token()).collect();
        tokens.iter().for_each(|token| drop(token.key(b"log in", 0)));
        for round in 0..20_u8 {
            let (id, start) = ([b'k', round], Barrier::new(tokens.len()));
            let made: Vec<_> = std::thread::scope(|scope| {
                let make = |token: &Arc<Pkcs11Token>| {
                    let (token, id, start) = (Arc::clone(token), &id, &start);
                    scope.spawn(move || {
                        start.wait();
                        token.generate(id, 0).err()
                    })
                };
                let makers: Vec<_> = tokens.iter().map(make).collect();
                makers.into_iter().map(|maker| maker.join().unwrap()).collect()
            });
            let count = made.iter().filter(|refused| refused.is_none()).count();
            assert!(count <= 1 && made.iter().flatten().all(|refused| *refused == TokenError::Generate), "{made:?}");
            other_hand(|session| {
                let found = session.find_objects(&[Attribute::Id(id.to_vec())]).unwrap();
                assert_eq!(found.len(), count, "round {round}");
            });
        }
    });
}

/// Tokens lock themselves after a few wrong PINs; a service that asks again and again must not bring that about.
#[test]
fn a_wrong_pin_is_offered_once() {
    in_token("pkcs11::faults::a_wrong_pin_is_offered_once", || {
        let (wrong, options) = (AuthPin::new("0000".into()), Pkcs11Options::default());
        let token = Pkcs11Token::open(Path::new(MODULE), LABEL, wrong, options).unwrap();
        assert_eq!(token.generate(b"kek", 0).err(), Some(TokenError::Pin));
        other_hand(|_| {
            // Logged in by somebody else, SoftHSM would not look at the PIN.
            assert_eq!(token.key(b"kek", 0).err(), Some(TokenError::Pin));
        });
        assert!(super::softhsm::token().generate(b"kek", 0).is_ok(), "the control");
    });
}

/// From the next call on: nothing that the token once allowed is kept.
#[test]
fn a_key_that_is_taken_away_is_refused_at_once() {
    in_token("pkcs11::faults::a_key_that_is_taken_away_is_refused_at_once", || {
        let (case, kek) = (Case::new(deployment()), token().generate(b"kek", 0).unwrap());
        let slot = case.wrap(&kek).unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Ok(()));
        other_hand(|session| {
            let keys = session.find_objects(&[Attribute::Id(b"kek".to_vec())]).unwrap();
            keys.into_iter().for_each(|key| session.destroy_object(key).unwrap());
        });
        assert_eq!(case.unwrap(&slot, &kek), Err(OpenError::UnwrapFailed));
        assert_eq!(case.wrap(&kek), Err(KekError::Refused));
    });
}

/// Whoever shares the module in this process can log everybody out.
#[test]
fn a_session_that_was_logged_out_logs_in_anew() {
    in_token("pkcs11::faults::a_session_that_was_logged_out_logs_in_anew", || {
        let (case, kek) = (Case::new(deployment()), token().generate(b"kek", 0).unwrap());
        let slot = case.wrap(&kek).unwrap();
        for _ in 0..3 {
            other_hand(|session| session.logout().unwrap());
            assert_eq!(case.unwrap(&slot, &kek), Ok(()));
        }
    });
}

/// A module that somebody has ended is out of reach; begun again, it knows nothing of the sessions from before.
#[test]
fn a_module_that_was_ended_is_unavailable_until_it_begins_again() {
    in_token("pkcs11::faults::a_module_that_was_ended_is_unavailable_until_it_begins_again", || {
        let (case, kek) = (Case::new(deployment()), token().generate(b"kek", 0).unwrap());
        let slot = case.wrap(&kek).unwrap();
        Pkcs11::new(MODULE).unwrap().finalize().unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Err(OpenError::KekUnavailable));
        assert_eq!(case.wrap(&kek), Err(KekError::Unavailable));
        other_hand(|_| ());
        assert_eq!(case.unwrap(&slot, &kek), Ok(()));
        // And once more, with a session that is still held.
        Pkcs11::new(MODULE).unwrap().finalize().unwrap();
        other_hand(|_| ());
        assert_eq!(case.unwrap(&slot, &kek), Ok(()));
    });
}

/// The token's files are gone below the module: it cannot tell that from a key that was destroyed, but nothing is opened.
#[test]
fn a_token_that_is_removed_opens_nothing() {
    in_token("pkcs11::faults::a_token_that_is_removed_opens_nothing", || {
        let (case, kek) = (Case::new(deployment()), token().generate(b"kek", 0).unwrap());
        let slot = case.wrap(&kek).unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Ok(()), "the control");
        for token in std::fs::read_dir(tokens()).unwrap() {
            std::fs::remove_dir_all(token.unwrap().path()).unwrap();
        }
        assert!(matches!(case.unwrap(&slot, &kek), Err(OpenError::UnwrapFailed | OpenError::KekUnavailable)));
    });
}
