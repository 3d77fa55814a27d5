use std::collections::BTreeSet;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Case, Outcome, of_part, unhex};
use crate::codec::hex;
use crate::envelope::vectors::{data_key, root_keks, seal_with_salt, tenant_kek, with_nonce};
use crate::envelope::{
    Binding, BlindIndex, Context, DataKey, DataScope, Header, IndexName, KekError, KekName, KekType, Normaliser,
    OpenError, OpenSeek, RewrapError, ScopeKeys, Slot, TenantKek, TenantKeks, UnwrapKey, Usage, WrapKey, index_bits,
};
use crate::primitive::sha256;
use crate::{Deployment, DeploymentId, Identifier, KeyState, Vocabulary};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "scope" => case
            .text("text")
            .parse::<DataScope>()
            .map(|scope| json!({ "kind": scope.kind(), "name": scope.name() }))
            .map_err(|error| error.code().into()),
        "context" => context(&case.value["pairs"])
            .map(|context| json!({ "canonical": hex(context.canonical()) }))
            .map_err(Into::into),
        "slot" => {
            Slot::from_bytes(&case.bytes("slot")).map(|slot| slot_json(&slot)).ok_or_else(|| "header_malformed".into())
        }
        "header" => header(case),
        "check_value" => {
            let key = tenant_kek(&deployment(case).id, 1.into(), (case.array("key_id"), 1), case.array("key"));
            Ok(json!({ "check": hex(&key.check_value()) }))
        }
        "wrap" => wrap(case),
        "unwrap" => unwrap(case),
        "binding" => {
            let binding = binding(case, &kek_name(&case.value["kek"]));
            Ok(json!({ "binding": hex(binding.bytes()), "pairs": binding.pairs() }))
        }
        "seal" => seal(case),
        "open" => open(case),
        "open_range" => open_range(case),
        "rewrap" => rewrap(case),
        "usage" => usage(case),
        "blind_index" => blind_index(case),
        "index_bits" => index_bits(
            case.number("rows"),
            case.number("distinct"),
            u32::try_from(case.number("other_bits")).unwrap(),
            case.value["override"] == json!(true),
        )
        .map(|bits| json!({ "bits": bits }))
        .map_err(|error| error.code().into()),
        _ => return None,
    })
}

/// A deployment of this id; nothing else of it matters here.
fn deployment(case: &Case<'_>) -> Deployment {
    let mut deployment = Deployment::generate(Vocabulary::portal()).unwrap();
    deployment.id = DeploymentId::from_bytes(case.array("deployment"));
    deployment
}

pub(super) fn context(pairs: &Value) -> Result<Context, &'static str> {
    let pair = |pair: &Value| (text(&pair[0]), text(&pair[1]));
    let pairs: Vec<_> = pairs.as_array().unwrap().iter().map(pair).collect();
    Context::from_pairs(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))).map_err(|error| error.code())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value.as_str().unwrap()).try_into().unwrap()
}

fn slot_json(slot: &Slot) -> Value {
    let kek = slot.kek();
    json!({ "type": kek.kind().wire(), "kek_id": hex(kek.id()), "version": kek.version(), "wrapped": hex(slot.wrapped()) })
}

fn header(case: &Case<'_>) -> Outcome {
    let bytes = case.bytes("header");
    let (header, length) = Header::parse(&bytes).map_err(|error| error.code())?;
    let kind = if header.slots().is_empty() { "detached" } else { "embedded" };
    let slots: Vec<_> = header.slots().iter().map(slot_json).collect();
    assert_eq!(header.to_bytes(), bytes[..length], "one encoding");
    Ok(json!({ "kind": kind, "data_key": hex(&header.data_key()), "slots": slots, "body_at": length }))
}

fn kek_name(kek: &Value) -> KekName {
    let kind = match kek["type"].as_u64().unwrap() {
        1 => KekType::Tenant,
        2 => KekType::Pkcs11,
        3 => KekType::Root,
        0x10 => KekType::AwsKms,
        other => KekType::Other(u8::try_from(other).unwrap()),
    };
    KekName::new(kind, unhex(kek["id"].as_str().unwrap()), version(&kek["version"]))
}

