use std::time::{Duration, Instant};

use portward::envelope::{DataKey, KekError, OpenError, Slot, UnwrapKey, WrapKey};
use portward::{Deployment, Identifier, Vocabulary};

pub(crate) fn deployment() -> Deployment {
    Deployment::generate(Vocabulary::portal()).unwrap()
}

/// A data key of acme's.
pub(crate) struct Case {
    pub(crate) deployment: Deployment,
    pub(crate) key: DataKey,
}

impl Case {
    pub(crate) fn new(deployment: Deployment) -> Self {
        let key = DataKey::generate(&deployment.id, "acme".parse().unwrap(), "file:1".parse().unwrap()).unwrap();
        Self { deployment, key }
    }

    pub(crate) fn wrap(&self, kek: &dyn WrapKey) -> Result<Slot, KekError> {
        self.key.wrap(kek)
    }

    /// From the slot; it has to be the same key.
    pub(crate) fn unwrap(&self, slot: &Slot, keks: &dyn UnwrapKey) -> Result<(), OpenError> {
        self.unwrap_as("acme", "file:1", self.key.id(), slot, keks)
    }

    fn unwrap_as(
        &self,
        tenant: &str,
        scope: &str,
        id: [u8; 16],
        slot: &Slot,
        keks: &dyn UnwrapKey,
    ) -> Result<(), OpenError> {
        let (tenant, scope): (Identifier, _) = (tenant.parse().unwrap(), scope.parse().unwrap());
        let opened = DataKey::unwrap(&self.deployment.id, tenant, scope, id, slot, None, keks)?;
        assert_eq!(opened.check_value(), self.key.check_value());
        Ok(())
    }
}

/// While the part that holds the key gives no answer (`pause`), nobody waits for it longer than `deadline` says, and nobody is told more than that
/// it cannot be reached; when it goes on (`resume`), so does everything.
pub(crate) fn survives_a_hanging_part<K: WrapKey + UnwrapKey>(
    kek: &K,
    deadline: Duration,
    [pause, resume]: [&dyn Fn(); 2],
) {
    let case = Case::new(deployment());
    let slot = case.wrap(kek).unwrap();
    assert_eq!(case.unwrap(&slot, kek), Ok(()), "the control");
    for _ in 0..2 {
        pause();
        let begun = Instant::now();
        assert_eq!(case.unwrap(&slot, kek), Err(OpenError::KekUnavailable));
        assert_eq!(case.wrap(kek), Err(KekError::Unavailable));
        let expected = deadline.saturating_mul(2)..deadline.saturating_mul(8);
        assert!(expected.contains(&begun.elapsed()), "{:?}", begun.elapsed());
        resume();
        // It answers first what nobody waits for any more.
        let begun = Instant::now();
        while case.unwrap(&slot, kek) == Err(OpenError::KekUnavailable) && begun.elapsed() < Duration::from_secs(30) {}
        assert_eq!(case.unwrap(&slot, kek), Ok(()));
        assert_eq!(case.unwrap(&case.wrap(kek).unwrap(), kek), Ok(()));
    }
}

/// Wraps and unwraps what belongs together, and nothing else. `other` is another KEK of the same provider, known as `others`.
pub(crate) fn conforms(
    deployment: Deployment,
    (kek, keks): (&dyn WrapKey, &dyn UnwrapKey),
    (other, others): (&dyn WrapKey, &dyn UnwrapKey),
) {
    let mut case = Case::new(deployment);
    let (id, slot) = (case.key.id(), case.wrap(kek).unwrap());
    assert_eq!(case.unwrap(&slot, keks), Ok(()), "the control");
    assert_eq!(case.unwrap_as("bolt", "file:1", id, &slot, keks), Err(OpenError::UnwrapFailed), "another tenant");
    assert_eq!(case.unwrap_as("acme", "file:2", id, &slot, keks), Err(OpenError::UnwrapFailed), "another scope");
    assert_eq!(case.unwrap_as("acme", "file:1", [9; 16], &slot, keks), Err(OpenError::UnwrapFailed), "another key");
    let own = std::mem::replace(&mut case.deployment, self::deployment());
    assert_eq!(case.unwrap(&slot, keks), Err(OpenError::UnwrapFailed), "another deployment");
    case.deployment = own;

    assert_ne!(case.wrap(kek).unwrap(), slot, "no nonce twice");
    assert_eq!(Slot::from_bytes(&slot.to_bytes()).unwrap(), slot);
    let foreign = case.wrap(other).unwrap();
    assert_eq!(case.unwrap(&foreign, others), Ok(()), "the control of the other");
    assert_eq!(case.unwrap(&foreign, keks), Err(OpenError::NoSlot));
    let renamed = Slot::new(kek.kek(), foreign.wrapped()).unwrap();
    assert_eq!(case.unwrap(&renamed, keks), Err(OpenError::UnwrapFailed), "wrapped under another, named as this one");
    for place in 0..slot.wrapped().len() {
        let mut wrapped = slot.wrapped().to_vec();
        wrapped[place] ^= 0x40;
        let damaged = Slot::new(slot.kek().clone(), wrapped).unwrap();
        assert_eq!(case.unwrap(&damaged, keks), Err(OpenError::UnwrapFailed), "byte {place}");
    }
}
