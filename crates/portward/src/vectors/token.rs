use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Case, Fault, Outcome};
use crate::codec::hex;
use crate::token::{copy_id, link_check};
use crate::{
    Access, AllowError, Freshness, Generations, Identifier, IdentifierError, Incarnation, Issuer, LinkAccess,
    LinkRequest, Narrowing, NoRevocation, Now, Permissions, Resources, Revocation, RevocationView, Scope,
    SessionLimits, Stamp, Steady, Timestamp, UntrustedLink, UntrustedToken, Verifier, VerifierOptions, VerifyError,
    ViewCell, Vocabulary,
};

pub(super) fn run(op: &str, case: &Case<'_>) -> Option<Outcome> {
    Some(match op {
        "verify_link" => verify_link(case).map(|access| describe(case, &access)),
        "verify_session" => verify_session(case).map(|access| describe(case, &access)),
        "allow" => allow(case),
        "issue_link" => issue_link(case),
        "issue_session" => issue_session(case),
        "narrow" => narrow(case),
        "link_check" => Ok(json!({ "id": hex(&link_check(&case.array("tag"))) })),
        "copy_id" => Ok(json!({ "id": hex(&copy_id(&case.array("tag"))) })),
        _ => return None,
    })
}

impl From<VerifyError> for Fault {
    fn from(error: VerifyError) -> Self {
        Self { code: error.code(), public: Some(error.public().to_string()) }
    }
}

impl From<AllowError> for Fault {
    fn from(error: AllowError) -> Self {
        Self { code: error.code(), public: Some("refused".into()) }
    }
}

fn verify_link(case: &Case<'_>) -> Result<LinkAccess, Fault> {
    Ok(verifier(case, view(case)).verify_link(case.text("token"), now(case))?)
}

fn verify_session(case: &Case<'_>) -> Result<Access, Fault> {
    Ok(verifier(case, view(case)).verify_session(case.text("token"), now(case))?)
}

pub(super) fn now(case: &Case<'_>) -> Now {
    let steady = if case.has("monotonic") { case.number("monotonic") } else { 0 };
    Now { wall: Timestamp::from_unix(case.number("now")), steady: Steady::from_millis(steady) }
}

pub(super) fn verifier(case: &Case<'_>, revocation: Revocation) -> Verifier {
    let mut options =
        VerifierOptions { audience: identifier(&case.value["audience"]).unwrap(), ..VerifierOptions::default() };
    if case.has("skew") {
        options.skew = Duration::from_secs(case.number("skew"));
    }
    Verifier::new(case.deployment(), case.keyring(), revocation, options).unwrap()
}

fn view(case: &Case<'_>) -> Revocation {
    if !case.has("view") {
        return Revocation::None(NoRevocation);
    }
    let named = &case.value["view"];
    let view = named.as_str().map_or(named, |name| &case.fixtures.views[name]);
    let evidence = &view["evidence"];
    let time = |name: &str| Timestamp::from_unix(evidence[name].as_u64().unwrap());
    let list = evidence.get("this_update").map(|_| (time("this_update"), time("next_update")));
    let incarnation = super::unhex(view["incarnation"].as_str().unwrap()).try_into().unwrap();
    let stamp =
        Stamp { incarnation: Incarnation::from_bytes(incarnation), sequence: view["sequence"].as_u64().unwrap() };
    let view = RevocationView::for_vectors(
        case.deployment().id,
        scope(&view["scope"]),
        (stamp, super::unhex(view["history"].as_str().unwrap()).try_into().unwrap()),
        &super::unhex(view["records"].as_str().unwrap()),
        evidence.get("live_sent_at").map(|sent| Steady::from_millis(sent.as_u64().unwrap())),
        list,
    );
    Revocation::View(Arc::new(ViewCell::new(view)), mode(&case.value["mode"]))
}

pub(super) fn mode(value: &Value) -> Freshness {
    match value.get("live_max_staleness") {
        Some(limit) => Freshness::Live { max_staleness: Duration::from_millis(limit.as_u64().unwrap()) },
        None => Freshness::PublishedList,
    }
}

