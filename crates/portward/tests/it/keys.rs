//! Keyrings: the states of a root, the three forms of the file, and what is made under a root besides tokens.

use std::time::Duration;

use crate::common::*;
use portward::*;
use serde_json::{Value, json};

fn cheap() -> PassphraseCost {
    PassphraseCost::new(8, 1, 1).unwrap()
}

#[test]
fn a_root_goes_through_its_states_in_their_order() {
    let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
    let mut keyring = Keyring::generate(&deployment, NOW.wall).unwrap();
    let first = keyring.roots().next().unwrap().id;
    let second = keyring.add(NOW.wall).unwrap();
    let states = |keyring: &Keyring| keyring.roots().map(|root| root.state).collect::<Vec<_>>();
    assert_eq!(states(&keyring), [KeyState::Active, KeyState::VerifyOnly]);
    assert_eq!(keyring.retire(first), Err(KeyringError::WrongState), "the active one is not retired");
    assert_eq!(
        (keyring.destroyable_from(first, &deployment), keyring.reinstate(second)),
        (None, Err(KeyringError::WrongState))
    );

    keyring.activate(second, NOW.wall).unwrap();
    assert_eq!(states(&keyring), [KeyState::VerifyOnly, KeyState::Active]);
    keyring.retire(first).unwrap();
    keyring.reinstate(first).unwrap();
    assert_eq!(keyring.destroy(first, &deployment, NOW.wall), Err(KeyringError::WrongState));
    keyring.retire(first).unwrap();
    let from = keyring.destroyable_from(first, &deployment).unwrap();
    assert!(from > NOW.wall.saturating_add(deployment.link.ceiling()));
    assert_eq!(keyring.destroy(first, &deployment, NOW.wall), Err(KeyringError::InUse));
    keyring.destroy(first, &deployment, from).unwrap();
    assert_eq!(states(&keyring), [KeyState::Destroyed, KeyState::Active]);

    let third = keyring.add(NOW.wall).unwrap();
    assert_eq!(keyring.dangerous_destroy_in_use(third), Err(KeyringError::WrongState));
    keyring.retire(third).unwrap();
    keyring.dangerous_destroy_in_use(third).unwrap();
    assert_eq!(keyring.retire(third), Err(KeyringError::WrongState), "what is destroyed stays so");
    assert_eq!(keyring.retire(World::new().keyring.roots().next().unwrap().id), Err(KeyringError::UnknownRoot));
}

#[test]
fn a_passphrase_opens_what_was_sealed_under_it() {
    let world = World::new();
    let text = |sealed: &SealedKeyring| String::from_utf8(sealed.to_json()).unwrap();
    let sealed = SealedKeyring::seal(&world.keyring, b"a passphrase", cheap()).unwrap();
    let read = SealedKeyring::from_json(text(&sealed).as_bytes()).unwrap();
    assert_eq!(read.purpose(), Purpose::Keyring);
    let opened = read.open(b"a passphrase").unwrap();
    assert_eq!((opened.keyring.to_json(), opened.deployment), (world.keyring.to_json(), None));

    let export = SealedKeyring::export_recovery(&world.deployment, &world.keyring, b"another", cheap()).unwrap();
    let opened = SealedKeyring::from_json(text(&export).as_bytes()).unwrap().open(b"another").unwrap();
    assert_eq!(opened.deployment.as_ref(), Some(&*world.deployment));
    assert_eq!((export.purpose(), opened.keyring.to_json()), (Purpose::Recovery, world.keyring.to_json()));

    let refused = |passphrase: &[u8]| sealed.open(passphrase).unwrap_err();
    assert_eq!(refused(b"a passphrasf"), UnsealError::Sealed(SealedError::WrongPassphrase));
    assert_eq!(refused(b""), UnsealError::Sealed(SealedError::PassphraseLength));
    assert_eq!(refused(&[b'x'; 1025]), UnsealError::Sealed(SealedError::PassphraseLength));
    assert_eq!(refused(&[0xFF]), UnsealError::Sealed(SealedError::PassphraseText));
    let error = refused(b"x");
    assert_eq!((error.code(), error.audience()), ("sealed_wrong_passphrase", Audience::Caller));
    assert_eq!(error.to_string(), "the passphrase is wrong");

    // An export as a keyring: the purpose is bound into the key.
    let confused = text(&export).replace("\"recovery\"", "\"keyring\"");
    assert!(SealedKeyring::from_json(confused.as_bytes()).unwrap().open(b"another").is_err());
    for (name, value, code) in
        [("version", json!(2), "sealed_newer_version"), ("salt", json!("AA"), "sealed_malformed")]
    {
        let mut other: Value = serde_json::from_slice(&sealed.to_json()).unwrap();
        other[name] = value;
        assert_eq!(SealedKeyring::from_json(other.to_string().as_bytes()).unwrap_err().code(), code);
    }
    let bounds = [(7, 1, 1), (1 << 21, 1, 1), (8, 0, 1), (8, 65, 1), (8, 1, 0), (8, 1, 17), (15, 1, 2)];
    assert!(
        bounds.iter().all(|(memory, iterations, lanes)| PassphraseCost::new(*memory, *iterations, *lanes).is_none())
    );
}

