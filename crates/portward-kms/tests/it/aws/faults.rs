//! What a provider says when the service fails, and how long it takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portward::envelope::{DataKey, KekError, OpenError, Slot};
use portward_kms::{AwsKms, AwsKmsKek, AwsKmsOptions};

use super::fake::{Answer, Fake, KEY_ID};
use super::{DEADLINE, at, hurried, patient, within};
use crate::suite::{Case, deployment};

struct Scene {
    fake: Fake,
    case: Case,
    kek: AwsKmsKek,
    slot: Slot,
}

impl Scene {
    fn new() -> Self {
        let fake = Fake::start();
        let case = Case::new(deployment());
        let kek = kek(&fake, patient());
        let slot = case.wrap(&kek).unwrap();
        Self { fake, case, kek, slot }
    }

    /// Wrapping and unwrapping end as they should and in time, and right after that an honest answer is taken.
    fn meets(&self, answer: Answer, expected: KekError) {
        self.meets_by(&self.kek, answer, expected);
    }

    fn meets_by(&self, kek: &AwsKmsKek, answer: Answer, expected: KekError) {
        self.fake.answers(answer);
        let start = Instant::now();
        assert_eq!(self.case.wrap(kek).err(), Some(expected), "{answer:?}");
        assert_eq!(self.case.unwrap(&self.slot, kek), Err(OpenError::from(expected)), "{answer:?}");
        assert!(start.elapsed() < IN_TIME, "{answer:?}");
        self.control();
    }

    fn control(&self) {
        self.fake.answers(Answer::Honest);
        assert_eq!(self.case.wrap(&self.kek).unwrap(), self.slot);
        assert_eq!(self.case.unwrap(&self.slot, &self.kek), Ok(()), "the control");
    }
}

fn kek(fake: &Fake, options: AwsKmsOptions) -> AwsKmsKek {
    AwsKms::new(&at(&fake.endpoint()), options).unwrap().key(KEY_ID).unwrap()
}

/// Two deadlines of those who hurry, and some time for a machine that has other things to do. Who waited for what never comes would take 40 s.
const IN_TIME: Duration = Duration::from_secs(12);

#[test]
fn what_never_comes_is_unavailable() {
    let scene = Scene::new();
    let kek = kek(&scene.fake, hurried());
    scene.meets_by(&kek, Answer::Never, KekError::Unavailable);
    let (start, unwrap) = (Instant::now(), || scene.case.unwrap(&scene.slot, &kek));
    // In a hurry some answers are missed.
    let answered = std::iter::repeat_with(unwrap).find(|answer| answer.is_ok() || start.elapsed() > IN_TIME);
    assert_eq!(answered, Some(Ok(())), "the control");
}

#[test]
fn what_may_pass_is_unavailable() {
    let scene = Scene::new();
    for answer in [
        Answer::HangUp,
        Answer::Error(400, "ThrottlingException"),
        Answer::Error(400, "DependencyTimeoutException"),
        Answer::Error(400, "KMSInternalException"),
        Answer::Error(400, "KeyUnavailableException"),
        Answer::Error(500, "KMSInternalException"),
        Answer::Error(500, "SomethingNew"),
        Answer::Error(503, "ServiceUnavailable"),
        Answer::Raw(429, ""),
        Answer::Raw(500, ""),
        Answer::Raw(502, "<html>bad gateway</html>"),
    ] {
        scene.meets(answer, KekError::Unavailable);
    }
}

#[test]
fn all_else_is_refused() {
    let scene = Scene::new();
    for answer in [
        Answer::Error(400, "AccessDeniedException"),
        Answer::Error(400, "DisabledException"),
        Answer::Error(400, "KMSInvalidStateException"),
        Answer::Error(400, "InvalidCiphertextException"),
        Answer::Error(400, "IncorrectKeyException"),
        Answer::Error(400, "InvalidKeyUsageException"),
        Answer::Error(400, "NotFoundException"),
        Answer::Error(400, "UnrecognizedClientException"),
        Answer::Error(403, "AccessDeniedException"),
        Answer::Error(400, "SomethingNew"),
        Answer::Raw(400, "<html>"),
        Answer::Raw(200, "{"),
        Answer::Raw(200, "{}"),
        Answer::Raw(200, "no JSON at all"),
    ] {
        scene.meets(answer, KekError::Refused);
    }
}

#[test]
fn nobody_at_the_address_is_unavailable() {
    let scene = Scene::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let kek = AwsKms::new(&at(&format!("http://{closed}")), patient()).unwrap().key(KEY_ID).unwrap();
    assert_eq!(scene.case.wrap(&kek), Err(KekError::Unavailable));
    assert_eq!(scene.case.unwrap(&scene.slot, &kek), Err(OpenError::KekUnavailable));
    scene.control();
}