pub(super) fn scope(value: &Value) -> Scope {
    if value == "all" { Scope::ALL } else { Scope::tenants(identifiers(value).unwrap()).unwrap() }
}

fn identifier(value: &Value) -> Result<Option<Identifier>, &'static str> {
    value.as_str().map(|text| text.parse().map_err(|error: IdentifierError| error.code())).transpose()
}

fn identifiers(value: &Value) -> Result<Vec<Identifier>, &'static str> {
    let parsed = value.as_array().unwrap().iter().map(identifier).collect::<Result<Vec<_>, _>>()?;
    Ok(parsed.into_iter().flatten().collect())
}

fn permissions(vocabulary: &Vocabulary, names: &Value) -> Result<Permissions, &'static str> {
    let names = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    vocabulary.expand(names).map_err(|error| error.code())
}

fn describe(case: &Case<'_>, access: &Access) -> Value {
    let deployment = case.deployment();
    let texts = |list: &[Identifier]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut ok = json!({
        "tenant": access.tenant().to_string(),
        "client": access.client().to_string(),
        "token_id": hex(&access.token_id()),
        "issued_at": access.issued_at().unix(),
        "expires_at": access.expires_at().unix(),
        "permissions": deployment.vocabulary.names(access.permissions()).collect::<Vec<_>>(),
        "resources": match access.resources() {
            Resources::All => Value::Null,
            Resources::Only(list) => json!(texts(list)),
        },
        "recipients": access.recipients(),
        "copies": access.copies().iter().map(|copy| hex(copy)).collect::<Vec<_>>(),
    });
    if access.kind() == crate::Kind::Session {
        ok["link_id"] = json!(hex(&access.link_id()));
        ok["link_revision"] = json!(access.link_revision());
    }
    ok
}

fn allow(case: &Case<'_>) -> Outcome {
    let access = match case.text("kind") {
        "link" => (*verify_link(case)?).clone(),
        _ => verify_session(case)?,
    };
    let permission =
        case.deployment().vocabulary.permission(case.text("permission")).map_err(|_| AllowError::PermissionDenied)?;
    match identifier(&case.value["resource"])? {
        None => access.allow(permission)?,
        Some(resource) => access.allow_on(permission, &resource)?,
    }
    Ok(json!({}))
}

fn issue_link(case: &Case<'_>) -> Outcome {
    let deployment = case.deployment();
    let set = permissions(&deployment.vocabulary, &case.value["permissions"])?;
    let name = |name| case.text(name).parse().map_err(|error: IdentifierError| error.code());
    let mut request =
        LinkRequest::new(name("tenant")?, name("client")?, set).lifetime(Duration::from_secs(case.number("lifetime")));
    if case.has("audience") {
        request = request.audience(name("audience")?);
    }
    let counter = |index: usize| u32::try_from(case.value["generations"][index].as_u64().unwrap()).unwrap();
    let generations = Generations { deployment: counter(0), tenant: counter(1), client: counter(2) };
    let now = Timestamp::from_unix(case.number("now"));
    let link = Issuer::new(deployment, case.keyring())
        .issue_link_as(case.array("token_id"), &request, generations, now)
        .map_err(|error| error.code())?;
    Ok(json!({ "token": link.text(), "link_check": hex(&link.link_check()) }))
}

fn issue_session(case: &Case<'_>) -> Outcome {
    let deployment = case.deployment();
    let audience = UntrustedLink::parse(case.text("link")).ok().and_then(|link| link.audience().copied());
    let options = VerifierOptions { audience, ..VerifierOptions::default() };
    let revocation = Revocation::None(NoRevocation);
    let verifier = Verifier::new(Arc::clone(&deployment), case.keyring(), revocation, options).unwrap();
    let link = verifier.verify_link(case.text("link"), now(case)).map_err(|error| error.code())?;
    let limits = &case.value["limits"];
    let limits = SessionLimits {
        lifetime: Some(Duration::from_secs(case.number("lifetime"))),
        revision: u32::try_from(case.number("revision")).unwrap(),
        expires_at: limits["expires_at"].as_u64().map(Timestamp::from_unix),
        permissions: limits.get("permissions").map(|names| permissions(&deployment.vocabulary, names)).transpose()?,
        resources: limits.get("resources").map(identifiers).transpose()?,
    };
    let session = Issuer::new(deployment, case.keyring())
        .issue_session_as(case.array("token_id"), &link, &limits, now(case).wall)
        .map_err(|error| error.code())?;
    Ok(json!({ "token": session.text() }))
}