#[test]
fn rows_and_catalogues_are_believed_as_they_were_written() {
    let (world, other) = (World::new(), World::new());
    let fields = [("id", RowValue::Bytes(&[1; 16])), ("label", RowValue::Text("x")), ("uses", RowValue::Absent)];
    let row = Row { table: "links", fields: &fields };
    let mac = world.keyring.mac_row(&row).unwrap();
    assert_eq!(world.keyring.check_row(&row, &mac), Ok(()));
    assert_eq!(other.keyring.check_row(&row, &mac), Err(RowError::UnknownRoot));
    let changed = [("id", RowValue::Bytes(&[1; 16])), ("label", RowValue::Text("x")), ("uses", RowValue::Number(0))];
    assert_eq!(world.keyring.check_row(&Row { table: "links", fields: &changed }, &mac), Err(RowError::Forged));
    assert_eq!(world.keyring.check_row(&Row { table: "chains", fields: &fields }, &mac), Err(RowError::Forged));
    let long = "x".repeat(65_536);
    assert_eq!(world.keyring.mac_row(&Row { table: &long, fields: &[] }), Err(RowError::TooLong));

    let mac = world.keyring.mac_catalogue(b"entries").unwrap();
    assert_eq!(world.keyring.check_catalogue(b"entries", &mac), Ok(()));
    assert_eq!(world.keyring.check_catalogue(b"entriez", &mac), Err(RowError::Forged));
    assert_eq!(other.keyring.check_catalogue(b"entries", &mac), Err(RowError::UnknownRoot));
}

#[test]
fn a_deployment_is_read_as_it_was_written() {
    let mut deployment = Deployment::generate(Vocabulary::portal()).unwrap();
    let (hour, day) = (Duration::from_secs(3600), Duration::from_secs(86_400));
    deployment.session = Lifetimes::new(hour, day).unwrap();
    let read = Deployment::from_json(&deployment.to_json()).unwrap();
    assert_eq!((&read, read.session.default_lifetime(), read.session.ceiling()), (&deployment, hour, day));
    assert_eq!(Lifetimes::new(day, hour), Err(DeploymentError::Malformed));
    assert_eq!(Lifetimes::new(Duration::ZERO, hour), Err(DeploymentError::Malformed));
    assert_eq!(Lifetimes::new(hour, Duration::from_secs(1 << 40)), Err(DeploymentError::Malformed));
    assert_eq!(Deployment::from_json(b"{}"), Err(DeploymentError::Malformed));
}

#[test]
fn what_goes_by_is_summed() {
    let mut checksum = Checksum::new();
    checksum.update(b"ab");
    let other = checksum.clone();
    checksum.update(b"c");
    let sum = checksum.finish();
    assert_eq!((&sum[..4], other.finish() == sum), (&[0xba, 0x78, 0x16, 0xbf][..], false));
    assert_eq!(format!("{:?}", Checksum::new()), "Checksum(..)");
}

#[test]
fn the_clocks_of_the_system_go_forward() {
    let (before, after) = (SystemClock.now(), SystemClock.now());
    assert!(before.steady <= after.steady && after.steady.millis() - before.steady.millis() < 60_000);
    assert!(before.wall >= Timestamp::from_unix(1_700_000_000));
    assert_eq!(Now::at(before.wall), Now { wall: before.wall, steady: Steady::from_millis(0) });
    assert_eq!(Timestamp::from_unix(0).to_string(), "1970-01-01T00:00:00Z");
    assert_eq!(Timestamp::from_unix(u64::MAX).to_string(), u64::MAX.to_string());
}
