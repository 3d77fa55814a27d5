//! Every code that a holder can meet, and what it is about: `bindings/mobile/codes.txt`, which the packages for phones are tested against.

use portward::envelope::{ContextError, OpenError, SealError, VaultError};
use portward::{
    FormError, IdentifierError, NarrowError, NarrowingError, NonceError, RandomError, VerifyError, VocabularyError,
};
use portward_bridge::{Error, RedeemClient, Stop, UntrustedLink, Vault};
use portward_http::ClientError;

use crate::listing::{Listing, exception};

/// What the packages have of their own.
const THEIRS: [(&str, &str); 6] = [
    ("cancelled", "Cancelled"),
    ("internal", "Internal"),
    ("no_threads", "Unavailable"),
    ("source_unreadable", "Unavailable"),
    ("text_malformed", "InvalidValue"),
    ("time_out_of_range", "InvalidValue"),
];

#[test]
fn every_code_is_listed() {
    let mut listing = Listing::default();
    THEIRS.iter().for_each(|(code, of)| listing.add(code, of));
    listing.all(&FormError::ALL.iter().map(|error| VerifyError::from(*error)).collect::<Vec<_>>());
    listing.add("wrong_kind", "Refused");
    listing.all(NarrowError::ALL);
    listing.all(NarrowingError::ALL);
    listing.arguments(IdentifierError::ALL);
    listing.arguments(VocabularyError::ALL);
    listing.all(ClientError::ALL);
    listing.arguments(&[NonceError::CookieMalformed]);
    listing.all(RandomError::ALL);
    listing.all(ContextError::ALL);
    listing.all(SealError::ALL);
    listing.all(OpenError::ALL);
    listing.all(VaultError::ALL);
    listing.all(&[Stop::Cancelled, Stop::CallbackFailed]);
    listing.add("target_unwritable", "Unavailable");

    listing.is_written_in("bindings/mobile/codes.txt");
}

/// Some by what brings them about, so that the listing is of what is told, and not of what was meant.
#[test]
fn what_is_told_is_listed() {
    let listed = std::fs::read_to_string("../../bindings/mobile/codes.txt").unwrap();
    let is_listed = |error: &Error| {
        let line = listed.lines().find(|line| line.split(' ').next() == Some(error.code));
        line.is_some_and(|line| line.split(' ').skip(1).any(|of| of == exception(error)))
    };
    let session = RedeemClient::read_redeemed(200, br#"{"session":"pws_x","expires_at":1}"#).err().unwrap();
    let errors = [
        UntrustedLink::parse("pwl_").unwrap_err(),
        RedeemClient::new("http://portal.example").err().unwrap(),
        session,
        Vault::key_name_of(b"{}").unwrap_err(),
        Vault::clear_leftovers(std::path::Path::new("none")).unwrap_err(),
    ];
    for error in &errors {
        assert!(is_listed(error), "{error:?}");
    }
    assert!(!is_listed(&Error { code: "none", ..errors[0].clone() }), "the control");
}
