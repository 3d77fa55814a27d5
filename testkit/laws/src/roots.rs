//! A keyring of roots that are each good or bad in their way is refused with the page's first reason, or is what was written.
//! `spec/keys.md` section 5.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use portward::Keyring;
use portward_test_vectors::Vectors;
use serde_json::{Value, json};

use crate::file;
use crate::world::WORLD;

/// Those of the vectors' keyring that have their keys.
static ROOTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let fixtures = Vectors::read("portward", "token").fixtures;
    let roots = fixtures["keyrings"]["main"]["roots"].as_array().unwrap();
    roots.iter().filter(|root| root["key"].is_string()).cloned().collect()
});

const STATES: [&str; 5] = ["active", "verify_only", "retired", "destroyed", "lost"];

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let roots = (0..input.int_in_range(0..=6)?).map(|place| root(input, place)).collect::<Result<Vec<_>>>()?;
    let file = json!({
        "format": "portward-keyring",
        "version": 1,
        "deployment": WORLD.deployment.id.to_string(),
        "roots": roots,
    });
    let file = file.to_string();
    let read = Keyring::from_json(file.as_bytes(), &WORLD.deployment);
    assert_eq!(read.as_ref().err().map(|error| error.code()), fault(&roots));
    if let Ok(keyring) = read {
        let written: Value = serde_json::from_slice(&keyring.to_json()).unwrap();
        assert_eq!(written["roots"], Value::from(roots));
    }
    file::keyring(file.as_bytes());
    Ok(())
}

/// The first is active and the others are not, if the input does not say otherwise.
fn root(input: &mut Unstructured<'_>, place: usize) -> Result<Value> {
    let mut root = ROOTS[place % ROOTS.len()].clone();
    root["state"] = STATES[usize::from(place > 0)].into();
    let other = input.choose(&ROOTS)?;
    match input.int_in_range(0..=15u8)? {
        0 => root["id"] = other["id"].clone(),
        1 => root["key"] = other["key"].clone(),
        2 => root["check"] = other["check"].clone(),
        3 => root = other.clone(),
        4 => root["key"] = Value::Null,
        5 => root["last_active"] = input.int_in_range(0..=(1_u64 << 40))?.into(),
        6 => root["created"] = input.int_in_range((1_u64 << 40) - 1..=(1 << 40))?.into(),
        7..=9 => root["state"] = (*input.choose(&STATES)?).into(),
        _ => {}
    }
    if root["state"] == "destroyed" && input.ratio(3, 4)? {
        root["key"] = Value::Null;
    }
    Ok(root)
}

fn fault(roots: &[Value]) -> Option<&'static str> {
    let time = |time: &Value| time.as_u64().is_some_and(|time| time < 1 << 40);
    let is_of_form = |root: &Value| {
        let times = time(&root["created"]) && (root["last_active"].is_null() || time(&root["last_active"]));
        times && root["state"] != "lost" && root["key"].is_null() == (root["state"] == "destroyed")
    };
    let is_checked = |root: &Value| {
        let known = |one: &Value| ["id", "key", "check"].iter().all(|name| one[*name] == root[*name]);
        root["key"].is_null() || ROOTS.iter().any(known)
    };
    let is_twice = |root: &Value| roots.iter().filter(|other| other["id"] == root["id"]).count() > 1;
    match () {
        () if !roots.iter().all(is_of_form) => Some("keyring_malformed"),
        () if roots.iter().any(is_twice) => Some("keyring_duplicate_id"),
        () if roots.iter().filter(|root| root["state"] == "active").count() != 1 => Some("keyring_no_active_root"),
        () if !roots.iter().all(is_checked) => Some("keyring_check_mismatch"),
        () => None,
    }
}
