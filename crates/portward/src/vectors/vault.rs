//! Vaults, under a device's key that is AES-256-GCM with the binding as associated data, or answers as a case says.

use core::num::NonZeroUsize;

use serde_json::{Value, json};

use super::envelope::{context, object};
use super::{Case, Fault, Outcome, unhex};
use crate::codec::{decode_into, hex};
use crate::envelope::{
    Binding, KekError, KekName, ScopeKeys, Slot, UnwrapKey, VaultError, VaultFile, vectors::check_of,
};
use crate::primitive::{aes_gcm_open_for_vectors, sha256};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "vault_file" => file(case).map(|file| facts(&file)).map_err(code),
        "vault_open" => opened(case).map(|keys| json!({ "check": hex(&check_of(&keys)) })),
        "vault_object" => opened(case).and_then(|keys| {
            let plaintext = keys.open(&context(&case.value["context"])?, &object(case), NonZeroUsize::MIN);
            let plaintext = plaintext.map_err(|error| error.code())?;
            Ok(json!({ "length": plaintext.len(), "sha256": hex(&sha256(&[&plaintext])) }))
        }),
        _ => return None,
    })
}

fn file(case: &Case<'_>) -> Result<VaultFile, VaultError> {
    VaultFile::from_json(&case.file())
}

fn opened(case: &Case<'_>) -> Result<ScopeKeys, Fault> {
    let tenant = case.text("tenant").parse().unwrap();
    file(case).and_then(|file| file.open(&tenant, &Device(&case.value["device"]))).map_err(code)
}

fn code(error: VaultError) -> Fault {
    error.code().into()
}

fn facts(file: &VaultFile) -> Value {
    let written: Value = serde_json::from_slice(&file.to_json()).unwrap();
    let mut buffer = vec![0; VaultFile::FILE_MAX];
    let slot = decode_into(written["slot"].as_str().unwrap(), &mut buffer).unwrap();
    let slot = Slot::from_bytes(slot).unwrap();
    assert_eq!(
        (&written["tenant"], slot.kek()),
        (&json!(file.tenant().to_string()), &VaultFile::kek(file.key_name()).unwrap())
    );
    json!({
        "vault": hex(&file.id()),
        "tenant": file.tenant().to_string(),
        "data_key": written["data_key"],
        "check": written["check"],
        "key_name": file.key_name(),
        "wrapped": hex(slot.wrapped()),
    })
}

/// A device's key, whatever its name.
struct Device<'a>(&'a Value);

impl UnwrapKey for Device<'_> {
    fn resolves(&self, _: &KekName) -> bool {
        true
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        let text = |name: &str| self.0[name].as_str().map(unhex);
        if self.0["unavailable"] == json!(true) {
            return Err(KekError::Unavailable);
        }
        let given = match (text("key"), text("gives")) {
            (Some(device), _) => slot.wrapped().split_first_chunk().and_then(|(iv, sealed)| {
                aes_gcm_open_for_vectors(&device.try_into().unwrap(), iv, binding.bytes(), sealed)
            }),
            (None, gives) => gives,
        };
        *key = given.and_then(|given| given.try_into().ok()).ok_or(KekError::Refused)?;
        Ok(())
    }
}
