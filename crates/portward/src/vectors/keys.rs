use serde_json::{Value, json};

use super::{Case, Outcome};
use crate::codec::{self, Malformed, Reader, Writer as _, hex};
use crate::key::{derive_for_vectors, parse_key_string_for_vectors};
use crate::{Deployment, Identifier, Keyring, RootId, SealedKeyring, Timestamp, Vocabulary};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "identifier" => Identifier::new(case.text("text")).map_err(|error| error.code().into()).map(|identifier| {
            let mut wire = Vec::new();
            wire.put_identifier(&identifier);
            json!({ "wire": hex(&wire) })
        }),
        "identifier_decode" => whole(case, |reader| reader.identifier()).map(|id| json!({ "text": id.to_string() })),
        "varint_u32" => whole(case, |reader| reader.varint_u32()).map(|value| json!({ "value": value })),
        "varint_u64" => whole(case, |reader| reader.varint_u64()).map(|value| json!({ "value": value.to_string() })),
        "bitmap" => whole(case, |reader| reader.permissions()).map(|set| {
            let bits: Vec<u32> = (0..64).filter(|bit| set.bits() >> bit & 1 == 1).collect();
            json!({ "bits": bits })
        }),
        "base64url" => {
            codec::decode(case.text("text")).map(|bytes| json!({ "bytes": hex(&bytes) })).map_err(|_| "bad_base64".into())
        }
        "crc32" => Ok(json!({ "crc": hex(&codec::crc32("", &case.bytes("bytes"))) })),
        "key_string" => parse_key_string_for_vectors(case.text("text"))
            .map(|key| json!({ "key": hex(&key) }))
            .ok_or_else(|| "keyring_malformed".into()),
        "derive" => {
            let parts: Vec<_> = case.value["parts"].as_array()?.iter().map(|part| super::unhex(part.as_str().unwrap())).collect();
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let key = derive_for_vectors(case.array("root"), case.array("deployment"), case.text("label"), &parts);
            Ok(json!({ "key": hex(&key) }))
        }
        "deployment_file" => Deployment::from_json(&case.file())
            .map(|deployment| json!({ "id": deployment.id.to_string(), "permissions": deployment.vocabulary.all().collect::<Vec<_>>() }))
            .map_err(|error| error.code().into()),
        "keyring_file" => keyring_file(case),
        "sealed_keyring" => sealed_keyring(case),
        "root_destroy" => {
            // The fixture is shared: work on a copy.
            let deployment = case.deployment();
            let mut keyring = Keyring::from_json(&case.keyring().to_json(), &deployment).unwrap();
            let root = RootId::from_hex(case.text("root")).unwrap();
            keyring
                .destroy(root, &deployment, Timestamp::from_unix(case.number("now")))
                .map(|()| json!({}))
                .map_err(|error| error.code().into())
        }
        _ => return None,
    })
}

fn whole<T>(case: &Case<'_>, read: impl FnOnce(&mut Reader<'_>) -> Result<T, Malformed>) -> Result<T, super::Fault> {
    let bytes = case.bytes("wire");
    let mut reader = Reader::new(&bytes);
    let value = read(&mut reader).map_err(|_| "malformed")?;
    if reader.is_empty() { Ok(value) } else { Err("malformed".into()) }
}

fn keyring_file(case: &Case<'_>) -> Outcome {
    let text = &case.file();
    let mut of_any = Deployment::generate(Vocabulary::portal()).unwrap();
    let expected = case.value.get("deployment").and_then(Value::as_str).map(str::to_owned);
    // Without an expected deployment, the file's own is taken.
    let own = || serde_json::from_slice::<Value>(text).ok()?["deployment"].as_str().map(str::to_owned);
    if let Some(id) = expected.or_else(own).and_then(|id| codec::from_hex(&id)) {
        of_any.id = crate::DeploymentId::from_bytes(id);
    }
    let keyring = Keyring::from_json(text, &of_any).map_err(|error| error.code())?;
    let roots: Vec<_> = keyring.roots().map(|root| json!([root.id.to_string(), root.state.name()])).collect();
    Ok(json!({ "roots": roots }))
}

fn sealed_keyring(case: &Case<'_>) -> Outcome {
    let sealed = SealedKeyring::from_json(&case.file()).map_err(|error| error.code())?;
    let plaintext = sealed.open_bytes(case.text("passphrase").as_bytes()).map_err(|error| error.code())?;
    sealed.open(case.text("passphrase").as_bytes()).map_err(|error| error.code())?;
    let text = String::from_utf8(plaintext.to_vec()).unwrap();
    Ok(json!({ "purpose": sealed.purpose(), "plaintext": text }))
}
