//! The KEKs that the core has itself are held to the suite as well.

use portward::envelope::{RootKeks, TenantKek, TenantKeks};
use portward::{KeyState, Keyring, Timestamp};

use crate::suite::{conforms, deployment};

#[test]
fn the_keyring_conforms() {
    let deployment = deployment();
    let keks = || RootKeks::new(&Keyring::generate(&deployment, Timestamp::from_unix(1_770_000_000)).unwrap());
    let (first, second) = (keks(), keks());
    conforms(deployment, (&first, &first), (&second, &second));
}

#[test]
fn a_tenant_conforms() {
    let deployment = deployment();
    let keyring = Keyring::generate(&deployment, Timestamp::from_unix(1_770_000_000)).unwrap();
    let (root, tenant) = (RootKeks::new(&keyring), "acme".parse().unwrap());
    let first = TenantKek::generate(&deployment.id, tenant).unwrap();
    let second = first.rotate().unwrap().unwrap();
    let stored = |kek: &TenantKek, version| {
        let slot = kek.wrap(&root).unwrap();
        let again = TenantKek::unwrap(&deployment.id, &tenant, (kek.id(), version), &slot, None, &root).unwrap();
        TenantKeks::new([(again, KeyState::Active)], 1)
    };
    let (keks, others) = (stored(&first, 1), stored(&second, 2));
    conforms(deployment, (&first, &keks), (&second, &others));
}