fn version(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn tenant(case: &Case<'_>) -> Identifier {
    case.text("tenant").parse().unwrap()
}

fn binding(case: &Case<'_>, kek: &KekName) -> Binding {
    let (deployment, id) = (DeploymentId::from_bytes(case.array("deployment")), case.array("key_id"));
    match case.text("what") {
        "data" => Binding::of_data_key(&deployment, &tenant(case), &case.text("scope").parse().unwrap(), &id, kek),
        _ => Binding::of_tenant_kek(&deployment, &tenant(case), &id, version(&case.value["key_version"]), kek),
    }
}

fn wrap(case: &Case<'_>) -> Outcome {
    let deployment = deployment(case).id;
    let kek = &case.value["kek"];
    let wrapping = with_nonce(&deployment, kek_name(kek), array(&kek["key"]), case.array("nonce"));
    let (id, key) = (case.array("key_id"), case.array("key"));
    let slot = match case.text("what") {
        "data" => {
            let scope = case.text("scope").parse().unwrap();
            data_key(&deployment, tenant(case), scope, id, key).wrap(&wrapping)
        }
        _ => tenant_kek(&deployment, tenant(case), (id, version(&case.value["key_version"])), key).wrap(&wrapping),
    };
    slot.map(|slot| json!({ "slot": hex(&slot.to_bytes()) })).map_err(|error| error.code().into())
}

fn unwrap(case: &Case<'_>) -> Outcome {
    let deployment = deployment(case).id;
    let slot = Slot::from_bytes(&case.bytes("slot")).ok_or("header_malformed")?;
    let kek = &case.value["kek"];
    let keks = one_kek(&deployment, tenant(case), &kek_name(kek), array(&kek["key"]));
    let possible = case.text("what") == "data" || slot.kek().kind() != KekType::Tenant;
    if !possible || !keks.resolves(slot.kek()) {
        return Err("no_slot".into());
    }
    let mut key = [0; 32];
    keks.unwrap(&slot, &binding(case, slot.kek()), &mut key).map_err(|error| OpenError::from(error).code())?;
    // The types of keys, which do not show what they hold, answer the same.
    let check = case.has("check").then(|| case.array("check"));
    let id = case.array("key_id");
    match case.text("what") {
        "data" => {
            let scope = case.text("scope").parse().unwrap();
            let opened = DataKey::unwrap(&deployment, tenant(case), scope, id, &slot, check, &*keks);
            opened.map_err(|error| error.code())?;
        }
        _ => {
            let name = (id, version(&case.value["key_version"]));
            let opened = TenantKek::unwrap(&deployment, &tenant(case), name, &slot, check, &*keks);
            opened.map_err(|error| error.code())?;
        }
    }
    Ok(json!({ "key": hex(&key) }))
}

fn one_kek(deployment: &DeploymentId, tenant: Identifier, name: &KekName, key: [u8; 32]) -> Arc<dyn UnwrapKey> {
    match name.kind() {
        KekType::Tenant => {
            let kek = tenant_kek(deployment, tenant, (name.id().try_into().unwrap(), name.version()), key);
            Arc::new(TenantKeks::new([(kek, KeyState::Active)], 1))
        }
        _ => Arc::new(root_keks(deployment, &[(array(&json!(hex(name.id()))), key)])),
    }
}

fn seal(case: &Case<'_>) -> Outcome {
    let deployment = deployment(case);
    let context = context(&case.value["context"])?;
    let scope: DataScope = "record:any".parse().unwrap();
    let key = &case.value["data_key"];
    let key = data_key(&deployment.id, *context.tenant(), scope, array(&key["id"]), array(&key["key"]));
    let slots = case.value["slots"].as_array().unwrap();
    let slots: Vec<_> = slots.iter().map(|slot| Slot::from_bytes(&unhex(slot.as_str().unwrap())).unwrap()).collect();
    let header = if slots.is_empty() { Some(Header::detached(key.id())) } else { Header::embedded(key.id(), slots) };
    let header = header.ok_or("slots")?;
    let plaintext = file(&case.value["plaintext"]);
    let sealed = [1, 2, 3].map(|threads| {
        seal_with_salt(&key, &context, &header, case.array("salt"), &plaintext, NonZeroUsize::new(threads).unwrap())
    });
    let [object, second, third] = sealed;
    assert!(object == second && object == third, "the number of threads changes nothing");
    Ok(object_json(&object))
}

fn file(value: &Value) -> Vec<u8> {
    match value["parts"].as_array() {
        Some(parts) => parts.iter().flat_map(of_part).collect(),
        None => text(&value["text"]).into_bytes(),
    }
}

fn object_json(object: &[u8]) -> Value {
    if object.len() > 4096 {
        json!({ "length": object.len(), "sha256": hex(&sha256(&[object])) })
    } else {
        json!({ "object": hex(object) })
    }
}

pub(super) fn object(case: &Case<'_>) -> Vec<u8> {
    portward_test_vectors::object(&case.value["object"], |name| &case.fixtures.objects[name])
}

/// KEKs whose providers, for some types, cannot be reached.
struct Reached<K>(K, Arc<BTreeSet<u8>>);

impl<K: UnwrapKey> UnwrapKey for Reached<K> {
    fn resolves(&self, kek: &KekName) -> bool {
        self.0.resolves(kek)
    }

    fn unwrap(&self, slot: &Slot, binding: &Binding, key: &mut [u8; 32]) -> Result<(), KekError> {
        if self.1.contains(&slot.kek().kind().wire()) {
            return Err(KekError::Unavailable);
        }
        self.0.unwrap(slot, binding, key)
    }
}

fn state(value: &Value) -> KeyState {
    let states = [KeyState::Active, KeyState::VerifyOnly, KeyState::Retired, KeyState::Destroyed];
    *states.iter().find(|state| value["state"] == state.name()).unwrap()
}

fn keys(case: &Case<'_>) -> ScopeKeys {
    let deployment = deployment(case);
    let given = &case.value["keys"];
    let list = |name: &str| given[name].as_array().cloned().unwrap_or_default();
    let (own, scope): (Identifier, DataScope) = (tenant(case), case.text("scope").parse().unwrap());
    let mut keys = ScopeKeys::new(&deployment, own, scope);
    for key in list("data_keys") {
        let (tenant, scope) = (text(&key["tenant"]).parse().unwrap(), text(&key["scope"]).parse().unwrap());
        let known = data_key(&deployment.id, tenant, scope, array(&key["id"]), array(&key["key"]));
        keys = keys.with_data_key(Arc::new(known), state(&key));
    }
    let away: BTreeSet<u8> =
        list("unavailable").iter().map(|kind| u8::try_from(kind.as_u64().unwrap()).unwrap()).collect();
    let away = Arc::new(away);
    let own_keks = list("tenant_keks").into_iter().filter(|kek| kek["tenant"] == case.value["tenant"]);
    let versions = own_keks.map(|kek| {
        let name = (array(&kek["id"]), version(&kek["version"]));
        (tenant_kek(&deployment.id, own, name, array(&kek["key"])), state(&kek))
    });
    let minimum = given.get("minimum_version").map_or(1, version);
    keys = keys.with_keks(Arc::new(Reached(TenantKeks::new(versions, minimum), Arc::clone(&away))));
    let opens = |root: &Value| matches!(state(root), KeyState::Active | KeyState::VerifyOnly);
    let roots: Vec<_> =
        list("roots").iter().filter(|root| opens(root)).map(|root| (array(&root["id"]), array(&root["key"]))).collect();
    keys = keys.with_keks(Arc::new(Reached(root_keks(&deployment.id, &roots), away)));
    let tombstones = case.value["tombstones"].as_array().cloned().unwrap_or_default();
    let own = tombstones.iter().filter(|entry| entry[0] == case.value["tenant"]).map(|entry| array(&entry[1]));
    keys.with_tombstones(Arc::new(own.collect()))
}

/// By every way in; all have to answer the same, but that one which looks at the end first may name another failure.
fn open(case: &Case<'_>) -> Outcome {
    use std::io::Read as _;
    let context = context(&case.value["context"])?;
    let (keys, object) = (keys(case), object(case));
    if case.value["record"] == json!(true) {
        return opened(keys.open_record(&context, &object));
    }
    let whole = keys.open(&context, &object, NonZeroUsize::MIN);
    assert_eq!(keys.open(&context, &object, NonZeroUsize::new(3).unwrap()), whole);
    let read = |mut reader: Box<dyn std::io::Read>| {
        let mut plaintext = Vec::new();
        reader.read_to_end(&mut plaintext).map(|_| plaintext)
    };
    for threads in [1, 3].map(|threads| NonZeroUsize::new(threads).unwrap()) {
        let reader = keys.reader(&context, Cursor::new(object.clone()), threads);
        assert_eq!(reader.and_then(|reader| read(Box::new(reader))).map_err(inner), whole);
    }
    let seekable = keys.seekable(&context, Cursor::new(object)).and_then(|reader| read(Box::new(reader)));
    assert_eq!(seekable.map_err(inner).ok(), whole.clone().ok());
    opened(whole)
}

pub(super) fn inner(error: std::io::Error) -> OpenError {
    *error.into_inner().unwrap().downcast::<OpenError>().unwrap()
}

pub(super) fn opened(result: Result<Vec<u8>, OpenError>) -> Outcome {
    let plaintext = result.map_err(|error| error.code())?;
    Ok(json!({ "length": plaintext.len(), "sha256": hex(&sha256(&[&plaintext])) }))
}

fn open_range(case: &Case<'_>) -> Outcome {
    let context = context(&case.value["context"])?;
    part(keys(case).seekable(&context, Cursor::new(object(case))).map_err(|error| inner(error).code())?, case)
}

pub(super) fn part(mut reader: OpenSeek<Cursor<Vec<u8>>>, case: &Case<'_>) -> Outcome {
    let bytes = reader.read_range(case.number("from"), case.number("length")).map_err(|error| inner(error).code())?;
    Ok(json!({ "length": reader.length(), "bytes": hex(&bytes) }))
}

fn rewrap(case: &Case<'_>) -> Outcome {
    let deployment = deployment(case).id;
    let list = |one: &str, many: &Value| match many.as_array() {
        Some(values) => values.clone(),
        None => vec![case.value[one].clone()],
    };
    let (keks, nonces) = (list("to", &case.value["to"]), list("nonce", &case.value["nonces"]));
    let wrapping: Vec<_> = keks
        .iter()
        .zip(&nonces)
        .map(|(to, nonce)| with_nonce(&deployment, kek_name(to), array(&to["key"]), array(nonce)))
        .collect();
    assert_eq!(wrapping.len(), keks.len());
    let wrapping: Vec<_> = wrapping.iter().map(|kek| kek as &dyn WrapKey).collect();
    let object = object(case);
    let (header, length) = keys(case).rewrap_under(&object, &wrapping).map_err(|error| match error {
        RewrapError::Open(error) => error.code(),
        RewrapError::Seal(error) => error.code(),
    })?;
    Ok(object_json(&[&header, &object[length..]].concat()))
}

fn usage(case: &Case<'_>) -> Outcome {
    let mut usage = Usage::default();
    for bytes in case.value["bodies"].as_array().unwrap() {
        usage.add(text(bytes).parse().unwrap()).map_err(|error| error.code())?;
    }
    Ok(json!({ "cost": usage.cost().to_string(), "warn": usage.is_high() }))
}

fn blind_index(case: &Case<'_>) -> Outcome {
    let normalisers = [Normaliser::Exact, Normaliser::AsciiLowercase, Normaliser::Digits];
    let normaliser = normalisers.into_iter().find(|known| known.name() == case.text("normaliser"));
    let (Some(normaliser), Ok(bits), Ok(version)) =
        (normaliser, case.number("bits").try_into(), case.number("version").try_into())
    else {
        return Err("index_parameters".into());
    };
    let deployment = deployment(case);
    let scope = "index:any".parse().unwrap();
    let key = data_key(&deployment.id, 1.into(), scope, [0; 16], case.array("key"));
    let (table, column, name) = (case.text("table"), case.text("column"), case.text("name"));
    let name = IndexName { table, column, name, normaliser, bits, version };
    let index = BlindIndex::new(&deployment, &key, &name).map_err(|error| error.code())?;
    index.of(case.text("value")).map(|index| json!({ "index": hex(&index) })).map_err(|error| error.code().into())
}
