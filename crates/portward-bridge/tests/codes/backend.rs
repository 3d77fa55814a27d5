//! Of the back ends: `bindings/codes.txt`, in which each variant of each public error of the core, the store and HTTP has its part.

use std::io;
use std::path::PathBuf;

use portward::envelope::{
    ContextError, DataScopeError, IndexError, KekError, OpenError, SealError, UnwrapKeyringError, WrappedError,
};
use portward::{
    AllowError, AuthorityError, DeploymentError, FeedError, FeedRequestError, FormError, IdentifierError, IssueError,
    KeyringError, NarrowError, NarrowingError, NonceError, RandomError, RefusalError, RevocationError, RowError,
    ScopeError, SealedError, UnsealError, VerifierError, VerifyError, VocabularyError,
};
use portward_bridge::Error;
use portward_http::{RequestError, RulesError};
use portward_store::database::{DatabaseError, LocationError};
use portward_store::events::SinkError;
use portward_store::files::{FileError, FilesError};
use portward_store::keys::KeyStoreError;
use portward_store::objects::ObjectError;
use portward_store::store::StoreError;

use crate::told::{Told, public_errors};

/// Public errors that reach no back end in another language, and why.
const LEFT_OUT: [(&str, &str); 6] = [
    ("AwsKmsError", "of Rust and of the command: other languages bring their own client"),
    ("BackupError", "of the command, which makes backups"),
    ("ClientError", "of who holds a link: `bindings/mobile/codes.txt`"),
    ("StoredError", "of resources in bytes, which no language gives"),
    ("TokenError", "of Rust and of the command: no language has such KEKs"),
    ("VaultError", "of who holds a link: `bindings/mobile/codes.txt`"),
];

/// What the bridge finds wrong by itself.
const OF_THE_BRIDGE: [(&str, &str); 19] = [
    ("closed", "InvalidValue"),
    ("directory_unsupported", "InvalidValue"),
    ("follows_lists", "InvalidValue"),
    ("forked", "Unavailable"),
    ("id_malformed", "InvalidValue"),
    ("index_parameters", "InvalidValue"),
    ("kek_required", "InvalidValue"),
    ("limit_zero", "InvalidValue"),
    ("link_state", "InvalidValue"),
    ("no_threads", "Unavailable"),
    ("not_a_copy", "InvalidValue"),
    ("not_a_link", "InvalidValue"),
    ("other_question", "InvalidValue"),
    ("page_malformed", "InvalidValue"),
    ("passphrase_required", "InvalidValue"),
    ("stamp_malformed", "InvalidValue"),
    ("stream_over", "InvalidValue"),
    ("unknown_refusal", "InvalidValue"),
    ("unknown_text", "InvalidValue"),
];

fn told() -> Told {
    let mut told = Told::default();
    for (code, of) in OF_THE_BRIDGE {
        told.listing.add(code, of);
    }
    told.arguments(IdentifierError::ALL);
    told.arguments(VocabularyError::ALL);
    told.arguments(DataScopeError::ALL);
    told.arguments(&[LocationError::Form, LocationError::Memory, LocationError::Parameter, LocationError::Tls]);
    told.all(IdentifierError::ALL);
    told.all(VocabularyError::ALL);
    told.all(DeploymentError::ALL);
    told.all(RandomError::ALL);
    told.all(NarrowError::ALL);
    told.all(NarrowingError::ALL);
    told.all(AllowError::ALL);
    told.all(NonceError::ALL);
    told.all(ContextError::ALL);
    told.all(SealError::ALL);
    told.all(OpenError::ALL);
    told.all(IndexError::ALL);
    told.all(ScopeError::ALL);
    told.all(RulesError::ALL);
    told.all(VerifierError::ALL);
    told.within(FormError::ALL, VerifyError::from);
    // Those of a token whose text is whole, which only a token makes: `VerifyError` is refused, whatever the reason.
    let refused = || VerifyError::from(FormError::TooShort);
    for error in RefusalError::ALL {
        told.by_hand::<RefusalError>(error.code(), &format!("{error:?}"), refused());
    }
    for error in RevocationError::ALL {
        told.by_hand::<RevocationError>(error.code(), &format!("{error:?}"), refused());
    }
    // The reasons of answers: a guard's exception carries them.
    for error in RequestError::ALL {
        told.by_hand::<RequestError>(error.code(), &format!("{error:?}"), refused());
    }
    files(&mut told);
    stores(&mut told);
    told
}