/// Well-formed answers about something else. The lengths of the plaintexts in base64: 31, 32, 33 bytes.
#[test]
fn an_answer_of_another_key_or_length_is_refused() {
    let scene = Scene::new();
    let id = r#""KeyId":"arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab""#;
    let other = r#""KeyId":"arn:aws:kms:eu-central-1:123456789012:key/00000000-12ab-34cd-56ef-1234567890ab""#;
    let near = r#""KeyId":"arn:aws:kms:eu-central-1:123456789012:key/x1234abcd-12ab-34cd-56ef-1234567890ab""#;
    let zeros = |id: &str, text: &str| {
        let body = format!(r#"{{{id},"CiphertextBlob":"Y2lwaGVydGV4dA==","Plaintext":"{text}"}}"#);
        Answer::Raw(200, String::leak(body))
    };
    let full = &format!("{}=", "A".repeat(43));
    for answer in [
        zeros(id, &format!("{}==", "A".repeat(42))),
        zeros(id, &"A".repeat(44)),
        zeros(id, ""),
        zeros(other, full),
        zeros(near, full),
        zeros(r#""Other":1"#, full),
    ] {
        scene.fake.answers(answer);
        assert_eq!(scene.case.unwrap(&scene.slot, &scene.kek), Err(OpenError::UnwrapFailed), "{answer:?}");
    }
    scene.fake.answers(zeros(other, full));
    assert_eq!(scene.case.wrap(&scene.kek), Err(KekError::Refused));
    scene.fake.answers(zeros(id, full));
    assert!(scene.case.wrap(&scene.kek).is_ok(), "the control");
    let (tenant, scope, key) = ("acme".parse().unwrap(), "file:1".parse().unwrap(), scene.case.key.id());
    let opened = DataKey::unwrap(&scene.case.deployment.id, tenant, scope, key, &scene.slot, None, &scene.kek);
    assert!(opened.is_ok(), "the control");
}

/// Whether the rest of an answer that was cut short could have come is not known: it is no denial.
#[test]
fn an_answer_that_is_cut_short_does_not_open() {
    let scene = Scene::new();
    scene.meets(Answer::CutShort, KekError::Unavailable);
}

#[test]
fn a_denial_is_never_served_from_a_stale_cache() {
    let scene = Scene::new();
    assert_eq!(scene.case.unwrap(&scene.slot, &scene.kek), Ok(()), "allowed");
    scene.fake.requests();
    scene.fake.answers(Answer::Error(400, "AccessDeniedException"));
    assert_eq!(scene.case.unwrap(&scene.slot, &scene.kek), Err(OpenError::UnwrapFailed), "denied at once");
    scene.fake.answers(Answer::Honest);
    assert_eq!(scene.case.unwrap(&scene.slot, &scene.kek), Ok(()), "allowed again at once");
    assert_eq!(scene.fake.requests().len(), 2, "each was asked, none twice");
}

/// A bounded number of attempts, and only where another one may help.
#[test]
fn what_may_pass_is_tried_again_and_a_denial_is_not() {
    let scene = Scene::new();
    let attempts = |answer, kek| {
        scene.fake.requests();
        scene.fake.answers(answer);
        assert!(scene.case.unwrap(&scene.slot, kek).is_err());
        scene.fake.requests().len()
    };
    assert_eq!(attempts(Answer::Error(500, "KMSInternalException"), &scene.kek), 2);
    let kek = kek(&scene.fake, within(4 * DEADLINE));
    assert_eq!(attempts(Answer::Never, &kek), 2, "one that hangs takes half of the deadline");
    assert_eq!(attempts(Answer::Error(400, "AccessDeniedException"), &scene.kek), 1);
    scene.control();
}

/// What is printed of a provider and its errors says nothing that was sent.
#[test]
fn nothing_of_a_key_is_printed() {
    let scene = Scene::new();
    scene.fake.requests();
    scene.case.unwrap(&scene.slot, &scene.kek).unwrap();
    let kms = Arc::new(AwsKms::new(&at(&scene.fake.endpoint()), hurried()).unwrap());
    let hex: String = KEY_ID.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(format!("{:?}", scene.kek), format!("AwsKmsKek(KekName(AwsKms {hex} v0))"));
    assert_eq!(format!("{kms:?}"), "AwsKms { deadline: 1.5s, .. }");
    scene.fake.answers(Answer::Error(400, "AccessDeniedException"));
    let error = scene.case.wrap(&scene.kek).unwrap_err();
    assert_eq!(format!("{error:?} {error}"), "Refused the provider of the KEK refused");
}
