//! Laws of tokens: nothing forged passes, nothing narrowed widens, one text a token, no panic.

use crate::common::*;
use portward::*;
use proptest::prelude::*;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Of each form that is written in its own way: numbers, UUIDs, texts.
fn identifiers() -> impl Strategy<Value = Identifier> {
    let uuid = any::<u128>().prop_map(|bits| {
        let hex = format!("{bits:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        id(&parts.join("-"))
    });
    let text = "[!-~]{1,64}".prop_filter_map("an identifier", |text| text.parse().ok());
    prop_oneof![any::<u64>().prop_map(Identifier::from), uuid, text]
}

/// With the time it ends, if it says one.
fn narrowings() -> impl Strategy<Value = (Narrowing, Option<Timestamp>)> {
    let resources = proptest::collection::vec(0u64..6, 1..4);
    let expiry = NOW.wall.unix() - 10..NOW.wall.unix() + 400 * 86_400;
    let parts = (
        proptest::option::of(expiry),
        proptest::option::of(0usize..12),
        proptest::option::of(resources),
        any::<bool>(),
    );
    parts.prop_map(|(expiry, permission, resources, label)| {
        let mut narrowing = Narrowing::new();
        let expiry = expiry.map(Timestamp::from_unix);
        if let Some(time) = expiry {
            narrowing = narrowing.expires_at(time);
        }
        if let Some(index) = permission {
            let vocabulary = Vocabulary::portal();
            let names: Vec<_> = vocabulary.all().skip(index).map(str::to_owned).collect();
            narrowing = narrowing.permissions(vocabulary.expand(names).unwrap());
        }
        if let Some(resources) = resources {
            narrowing = narrowing.resources(resources.into_iter().map(Identifier::from)).unwrap();
        }
        if label || narrowing == Narrowing::new() {
            narrowing = narrowing.recipient("someone").unwrap();
        }
        (narrowing, expiry)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 256 } else { 20_000 }))]

    /// Any single change of a valid token's text is refused; the text itself is accepted.
    #[test]
    fn any_single_change_is_refused(narrow: bool, place: prop::sample::Index, with: prop::sample::Index) {
        let mut world = World::new();
        world.sync(NOW);
        let verifier = world.verifier();
        let mut text = world.link("studio", "42").text().to_owned();
        if narrow {
            text = UntrustedLink::parse(&text).unwrap().narrow(&Narrowing::new().seal()).unwrap();
        }
        prop_assert!(verify(&verifier, &text, NOW).is_ok());
        let mut changed = text.clone().into_bytes();
        let index = place.index(changed.len());
        let other: Vec<u8> = ALPHABET.iter().copied().filter(|letter| *letter != changed[index]).collect();
        changed[index] = other[with.index(other.len())];
        prop_assert!(verify(&verifier, std::str::from_utf8(&changed).unwrap(), NOW).is_err());
        let (mut shorter, mut longer) = (text.clone(), text.clone());
        shorter.remove(index);
        longer.insert(index, char::from(other[0]));
        prop_assert!(verify(&verifier, &shorter, NOW).is_err());
        prop_assert!(verify(&verifier, &longer, NOW).is_err());
    }

    /// Any single bit of a token, under a checksum that fits: a control beside each.
    #[test]
    fn any_single_bit_is_refused(narrow: bool, place: prop::sample::Index, bit in 0u8..8) {
        let mut world = World::new();
        world.sync(NOW);
        let verifier = world.verifier();
        let mut text = world.link("studio", "42").text().to_owned();
        if narrow {
            text = UntrustedLink::parse(&text).unwrap().narrow(&Narrowing::new().recipient("bob").unwrap()).unwrap();
        }
        prop_assert_eq!(&changed(&text, |_| {}), &text);
        prop_assert!(verify(&verifier, &text, NOW).is_ok());
        let forged = changed(&text, |bytes| {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        });
        prop_assert!(!["ok", "bad_checksum"].contains(&code(verify(&verifier, &forged, NOW))));
    }

    /// No sequence of blocks allows at any time what the link before it did not.
    #[test]
    fn no_block_widens(blocks in proptest::collection::vec(narrowings(), 1..=8), after in 0u64..100 * 86_400) {
        let mut world = World::new();
        let now = later(after);
        world.sync(now);
        let verifier = world.verifier();
        let vocabulary = Vocabulary::portal();
        let link = world.link("studio", "42");
        let (mut text, mut end) = (link.text().to_owned(), link.expires_at());
        let mut before = verify(&verifier, &text, now);
        let reads = before.as_ref().is_ok_and(|access| access.allow(world.permission("files:read")).is_ok());
        prop_assert_eq!(reads, now.wall < end, "the control");
        for (narrowing, expiry) in blocks {
            text = UntrustedLink::parse(&text).unwrap().narrow(&narrowing).unwrap();
            let narrowed = verify(&verifier, &text, now);
            end = expiry.map_or(end, |time| end.min(time));
            prop_assert_eq!(narrowed.is_ok(), now.wall < end, "only its time ends it");
            if let Ok(narrowed) = &narrowed {
                let before = before.as_ref().expect("what is dead stays dead");
                prop_assert!(narrowed.expires_at() <= before.expires_at());
                prop_assert_eq!((narrowed.tenant(), narrowed.client()), (before.tenant(), before.client()));
                for name in vocabulary.all() {
                    let permission = vocabulary.permission(name).unwrap();
                    prop_assert!(narrowed.allow(permission).is_err() || before.allow(permission).is_ok());
                    for resource in (0..7).map(Identifier::from) {
                        let wider = before.allow_on(permission, &resource).is_ok();
                        prop_assert!(narrowed.allow_on(permission, &resource).is_err() || wider);
                    }
                }
            }
            before = narrowed;
        }
    }

    /// Arbitrary text, and arbitrary bytes dressed as a token under a right checksum, at arbitrary times: an error, never a panic.
    #[test]
    fn arbitrary_input_never_panics(
        text in ".{0,1200}", bytes in proptest::collection::vec(any::<u8>(), 0..300),
        wall in prop_oneof![any::<u64>(), NOW.wall.unix() - 1000..NOW.wall.unix() + 1000], steady: u64,
    ) {
        let mut world = World::new();
        let verifier = world.verifier();
        let now = Now { wall: Timestamp::from_unix(wall), steady: Steady::from_millis(steady) };
        let own = world.link("studio", "42");
        let dressed = changed(own.text(), |token| token.splice(6.., bytes.iter().copied()).for_each(drop));
        let head = changed(own.text(), |token| {
            let place = token.len().min(6 + bytes.len());
            token[6..place].copy_from_slice(&bytes[..place - 6]);
        });
        let session = changed(&dressed.replacen("pwl_", "pws_", 1), |token| token[1] = 2);
        for text in [&text, &format!("pwl_{text}"), &dressed, &head, &session] {
            if text == own.text() {
                continue;
            }
            prop_assert!(verify(&verifier, text, now).is_err());
            prop_assert!(verify_session(&verifier, text, now).is_err());
            let _ = UntrustedLink::parse(text);
        }
        prop_assert!(verify(&verifier, own.text(), now).is_err(), "no live view was ever confirmed");
        world.sync(NOW);
        prop_assert!(verify(&verifier, own.text(), NOW).is_ok(), "the control");
    }

    /// A link says what was asked for, whatever that was.
    #[test]
    fn what_is_issued_is_what_is_verified(
        tenant in identifiers(), client in identifiers(), audience in proptest::option::of("[a-z]{1,20}"),
        lifetime in 1u64..=365 * 86_400, counters in any::<[u32; 3]>(),
    ) {
        let world = World::new();
        let mut request = LinkRequest::new(tenant, client, world.set(&["invoices:*"]))
            .lifetime(std::time::Duration::from_secs(lifetime));
        let audience = audience.map(|name| id(&name));
        if let Some(audience) = audience {
            request = request.audience(audience);
        }
        let generations = Generations { deployment: counters[0], tenant: counters[1], client: counters[2] };
        let link = world.issuer.issue_link(&request, generations, NOW.wall).unwrap();
        let options = VerifierOptions { audience, ..VerifierOptions::default() };
        let verifier = world.verifier_with(Revocation::None(NoRevocation), options);
        let (access, check) = verifier.verify_link_with_check(link.text(), NOW).unwrap();
        prop_assert_eq!((access.tenant(), access.client(), access.audience()), (&tenant, &client, audience.as_ref()));
        prop_assert_eq!(access.expires_at().unix() - access.issued_at().unix(), lifetime);
        prop_assert_eq!((access.generations(), access.token_id()), (generations, link.id()));
        prop_assert_eq!(access.permissions(), world.set(&["invoices:read", "invoices:pay"]));
        prop_assert_eq!(check, link.link_check());
    }
}

