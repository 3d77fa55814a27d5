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
