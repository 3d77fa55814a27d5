//! Vaults, under a device's key that is AES-256-GCM with the binding as associated data, or answers as a case says.

use core::num::NonZeroUsize;
use std::io::Cursor;

use serde_json::{Value, json};

use super::envelope::{context, inner, object, opened, part};
use super::{Case, Fault, Outcome, unhex};
use crate::DeploymentId;
use crate::codec::{decode_into, hex};
use crate::envelope::vectors::{check_of, data_key};
use crate::envelope::{Binding, KekError, KekName, ScopeKeys, Slot, UnwrapKey, VaultError, VaultFile, WrapKey};
use crate::primitive::{aes_gcm_open_for_vectors, aes_gcm_seal_for_vectors};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "vault_file" => file(case).map(|file| facts(&file)).map_err(code),
        "vault_open" => vault(case).map(|keys| json!({ "check": hex(&check_of(&keys)) })),
        "vault_object" => vault(case).and_then(|keys| {
            let (context, object) = (context(&case.value["context"])?, object(case));
            opened(match case.value["record"] == json!(true) {
                true => keys.open_record(&context, &object),
                false => keys.open(&context, &object, NonZeroUsize::MIN),
            })
        }),
        "vault_range" => vault(case).and_then(|keys| {
            let context = context(&case.value["context"])?;
            let reader = keys.seekable(&context, Cursor::new(object(case))).map_err(|error| inner(error).code())?;
            part(reader, case)
        }),
        "vault_make" => made(case).map(|file| facts(&file)).map_err(code),
        _ => return None,
    })
}

fn file(case: &Case<'_>) -> Result<VaultFile, VaultError> {
    VaultFile::from_json(&case.file())
}

fn vault(case: &Case<'_>) -> Result<ScopeKeys, Fault> {
    let tenant = case.text("tenant").parse().unwrap();
    file(case).and_then(|file| file.open(&tenant, &Device::of(case, VaultFile::kek("any")?))).map_err(code)
}

/// What is drawn elsewhere is given.
fn made(case: &Case<'_>) -> Result<VaultFile, VaultError> {
    let (vault, tenant) = (DeploymentId::from_bytes(case.array("vault")), case.text("tenant").parse().unwrap());
    let device = Device::of(case, VaultFile::kek(case.text("key_name"))?);
    let scope = "vault:objects".parse().unwrap();
    let key = data_key(&vault, tenant, scope, case.array("data_key_id"), case.array("data_key"));
    let (file, _) = VaultFile::around(vault, tenant, key, &device)?;
    assert_eq!(VaultFile::from_json(&file.to_json()).as_ref(), Ok(&file));
    Ok(file)
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

/// A device's key, whatever name a slot says.
struct Device<'a> {
    name: KekName,
    says: &'a Value,
    iv: Option<[u8; 12]>,
}

impl<'a> Device<'a> {
    fn of(case: &Case<'a>, name: KekName) -> Self {
        Self { name, says: &case.value["device"], iv: case.has("iv").then(|| case.array("iv")) }
    }

    fn text(&self, name: &str) -> Option<Vec<u8>> {
        self.says[name].as_str().map(unhex)
    }

    fn is_there(&self) -> Result<(), KekError> {
        let is_away = ["unavailable", "fails"].iter().any(|word| self.says[word] == json!(true));
        if is_away { Err(KekError::Unavailable) } else { Ok(()) }
    }
}

impl WrapKey for Device<'_> {
    fn kek(&self) -> KekName {
        self.name.clone()
    }

    fn wrap(&self, binding: &Binding, key: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        self.is_there()?;
        let Some(device) = self.text("key") else { return self.text("gives").ok_or(KekError::Refused) };
        let iv = self.iv.unwrap();
        let sealed = aes_gcm_seal_for_vectors(&device.try_into().unwrap(), &iv, binding.bytes(), key).unwrap();
        Ok([&iv[..], &sealed].concat())
    }
}

impl UnwrapKey for Device<'_> {
    fn resolves(&self, _: &KekName) -> bool {
        true
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        self.is_there()?;
        let given = match (self.text("key"), self.text("gives")) {
            (Some(device), _) => slot.wrapped().split_first_chunk().and_then(|(iv, sealed)| {
                aes_gcm_open_for_vectors(&device.try_into().unwrap(), iv, binding.bytes(), sealed)
            }),
            (None, gives) => self.text("unwraps").or(gives),
        };
        *key = given.and_then(|given| given.try_into().ok()).ok_or(KekError::Refused)?;
        Ok(())
    }
}