fn files(told: &mut Told) {
    let path = PathBuf::new;
    told.within(KeyringError::ALL, UnsealError::Keyring);
    told.within(DeploymentError::ALL, UnsealError::Deployment);
    told.within(SealedError::ALL, UnsealError::Sealed);
    told.all(KeyringError::ALL);
    told.all(SealedError::ALL);
    told.within(FileError::ALL, |error| FilesError::File(path(), error));
    told.within(DeploymentError::ALL, |error| FilesError::Deployment(path(), error));
    told.within(KeyringError::ALL, |error| FilesError::Keyring(path(), error));
    told.within(SealedError::ALL, |error| FilesError::Sealed(path(), error));
    told.within(WrappedError::ALL, |error| FilesError::Wrapped(path(), error));
    told.within(WrappedError::ALL, UnwrapKeyringError::Wrapped);
    told.within(KeyringError::ALL, UnwrapKeyringError::Keyring);
    told.within(FeedError::ALL, |error| FilesError::View(path(), error));
    told.within(AuthorityError::ALL, FilesError::Save);
    told.all(&[
        FilesError::WrongLock(path()),
        FilesError::StoreDecides(path(), String::new()),
        FilesError::Sink(sink()),
    ]);
}

fn stores(told: &mut Told) {
    let database = [
        DatabaseError::ReadOnly,
        DatabaseError::TimedOut,
        DatabaseError::Full,
        DatabaseError::Permissions,
        DatabaseError::Uninitialised,
        DatabaseError::Newer,
        DatabaseError::Schema,
    ];
    told.all(&database);
    // Each holds an error of the database's own.
    told.by_hand::<DatabaseError>("store_unavailable", "Unavailable", DatabaseError::TimedOut);
    told.by_hand::<DatabaseError>("store_denied", "Denied", DatabaseError::TimedOut);
    told.within(RowError::ALL, StoreError::Row);
    told.within(FeedError::ALL, StoreError::Feed);
    told.within(FeedRequestError::ALL, StoreError::Request);
    told.within(AuthorityError::ALL, StoreError::Authority);
    told.within(NonceError::ALL, StoreError::Nonce);
    told.within(IssueError::ALL, StoreError::Issue);
    told.within(FormError::ALL, |error| StoreError::Verify(error.into()));
    told.all(FeedError::ALL);
    told.all(FeedRequestError::ALL);
    told.all(AuthorityError::ALL);
    told.all(IssueError::ALL);
    told.all(&[
        StoreError::Database(DatabaseError::Full),
        StoreError::Malformed,
        StoreError::Restored,
        StoreError::RolledBack,
        StoreError::Forked,
        StoreError::UnknownLink,
        StoreError::LinkDiffers,
        StoreError::LinkRevoked,
        StoreError::LinkSuspended,
        StoreError::LinkEnded,
        StoreError::Outdated,
        StoreError::UsesExhausted,
        StoreError::UnknownChain,
        StoreError::OverCeiling,
        StoreError::Label,
        StoreError::NothingLeft,
        StoreError::State,
        StoreError::Sink(sink()),
        StoreError::Random,
        StoreError::DeploymentsDiffer,
    ]);
    told.within(RowError::ALL, KeyStoreError::Row);
    told.within(KekError::ALL, KeyStoreError::Kek);
    told.within(OpenError::ALL, KeyStoreError::Key);
    told.all(&[
        KeyStoreError::Database(DatabaseError::Full),
        KeyStoreError::Malformed,
        KeyStoreError::Random,
        KeyStoreError::UnknownKey,
        KeyStoreError::Destroyed,
        KeyStoreError::Exists,
        KeyStoreError::WrongState,
        KeyStoreError::InUse,
        KeyStoreError::Minimum,
        KeyStoreError::IndexKey,
        KeyStoreError::KeyExhausted,
        KeyStoreError::TooLong,
        KeyStoreError::Contended,
        KeyStoreError::Sink(sink()),
        KeyStoreError::DeploymentsDiffer,
    ]);
    let failed = || io::Error::other("");
    for error in OpenError::ALL {
        object(told, ObjectError::Open(*error));
    }
    for error in SealError::ALL {
        object(told, ObjectError::Seal(*error));
    }
    object(told, ObjectError::Read(failed()));
    object(told, ObjectError::Write(failed()));
    // Of a medium that did not say that it has it, which is told by what is inside.
    told.listing.add("file_unsynced", "Unavailable");
}

fn sink() -> SinkError {
    SinkError::new(io::Error::other(""))
}

/// It is no `Clone`.
fn object(told: &mut Told, error: ObjectError) {
    told.variant(&error);
    told.listing.all(&[Error::from(error)]);
}

#[test]
fn every_code_is_listed() {
    told().listing.is_written_in("bindings/codes.txt");
}

/// By the listings of public items, which `cargo xtask api` writes, so that what is new there is found missing here.
#[test]
fn every_public_error_is_told_with_each_variant() {
    let Told { variants: told, .. } = told();
    let public = public_errors();
    assert!(public.len() > 40, "{public:?}");
    for (error, variants) in &public {
        if LEFT_OUT.iter().any(|(left_out, _)| left_out == error) {
            continue;
        }
        // Its reason is private, and three of these.
        if error != "VerifyError" {
            assert_eq!(told.get(&**error), Some(variants), "{error}");
        }
    }
    for (left_out, _) in LEFT_OUT {
        assert!(public.contains_key(left_out) && !told.contains_key(left_out), "{left_out}");
    }
}
