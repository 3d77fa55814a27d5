//! What the core says of a case.

use portward::envelope::{Context, DataScope, Header, Slot, VaultFile};
use portward::{Access, Deployment, FeedRequest, Identifier, Keyring, KeyringError, Resources, Scope, Timestamp};
use serde_json::{Value, json};

use crate::backup::{self, BackupError};
use crate::snapshot::follower;
use crate::wire::{self, hex};
use crate::world::{NOW, WORLD};

type Said = Result<Value, &'static str>;

pub(super) fn answer(case: &Value) -> Value {
    let text = |name: &str| case[name].as_str().unwrap();
    let bytes = |name: &str| portward_test_vectors::unhex(text(name));
    let file = || portward_test_vectors::unhex(case["parts"][0]["hex"].as_str().unwrap());
    match text("op") {
        op @ ("verify_link" | "verify_session") => verify(op, text("token")),
        "header" => outcome(header(&bytes("header"))),
        "slot" => outcome(Slot::from_bytes(&bytes("slot")).map(|slot| of_slot(&slot)).ok_or("header_malformed")),
        "context" => outcome(context(&case["pairs"])),
        "scope" => outcome(scope(text("text"))),
        "identifier" => outcome(identifier(text("text"))),
        "keyring_file" => outcome(keyring(&file())),
        "deployment_file" => outcome(deployment(&file())),
        "vault_file" => outcome(vault(&file())),
        "feed_request" => outcome(request(&bytes("request"))),
        "feed" => feed(case),
        "backup_manifest" => outcome(manifest(&bytes("manifest"))),
        op => panic!("{op}"),
    }
}

fn verify(op: &str, token: &str) -> Value {
    let verified = match op {
        "verify_link" => WORLD.verifier.verify_link(token, NOW).map(|link| (*link).clone()),
        _ => WORLD.verifier.verify_session(token, NOW),
    };
    match verified {
        Ok(access) => json!({ "ok": of_access(op, &access) }),
        Err(error) => json!({ "error": error.code(), "public": error.public().to_string() }),
    }
}

fn of_access(op: &str, access: &Access) -> Value {
    let mut said = json!({
        "tenant": access.tenant().to_string(),
        "client": access.client().to_string(),
        "token_id": hex(&access.token_id()),
        "issued_at": access.issued_at().unix(),
        "expires_at": access.expires_at().unix(),
        "permissions": WORLD.deployment.vocabulary.names(access.permissions()).collect::<Vec<_>>(),
        "resources": match access.resources() {
            Resources::All => Value::Null,
            Resources::Only(list) => list.iter().map(ToString::to_string).collect(),
        },
        "recipients": access.recipients(),
        "copies": access.copies().iter().map(|copy| hex(copy)).collect::<Vec<_>>(),
    });
    if op == "verify_session" {
        said["link_id"] = hex(&access.link_id()).into();
        said["link_revision"] = access.link_revision().into();
    }
    said
}

fn of_slot(slot: &Slot) -> Value {
    let kek = slot.kek();
    json!({ "type": kek.kind().wire(), "kek_id": hex(kek.id()), "version": kek.version(), "wrapped": hex(slot.wrapped()) })
}

fn header(bytes: &[u8]) -> Said {
    let (header, length) = Header::parse(bytes).map_err(|error| error.code())?;
    let kind = if header.slots().is_empty() { "detached" } else { "embedded" };
    let slots: Vec<_> = header.slots().iter().map(of_slot).collect();
    Ok(json!({ "kind": kind, "data_key": hex(&header.data_key()), "slots": slots, "body_at": length }))
}

fn context(pairs: &Value) -> Said {
    let pairs = pairs.as_array().unwrap().iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    let context = Context::from_pairs(pairs).map_err(|error| error.code())?;
    let mut canonical = u16::try_from(context.pairs().count()).unwrap().to_be_bytes().to_vec();
    for part in context.pairs().flat_map(|(key, value)| [key, value]) {
        canonical.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        canonical.extend(part.bytes());
    }
    Ok(json!({ "canonical": hex(&canonical) }))
}

fn scope(text: &str) -> Said {
    let scope: DataScope = text.parse().map_err(|error: portward::envelope::DataScopeError| error.code())?;
    Ok(json!({ "kind": scope.kind(), "name": scope.name() }))
}

fn identifier(text: &str) -> Said {
    let identifier = Identifier::new(text).map_err(|error| error.code())?;
    Ok(json!({ "wire": hex(&wire::identifier(&identifier)) }))
}

fn keyring(json: &[u8]) -> Said {
    // The deployment is not asked about here.
    let keyring = match Keyring::from_json(json, &WORLD.deployment) {
        Err(KeyringError::WrongDeployment) => return Err("keyring_wrong_deployment"),
        read => read.map_err(|error| error.code())?,
    };
    let roots: Vec<_> = keyring.roots().map(|root| json!([root.id.to_string(), root.state.name()])).collect();
    Ok(json!({ "roots": roots }))
}

fn deployment(json: &[u8]) -> Said {
    let deployment = Deployment::from_json(json).map_err(|error| error.code())?;
    let names: Vec<_> = deployment.vocabulary.all().collect();
    Ok(json!({ "id": deployment.id.to_string(), "permissions": names }))
}

fn vault(json: &[u8]) -> Said {
    let vault = VaultFile::from_json(json).map_err(|error| error.code())?;
    let written: Value = serde_json::from_slice(&vault.to_json()).unwrap();
    Ok(json!({ "vault": written["vault"], "tenant": written["tenant"], "data_key": written["data_key"],
        "check": written["check"], "key_name": vault.key_name() }))
}

fn request(bytes: &[u8]) -> Said {
    let request = FeedRequest::from_bytes(bytes).map_err(|error| error.code())?;
    let since = request
        .since
        .map(|since| json!({ "incarnation": hex(&since.incarnation.to_bytes()), "sequence": since.sequence }));
    Ok(json!({ "all": request.scope == Scope::ALL, "since": since, "challenge": hex(&request.challenge) }))
}

/// What came of each message, and what is known behind them.
fn feed(case: &Value) -> Value {
    let names = case["scope"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().parse().unwrap());
    let mut follower = follower(&Scope::tenants(names).unwrap_or(Scope::ALL));
    let now = Timestamp::from_unix(case["now"].as_u64().unwrap());
    let messages =
        case["messages"].as_array().unwrap().iter().map(|hex| portward_test_vectors::unhex(hex.as_str().unwrap()));
    let taken: Vec<_> = messages
        .map(|message| match follower.accept(&message, now) {
            Ok(stamp) => json!({ "ok": { "sequence": stamp.sequence } }),
            Err(error) => json!({ "error": error.code() }),
        })
        .collect();
    json!({ "taken": taken, "records": hex(&wire::body(&follower.cell().load().to_changes())) })
}

fn manifest(bytes: &[u8]) -> Said {
    let manifest = backup::read(bytes).map_err(|error| match error {
        BackupError::Newer => "backup_newer_version",
        _ => "backup_malformed",
    })?;
    Ok(json!({ "kind": manifest.kind.name(), "number": manifest.number, "name": manifest.name,
        "created": manifest.created.unix(), "feed": manifest.feed.is_some(), "tables": manifest.tables.len(),
        "rows": manifest.rows() }))
}

/// An outcome as a vector has it.
fn outcome(said: Said) -> Value {
    match said {
        Ok(ok) => json!({ "ok": ok }),
        Err(code) => json!({ "error": code }),
    }
}
