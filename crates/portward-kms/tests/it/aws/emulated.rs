//! `winterbaume-kms`, inside this process: it looks at context, key and state.

use portward::envelope::{KekError, OpenError};
use portward_kms::AwsKmsKek;
use portward_kms::aws_sdk_kms::Config;
use winterbaume_core::MockAws;
use winterbaume_kms::KmsService;

use super::{Admin, config, kms};
use crate::suite::{Case, conforms, deployment};

/// An emulation of its own for each test.
fn emulation() -> Config {
    let mock = MockAws::builder().with_service(KmsService::new()).build();
    config().http_client(mock.http_client()).build()
}

fn with_key(act: impl FnOnce(&Admin, &str, AwsKmsKek)) {
    let config = emulation();
    let admin = Admin::new(config.clone());
    let id = admin.create_key();
    act(&admin, &id, kms(&config).key(&id).unwrap());
}

#[test]
fn an_emulated_kms_conforms() {
    let config = emulation();
    let (admin, kms) = (Admin::new(config.clone()), kms(&config));
    let key = || kms.key(&admin.create_key()).unwrap();
    let (kek, other) = (key(), key());
    conforms(deployment(), (&kek, &kek), (&other, &other));
}

#[test]
fn a_key_that_is_disabled_is_refused_at_once_and_enabled_again_at_once() {
    with_key(|admin, id, kek| {
        let case = Case::new(deployment());
        let slot = case.wrap(&kek).unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Ok(()), "the control");
        admin.runtime.block_on(admin.client.disable_key().key_id(id).send()).unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Err(OpenError::UnwrapFailed));
        assert_eq!(case.wrap(&kek), Err(KekError::Refused));
        admin.runtime.block_on(admin.client.enable_key().key_id(id).send()).unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Ok(()));
    });
}

#[test]
fn a_key_that_is_to_be_deleted_is_refused_at_once() {
    with_key(|admin, id, kek| {
        let case = Case::new(deployment());
        let slot = case.wrap(&kek).unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Ok(()), "the control");
        admin.runtime.block_on(admin.client.schedule_key_deletion().key_id(id).send()).unwrap();
        assert_eq!(case.unwrap(&slot, &kek), Err(OpenError::UnwrapFailed));
        assert_eq!(case.wrap(&kek), Err(KekError::Refused));
    });
}

#[test]
fn a_key_that_is_not_there_is_refused() {
    with_key(|_, id, kek| {
        let case = Case::new(deployment());
        assert!(case.wrap(&kek).is_ok(), "the control");
        let nobody = kms(&emulation()).key(id).unwrap();
        assert_eq!(case.wrap(&nobody), Err(KekError::Refused));
    });
}