#[test]
fn a_token_has_one_text() {
    let mut world = World::new();
    world.sync(NOW);
    let verifier = world.verifier();
    let text = world.link("studio", "42").text().to_owned();
    assert!(verify(&verifier, &text, NOW).is_ok());
    let last = ALPHABET.iter().position(|letter| *letter == *text.as_bytes().last().unwrap()).unwrap();
    for other in [last ^ 1, last ^ 2, last ^ 3] {
        let twin = format!("{}{}", &text[..text.len() - 1], char::from(ALPHABET[other]));
        assert!(verify(&verifier, &twin, NOW).is_err(), "{twin}");
    }
    for twin in [format!("{text}="), format!(" {text}"), format!("{text}\n"), text.replace("pwl_", "PWL_")] {
        assert!(verify(&verifier, &twin, NOW).is_err(), "{twin:?}");
    }
}

#[test]
fn rubbish_of_any_length_costs_the_same_and_allocates_nothing() {
    let mut world = World::new();
    world.sync(NOW);
    let verifier = world.verifier();
    let rubbish = "pwl_".to_owned() + &"A".repeat(1 << 20);
    for length in [5, 100, 1024, 1025, 1 << 10, 1 << 20] {
        let text = &rubbish[..length];
        let measured = allocation_counter::measure(|| assert!(verify(&verifier, text, NOW).is_err()));
        assert_eq!(measured.count_total, 0, "{length} characters");
    }
    assert!(verify(&verifier, world.link("studio", "42").text(), NOW).is_ok(), "the control");
}

