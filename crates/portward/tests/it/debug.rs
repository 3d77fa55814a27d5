//! What is printed, pinned: no key, no token, no input.

use insta::assert_snapshot;
use portward::*;

use crate::common::*;

fn masked(text: impl core::fmt::Debug) -> String {
    let text = format!("{text:?}");
    let mut shown = String::new();
    let mut digits = String::new();
    for letter in text.chars().chain(['\0']) {
        if letter.is_ascii_hexdigit() && !letter.is_ascii_uppercase() {
            digits.push(letter);
            continue;
        }
        shown.push_str(if digits.len() >= 8 { "<hex>" } else { &digits });
        digits.clear();
        shown.push(letter);
    }
    shown.trim_end_matches('\0').to_owned()
}

#[test]
fn debug_shows_no_secret() {
    let mut world = World::new();
    world.sync(NOW);
    let link = world.link("studio", "42");
    let access = world.verifier().verify_link(link.text(), NOW).unwrap();
    assert_snapshot!(masked(&*world.keyring), @"Keyring { deployment: DeploymentId(<hex>), roots: [(RootId(<hex>), Active)] }");
    assert_snapshot!(masked(&link), @"IssuedToken(<hex>, expires 2026-03-01T14:40:00Z)");
    assert_snapshot!(masked(&access), @"LinkAccess(Access { kind: Link, token_id: <hex>, tenant: Identifier(studio), client: Identifier(42), expires_at: 2026-03-01T14:40:00Z, permissions: Permissions(<hex>), resources: All, .. })");
    assert_snapshot!(masked(UntrustedLink::parse(link.text()).unwrap()), @"UntrustedLink(..)");
    assert_snapshot!(masked(&*world.follower.cell().load()), @"RevocationView { stamp: Some(Stamp { incarnation: Incarnation(<hex>), sequence: 0 }), entries: 0, .. }");
    let sealed = SealedKeyring::seal(&world.keyring, b"passphrase", PassphraseCost::new(8, 1, 1).unwrap()).unwrap();
    let opened = sealed.open(b"passphrase").unwrap();
    assert_snapshot!(masked(&opened), @"Unsealed { deployment: None, keyring: Keyring { deployment: DeploymentId(<hex>), roots: [(RootId(<hex>), Active)] } }");
    let key = envelope::DataKey::generate(&world.deployment.id, id("studio"), "file:1".parse().unwrap()).unwrap();
    assert_snapshot!(masked(&key), @"DataKey { id: <hex>, tenant: Identifier(studio), scope: DataScope(file:1), .. }");
    let kek = envelope::TenantKek::generate(&world.deployment.id, id("studio")).unwrap();
    assert_snapshot!(masked(&kek), @"TenantKek(KekName(Tenant <hex> v1))");
    let context = envelope::Context::new(&id("studio"), "clients.phone", "+49 30 1234").unwrap();
    assert_snapshot!(masked(&context), @r#"Context { tenant: Identifier(studio), keys: ["id", "name", "tenant"] }"#);
    for shown in [format!("{:?}", world.keyring), format!("{link:?}{access:?}"), format!("{opened:?}")] {
        assert!(!shown.contains("pwk1_") && !shown.contains("pwl_A"), "{shown}");
    }
}

#[test]
fn errors_say_one_sentence() {
    let world = World::new();
    let stale = verify(&world.verifier(), world.link("studio", "42").text(), NOW).unwrap_err();
    assert_snapshot!(format!("{stale:?} | {stale}"), @"VerifyError(view_stale, public: refused) | the view is too old to vouch for anything");
    let damaged = verify(&world.verifier(), "pwl_AAAA", NOW).unwrap_err();
    assert_snapshot!(format!("{damaged:?} | {damaged} | {:?}", damaged.audience()), @"VerifyError(too_short, public: damaged) | the text is shorter than a token can be | Input");
    assert_eq!((stale.public(), damaged.public()), (PublicAnswer::Refused, PublicAnswer::Damaged));
}

/// Each code names one thing, is written the same way, and stands in the specification or belongs to the API alone.
#[test]
fn codes_are_stable_and_distinct_within_an_operation() {
    fn codes<E: Copy>(all: &[E], code: impl Fn(E) -> &'static str) -> Vec<&'static str> {
        let codes: Vec<_> = all.iter().map(|error| code(*error)).collect();
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len(), "{codes:?}");
        assert!(
            codes.iter().all(|code| code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit()))
        );
        codes
    }
    let specified = [
        codes(FormError::ALL, FormError::code),
        codes(RefusalError::ALL, RefusalError::code),
        codes(RevocationError::ALL, RevocationError::code),
        codes(FeedError::ALL, FeedError::code),
        codes(AllowError::ALL, AllowError::code),
        codes(IdentifierError::ALL, IdentifierError::code),
        codes(NarrowError::ALL, NarrowError::code),
        codes(envelope::ContextError::ALL, envelope::ContextError::code),
        codes(envelope::IndexError::ALL, envelope::IndexError::code),
        codes(envelope::OpenError::ALL, envelope::OpenError::code),
    ];
    let spec = ["keys", "token", "revocation", "envelope"]
        .map(|page| std::fs::read_to_string(format!("{}/../../spec/{page}.md", env!("CARGO_MANIFEST_DIR"))).unwrap())
        .concat();
    // That there are no random bytes is said by a machine, and by no page.
    for code in specified.iter().flatten().filter(|code| **code != "random_unavailable") {
        assert!(spec.contains(&format!("`{code}`")), "{code} is in no page");
    }
    codes(KeyringError::ALL, KeyringError::code);
    codes(SealedError::ALL, SealedError::code);
    codes(IssueError::ALL, IssueError::code);
    codes(AuthorityError::ALL, AuthorityError::code);
    codes(VerifierError::ALL, VerifierError::code);
    codes(envelope::DataScopeError::ALL, envelope::DataScopeError::code);
    codes(envelope::KekError::ALL, envelope::KekError::code);
    codes(envelope::SealError::ALL, envelope::SealError::code);
    codes(envelope::WrappedError::ALL, envelope::WrappedError::code);
}
