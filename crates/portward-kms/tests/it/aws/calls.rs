//! How a provider is called: what it asks, from where, and what it does not take.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fmt, fs, thread};

use portward::envelope::{KekError, UnwrapKey as _, WrapKey as _};
use portward_kms::aws_sdk_kms::Config;
use portward_kms::aws_sdk_kms::config::interceptors::BeforeTransmitInterceptorContextRef;
use portward_kms::aws_sdk_kms::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use portward_kms::aws_sdk_kms::error::BoxError;
use portward_kms::{AwsKms, AwsKmsError};

use super::fake::{Answer, Fake, KEY_ID, member};
use super::{DEADLINE, at, config, hurried, patient};
use crate::suite::{Case, deployment};

#[test]
fn key_and_context_are_named_both_ways() {
    let (fake, case) = (Fake::start(), Case::new(deployment()));
    let kek = AwsKms::new(&at(&fake.endpoint()), patient()).unwrap().key(KEY_ID).unwrap();
    let slot = case.wrap(&kek).unwrap();
    assert_eq!((slot.kek().id(), slot.kek().version()), (KEY_ID.as_bytes(), 0));
    assert_eq!(slot.wrapped(), b"ciphertext");
    case.unwrap(&slot, &kek).unwrap();
    let requests = fake.requests();
    let operations: Vec<&str> = requests.iter().map(|(operation, _)| &**operation).collect();
    assert_eq!(operations, ["Encrypt", "Decrypt"]);
    for (_, body) in &requests {
        assert_eq!(member(body, "KeyId"), Some(KEY_ID));
        assert_eq!(member(body, "EncryptionAlgorithm"), Some("SYMMETRIC_DEFAULT"));
        assert_eq!(member(body, "portward"), Some("portward/v1/wrap-data"));
        assert_eq!(member(body, "deployment"), Some(&*case.deployment.id.to_string()));
        assert_eq!(member(body, "binding").unwrap().len(), 64);
    }
    assert_eq!(member(&requests[1].1, "CiphertextBlob"), Some("Y2lwaGVydGV4dA=="));
    let bindings = requests.iter().map(|(_, body)| member(body, "binding"));
    assert!(bindings.collect::<Vec<_>>().windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn inside_a_runtime_and_outside() {
    let (fake, case) = (Fake::start(), Case::new(deployment()));
    let kek = || AwsKms::new(&at(&fake.endpoint()), patient()).unwrap().key(KEY_ID).unwrap();
    let outside = kek();
    let slot = case.wrap(&outside).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Made, used and dropped in here, and used where it was not made.
        let inside = kek();
        assert_eq!(case.unwrap(&slot, &inside), Ok(()));
        assert_eq!(case.unwrap(&slot, &outside), Ok(()));
        drop(inside);
    });
    assert_eq!(case.unwrap(&slot, &outside), Ok(()));
}

#[test]
fn calls_of_several_threads_run_side_by_side() {
    let (fake, case) = (Fake::start(), Case::new(deployment()));
    let kek = |options| AwsKms::new(&at(&fake.endpoint()), options).unwrap().key(KEY_ID).unwrap();
    let (patient, kek) = (kek(patient()), kek(hurried()));
    let slot = case.wrap(&patient).unwrap();
    fake.answers(Answer::Never);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(case.unwrap(&slot, &kek).is_err()));
        }
    });
    assert!(start.elapsed() < DEADLINE * 7 / 2, "in a row they would take four deadlines");
    fake.answers(Answer::Honest);
    assert_eq!(case.unwrap(&slot, &patient), Ok(()), "the control");
}

/// Does something on the provider's thread, right before a request goes out.
struct Before<F>(F);

impl<F: Fn() + Send + Sync> Intercept for Before<F> {
    fn name(&self) -> &'static str {
        "before"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        (self.0)();
        Ok(())
    }
}

impl<F> fmt::Debug for Before<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Before")
    }
}

#[test]
fn the_deadline_holds_although_the_thread_is_blocked() {
    let (fake, case) = (Fake::start(), Case::new(deployment()));
    let blocked = |time, options| {
        let config = config().endpoint_url(fake.endpoint()).interceptor(Before(move || thread::sleep(time))).build();
        AwsKms::new(&config, options).unwrap().key(KEY_ID).unwrap()
    };
    assert!(case.wrap(&blocked(Duration::ZERO, patient())).is_ok(), "the control");
    let start = Instant::now();
    assert_eq!(case.wrap(&blocked(4 * DEADLINE, hurried())), Err(KekError::Unavailable));
    assert!(start.elapsed() < 4 * DEADLINE);
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_ends_with_its_provider() {
    let (fake, seen) = (Fake::start(), Arc::new(Mutex::new(PathBuf::new())));
    let sees = Arc::clone(&seen);
    let look = move || *sees.lock().unwrap() = Path::new("/proc").join(fs::read_link("/proc/thread-self").unwrap());
    let config = config().endpoint_url(fake.endpoint()).interceptor(Before(look)).build();
    let kek = AwsKms::new(&config, patient()).unwrap().key(KEY_ID).unwrap();
    Case::new(deployment()).wrap(&kek).unwrap();
    let thread = seen.lock().unwrap().clone();
    assert_eq!(fs::read_to_string(thread.join("comm")).unwrap(), "portward-kms\n", "the control");
    drop(kek);
    let start = Instant::now();
    while thread.exists() {
        assert!(start.elapsed() < Duration::from_secs(30), "it is still there");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn only_key_ids_are_taken() {
    let kms = AwsKms::new(&at("http://127.0.0.1:1"), hurried()).unwrap();
    let longest = "a".repeat(64);
    for id in [KEY_ID, "mrk-1234abcd12ab34cd56ef1234567890ab", "a", &longest] {
        let kek = kms.key(id).unwrap();
        assert_eq!(kek.kek().id(), id.as_bytes());
        assert!(kek.resolves(&kek.kek()));
        assert!(!kek.resolves(&kms.key("another").unwrap().kek()));
    }
    let arn = "arn:aws:kms:eu-central-1:1:key/a";
    for id in
        ["", "alias/portward", "arn:aws:kms:eu-central-1:1:alias/a", arn, &"a".repeat(65), "a b", "a:b", "a/b", "ä"]
    {
        assert_eq!(kms.key(id).err(), Some(AwsKmsError::KeyId), "{id}");
    }
}

#[test]
fn a_configuration_without_a_region_is_said_at_once() {
    assert!(AwsKms::new(&config().build(), hurried()).is_ok(), "the control");
    assert_eq!(AwsKms::new(&config().region(None::<Region>).build(), hurried()).err(), Some(AwsKmsError::Region));
    // Nor does one without a behaviour version panic, as the service's own client does.
    assert!(AwsKms::new(&Config::builder().region(Region::new("eu-central-1")).build(), hurried()).is_ok());
}