/// Forged tokens of a million tenants leave key cache and memory as they were, and so does every other refusal.
#[test]
fn a_refusal_allocates_nothing_and_a_forgery_leaves_nothing() {
    let mut world = World::new();
    let real = world.link("studio", "42");
    let forger = World::new();
    let revoked = world.link("studio", "43");
    let change = Change::Tenant(id("studio"), revoke(Unit::Link, revoked.id(), revoked.expires_at()));
    world.authority.commit(vec![change]).unwrap();
    world.sync(NOW);
    let verifier = world.verifier();
    assert!(verify(&verifier, real.text(), NOW).is_ok(), "the control, and the one key in the cache");
    let copies = UntrustedLink::parse(real.text()).unwrap();
    let old = copies.narrow(&Narrowing::new().recipient("Anna").unwrap().expires_at(NOW.wall)).unwrap();
    let rounds =
        if std::env::var_os("PORTWARD_LONG").is_some() || !cfg!(debug_assertions) { 1_000_000 } else { 20_000 };
    for round in 0..rounds {
        // Under a root that nobody has here, and under the one that signs, whose id every link tells.
        let tenant = format!("tenant-{round}");
        let unknown = forger.link(&tenant, "42").text().to_owned();
        let known = with_another_tag(world.link(&tenant, "42").text(), round % 32);
        for (forged, expected) in [(unknown, "unknown_root"), (known, "forged")] {
            let measured = allocation_counter::measure(|| assert_eq!(code(verify(&verifier, &forged, NOW)), expected));
            assert_eq!((measured.count_total, measured.count_current), (0, 0), "{expected}, round {round}");
        }
    }
    for (text, expected) in [(revoked.text(), "link_revoked"), (&old, "expired")] {
        let measured = allocation_counter::measure(|| assert_eq!(code(verify(&verifier, text, NOW)), expected));
        assert_eq!(measured.count_total, 0, "{expected}");
    }
    let measured = allocation_counter::measure(|| assert!(verify(&verifier, real.text(), NOW).is_ok()));
    assert_eq!(
        measured.count_total, 0,
        "the cached key is still there: deriving it again would have allocated its place"
    );
}

#[test]
fn a_uuid_link_is_short() {
    let world = World::new();
    let (tenant, client) = (id("c0a80101-7b1e-4b5e-9a57-2f6d3c1e0001"), id("c0a80101-7b1e-4b5e-9a57-2f6d3c1e0002"));
    let everything =
        world.deployment.vocabulary.expand(["files:*", "invoices:*", "messages:*", "profile:update"]).unwrap();
    let newest = Generations { deployment: u32::MAX, tenant: u32::MAX, client: u32::MAX };
    let usual =
        world.issuer.issue_link(&LinkRequest::new(tenant, client, everything), Generations::default(), NOW.wall);
    let longest = world.issuer.issue_link(&LinkRequest::new(tenant, client, everything), newest, NOW.wall);
    assert_eq!((usual.unwrap().text().len(), longest.unwrap().text().len()), (150, 166));
}
