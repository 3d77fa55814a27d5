//! A keyring under KEKs of PKCS#11, whose slots are AES-256-GCM with the binding as associated data.

use serde_json::{Value, json};

use super::{Case, Outcome, unhex};
use crate::DeploymentId;
use crate::codec::hex;
use crate::envelope::{Binding, KekError, KekName, KekType, Slot, UnwrapKey, WrappedKeyring, vectors};
use crate::primitive::aes_gcm_open_for_vectors;

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "wrapped_keyring" => wrapped_keyring(case),
        "wrapped_binding" => {
            let deployment = DeploymentId::from_bytes(case.array("deployment"));
            let binding = vectors::keyring_binding(&deployment, &name(&case.value["kek"]));
            Ok(json!({ "binding": hex(binding.bytes()), "pairs": binding.pairs() }))
        }
        _ => return None,
    })
}

fn wrapped_keyring(case: &Case<'_>) -> Outcome {
    let wrapped = WrappedKeyring::from_json(&case.file()).map_err(|error| error.code())?;
    let keks: Vec<Kek> = case.value["keks"].as_array().unwrap().iter().map(Kek::of).collect();
    let keks: Vec<&dyn UnwrapKey> = keks.iter().map(|kek| kek as &dyn UnwrapKey).collect();
    wrapped.open(&keks).map_err(crate::envelope::UnwrapKeyringError::code)?;
    let plaintext = wrapped.open_bytes(&keks).map_err(|error| error.code())?;
    Ok(json!({ "plaintext": String::from_utf8(plaintext.to_vec()).unwrap() }))
}

/// A module's key, or a provider that is away or says no.
struct Kek {
    name: KekName,
    key: Result<[u8; 32], KekError>,
}

impl Kek {
    fn of(value: &Value) -> Self {
        let key = if value["unavailable"] == json!(true) {
            Err(KekError::Unavailable)
        } else if value["refuses"] == json!(true) {
            Err(KekError::Refused)
        } else {
            Ok(unhex(value["key"].as_str().unwrap()).try_into().unwrap())
        };
        Self { name: name(value), key }
    }
}

impl UnwrapKey for Kek {
    fn resolves(&self, kek: &KekName) -> bool {
        *kek == self.name
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        let (iv, sealed) = slot.wrapped().split_first_chunk().unwrap();
        let opened = aes_gcm_open_for_vectors(&self.key?, iv, binding.bytes(), sealed).ok_or(KekError::Refused)?;
        key.copy_from_slice(&opened);
        Ok(())
    }
}

fn name(value: &Value) -> KekName {
    let kind = match value["type"].as_u64().unwrap() {
        2 => KekType::Pkcs11,
        16 => KekType::AwsKms,
        other => KekType::Other(u8::try_from(other).unwrap()),
    };
    let version = u32::try_from(value["version"].as_u64().unwrap()).unwrap();
    KekName::new(kind, unhex(value["id"].as_str().unwrap()), version)
}