fn narrow(case: &Case<'_>) -> Outcome {
    let link = UntrustedLink::parse(case.text("token")).map_err(|error| error.code())?;
    let restrictions = &case.value["restrictions"];
    let mut narrowing = Narrowing::new();
    if let Some(time) = restrictions["expires_at"].as_u64() {
        narrowing = narrowing.expires_at(Timestamp::from_unix(time));
    }
    if let Some(bits) = restrictions["permissions"].as_array() {
        let bits = bits.iter().fold(0, |set, bit| set | 1 << bit.as_u64().unwrap());
        narrowing = narrowing.permissions(Permissions::from_bits(bits));
    }
    if restrictions["resources"].is_array() {
        narrowing = narrowing.resources(identifiers(&restrictions["resources"])?).map_err(|error| error.code())?;
    }
    if let Some(audience) = identifier(&restrictions["audience"])? {
        narrowing = narrowing.audience(audience);
    }
    if let Some(label) = restrictions["recipient"].as_str() {
        narrowing = narrowing.recipient(label).map_err(|error| error.code())?;
    }
    if restrictions["seal"] == true {
        narrowing = narrowing.seal();
    }
    link.narrow(&narrowing).map(|token| json!({ "token": token })).map_err(|error| error.code().into())
}

/// Every token of the vectors once more, as its holder reads it: damaged where a verifier says so, for the same reason; else with what the
/// verifier says, if it believes it.
#[test]
fn the_holder_reads_what_the_verifier_believes() {
    let (mut whole, mut damaged) = (0, 0);
    for subject in ["token", "revocation"] {
        let vectors = portward_test_vectors::Vectors::read(env!("CARGO_PKG_NAME"), subject);
        let fixtures = super::fixtures(&vectors.fixtures);
        for value in vectors.cases.iter().filter(|case| case["op"].as_str().unwrap().starts_with("verify_")) {
            let (case, expect) = (Case::new(value, &fixtures), &value["expect"]);
            match UntrustedToken::parse(case.text("token")) {
                Err(error) => {
                    assert_eq!((&json!(error.code()), &json!("damaged")), (&expect["error"], &expect["public"]));
                    damaged += 1;
                }
                Ok(token) => {
                    assert_ne!(expect["public"], "damaged", "{}", value["id"]);
                    whole += 1;
                    if let Some(ok) = expect.get("ok") {
                        assert_eq!(said(&case, &token, ok), *ok, "{}", value["id"]);
                    }
                }
            }
        }
    }
    assert!(whole > 400 && damaged > 1000, "{whole} whole, {damaged} damaged");
}

/// What the holder cannot know is taken from what is expected.
fn said(case: &Case<'_>, token: &UntrustedToken, expected: &Value) -> Value {
    let deployment = case.deployment();
    let mut said = expected.clone();
    said["tenant"] = json!(token.tenant().to_string());
    said["client"] = json!(token.client().to_string());
    said["issued_at"] = json!(token.issued_at().unix());
    said["expires_at"] = json!(token.expires_at().unix());
    said["permissions"] = json!(deployment.vocabulary.names(token.permissions()).collect::<Vec<_>>());
    said["resources"] = match token.resources() {
        Resources::All => Value::Null,
        Resources::Only(list) => json!(list.iter().map(ToString::to_string).collect::<Vec<_>>()),
    };
    said["recipients"] = json!(token.recipients());
    said
}
