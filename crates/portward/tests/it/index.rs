//! A blind index while one version takes the place of another.

use std::sync::Arc;

use portward::envelope::{DataKey, IndexError, IndexName, IndexRotation, Normaliser, ScopeKeys};
use portward::{Deployment, KeyState, Vocabulary};

const fn name(version: u8, normaliser: Normaliser) -> IndexName<'static> {
    IndexName { table: "clients", column: "phone", name: "exact", normaliser, bits: 15, version }
}

fn keys(scope: &str) -> ScopeKeys {
    let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
    let (tenant, scope) = ("acme".parse().unwrap(), scope.parse().unwrap());
    let key = DataKey::generate(&deployment.id, tenant, scope).unwrap();
    ScopeKeys::new(&deployment, tenant, key.scope().clone()).with_data_key(Arc::new(key), KeyState::Active)
}

#[test]
fn both_versions_are_looked_up_and_the_new_one_is_written() {
    let keys = keys("index:phone");
    let [old, same, new] = [(1, Normaliser::Digits), (1, Normaliser::Digits), (2, Normaliser::AsciiLowercase)]
        .map(|(version, normaliser)| keys.blind_index(&name(version, normaliser)).unwrap());
    let stored = old.of("+1 555").unwrap();
    assert_eq!(
        IndexRotation::new(keys.blind_index(&name(1, Normaliser::Digits)).unwrap(), same).unwrap_err(),
        IndexError::Parameters
    );

    let rotation = IndexRotation::new(old, new).unwrap();
    let written = rotation.of("+1 555").unwrap();
    assert_eq!(rotation.look_up("+1 555").unwrap(), [written.clone(), stored.clone()]);
    assert_eq!((rotation.is_new(&written), rotation.is_new(&stored)), (true, false));
    assert_eq!(rotation.look_up("none").unwrap().len(), 1, "the old one leaves nothing of it");
    assert_eq!(rotation.look_up(""), Err(IndexError::EmptyValue));
    assert_eq!(rotation.finish().of("+1 555").unwrap(), written);
}

#[test]
fn an_index_has_a_key_of_its_own_kind() {
    let digits = name(1, Normaliser::Digits);
    assert_eq!(keys("record:1").blind_index(&digits).unwrap_err(), IndexError::Scope);
    let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
    let none = ScopeKeys::new(&deployment, "acme".parse().unwrap(), "index:phone".parse().unwrap());
    assert_eq!(none.blind_index(&digits).unwrap_err(), IndexError::NoActiveKey);
}
