//! Replays `testkit/vectors/http.json`, which the Python reference wrote from the specification. Every case, by equality.
#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use portward::{
    Deployment, Keyring, NoRevocation, NonceError, Now, PeekCookie, Revocation, Timestamp, Verifier, VerifierOptions,
};
use portward_http::{Action, Answer, Peeked, Reason, Redeemed, Refusal, Request, Rules, RulesOptions};
use serde_json::{Value, json};

/// Cases that are older than the page, each with what the page says now. A case that has caught up has to go from here.
const OUTRUN: &[(&str, Change)] = &[
    // The type is looked at if there is a body.
    ("http/post/renew-type-", Change::NoType),
    ("http/post/leave-type-", Change::NoType),
    // `Accept` names `application/json` and not `text/html`.
    ("http/redeem/accept-json-any", Change::Json),
    ("http/redeem/accept-html-refused", Change::See),
    ("http/redeem/accept-application-any", Change::See),
    // A refusal of `GET P` takes the link cookie away.
    ("http/show/damaged", Change::LinkGone),
    ("http/show/refused-", Change::LinkGone),
];

#[derive(Clone, Copy)]
enum Change {
    NoType,
    Json,
    See,
    LinkGone,
}

#[tokio::test]
async fn every_case() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testkit/vectors/http.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let fixtures = Fixtures::of(&vectors["fixtures"]);
    let cases = vectors["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let (id, expected) = (case["id"].as_str().unwrap(), expected(case));
        let told = fixtures.replay(case).await;
        let change = OUTRUN.iter().find(|(start, _)| id.starts_with(start)).map(|(_, change)| *change);
        let agrees = match change.filter(|_| case["expect"].get("error").is_some() || id.contains("accept")) {
            None => told == expected,
            Some(change) => told != expected && told == changed(expected.clone(), change, case),
        };
        if !agrees {
            wrong.push(format!("{id}\n  expected {expected}\n  told     {told}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 362, "{} cases", cases.len());
}

/// The answer of a case, as it is compared.
fn expected(case: &Value) -> Value {
    let expect = &case["expect"];
    let mut answer = expect.get("ok").or(expect.get("answer")).unwrap().clone();
    if let Some(nonce) = answer.pointer_mut("/body/json/nonce") {
        *nonce = json!("*"); // ours has its own random bytes
    }
    if answer["type"] == "text/html" {
        answer["headers"]["referrer-policy"] = json!("same-origin"); // under `no-referrer` a form has `Origin: null`
    }
    answer
}

/// What the page says now.
fn changed(mut answer: Value, change: Change, case: &Value) -> Value {
    let gone = |name: &str, same_site: &str| {
        json!(format!("__Host-portward-{name}=; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age=0"))
    };
    let pair = || [gone("link", "Lax"), gone("peek", "Lax")];
    let store = &case["store"];
    match change {
        Change::NoType if case["request"]["target"] == "/portal/leave" => {
            answer["status"] = json!(204);
            answer["cookies"] = json!([gone("session", "Lax")]);
        }
        // That no store is asked in these cases shows that the type was looked at. Now one is.
        Change::NoType => return json!("store"),
        Change::Json => {
            answer["status"] = json!(200);
            answer["headers"].as_object_mut().unwrap().remove("location");
            answer["cookies"] = json!(pair());
            answer["type"] = json!("application/json");
            answer["body"] = json!({ "json": store });
        }
        Change::See => {
            answer["status"] = json!(303);
            answer["headers"]["location"] = json!("/portal/");
            let left = store["expires_at"].as_u64().unwrap().checked_sub(case["now"].as_u64().unwrap()).unwrap();
            let session = store["session"].as_str().unwrap();
            let session =
                format!("__Host-portward-session={session}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={left}");
            let [link, peek] = pair();
            answer["cookies"] = json!([link, peek, session]);
            answer.as_object_mut().unwrap().retain(|name, _| name != "type" && name != "body");
        }
        Change::LinkGone => answer["cookies"] = json!([gone("link", "Lax")]),
    }
    answer
}

struct Fixtures {
    deployments: HashMap<String, Arc<Deployment>>,
    keyrings: HashMap<String, Arc<Keyring>>,
}

impl Fixtures {
    fn of(fixtures: &Value) -> Self {
        let each = |name: &str| {
            fixtures[name].as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.to_string()))
        };
        let deployments =
            each("deployments").map(|(name, text)| (name, Arc::new(Deployment::from_json(text.as_bytes()).unwrap())));
        let deployments: HashMap<_, _> = deployments.collect();
        let keyrings = each("keyrings").map(|(name, text)| {
            let keyring = Keyring::from_json(text.as_bytes(), &deployments[&name]);
            (name, Arc::new(keyring.unwrap()))
        });
        Self { keyrings: keyrings.collect(), deployments }
    }

    async fn replay(&self, case: &Value) -> Value {
        let rules = Rules::new(
            "https://portal.example",
            RulesOptions { path: case["path"].as_str().unwrap().to_owned(), ..RulesOptions::default() },
        );
        let (rules, store) = (rules.unwrap(), self.store(case));
        let request = &case["request"];
        let headers = request["headers"].as_array().unwrap().iter();
        let headers: Vec<(&str, &[u8])> =
            headers.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap().as_bytes())).collect();
        let body = body(&request["body"]);
        let request = Request {
            method: request["method"].as_str().unwrap(),
            path: request["target"].as_str().unwrap(),
            headers: &headers,
            body: &body,
        };
        let now = Timestamp::from_unix(case["now"].as_u64().unwrap());
        let answer = match rules.read(&request) {
            Action::NotOurs => return json!("application"),
            Action::Answer(answer) => answer,
            Action::Peek(ask) => rules.answer_peek(&ask, store.peek(ask.token(), ask.cookie()).await),
            Action::Redeem(ask) => {
                let outcome = store.redeem(ask.token(), ask.cookie(), ask.nonce()).await;
                rules.answer_redeem(&ask, outcome, now)
            }
            Action::Renew(ask) => rules.answer_renew(&ask, store.renew(ask.session()).await, now),
        };
        if answer.reason.is_some_and(|reason| reason.code == NOT_ASKED) {
            json!("store")
        } else {
            told(&request, answer)
        }
    }

    fn store<'a>(&self, case: &'a Value) -> Store<'a> {
        let deployment = self.deployments[case["deployment"].as_str().unwrap()].clone();
        let keyring = self.keyrings[case["keyring"].as_str().unwrap()].clone();
        let audience = case.get("audience").and_then(Value::as_str).map(|text| text.parse().unwrap());
        let options = VerifierOptions { audience, ..VerifierOptions::default() };
        let verifier = Verifier::new(deployment, keyring.clone(), Revocation::None(NoRevocation), options).unwrap();
        Store { case, keyring, verifier }
    }
}

/// Verifies as a store does, and then says what the case lets it say.
struct Store<'a> {
    case: &'a Value,
    keyring: Arc<Keyring>,
    verifier: Verifier,
}

impl Store<'_> {
    fn now(&self) -> Now {
        Now::at(Timestamp::from_unix(self.case["now"].as_u64().unwrap()))
    }

    /// Views cannot be made from here. What they refuse is a matter of `vectors` in the core.
    fn view(&self) -> Result<(), Reason> {
        let refuses = self.case.get("view").is_some() && self.case["expect"]["error"] == "refused";
        if refuses { Err(Refusal::Refused.into()) } else { Ok(()) }
    }

    fn says(&self) -> Result<Redeemed, Reason> {
        match self.case.get("store") {
            None => Err(Reason { refusal: Refusal::Refused, code: NOT_ASKED, token_id: None }),
            Some(store) if store == "unavailable" => Err(Refusal::Unavailable.into()),
            Some(store) if store.get("error").is_some() => Err(Refusal::Refused.into()),
            Some(store) => Ok(Redeemed {
                session: store["session"].as_str().unwrap().to_owned(),
                expires_at: Timestamp::from_unix(store["expires_at"].as_u64().unwrap()),
            }),
        }
    }
}

impl Store<'_> {
    async fn peek(&self, token: &str, cookie: Option<PeekCookie>) -> Result<Peeked, Reason> {
        let access = self.verifier.verify_link(token, self.now())?;
        self.view()?;
        let made = || base64url(&unhex(self.case["made"]["cookie"].as_str().unwrap())).parse().unwrap();
        let cookie = cookie.unwrap_or_else(made);
        let (nonce, expires_at) = self.keyring.make_nonce(access.chain_id(), &cookie, self.now().wall).unwrap();
        Ok(Peeked { nonce, expires_at, cookie })
    }

    async fn redeem(&self, token: &str, cookie: &PeekCookie, nonce: &str) -> Result<Redeemed, Reason> {
        let access = self.verifier.verify_link(token, self.now())?;
        self.view()?;
        let checked = self.keyring.check_nonce(nonce, access.chain_id(), cookie, self.now().wall);
        checked.map_err(|error| match error {
            NonceError::Malformed => Refusal::Damaged,
            _ => Refusal::Refused,
        })?;
        self.says()
    }

    async fn renew(&self, session: &str) -> Result<Redeemed, Reason> {
        self.verifier.verify_to_renew(session, self.now())?;
        self.view()?;
        self.says()
    }
}

const NOT_ASKED: &str = "the store is not to be asked";

/// An answer, as the vectors tell it.
fn told(request: &Request<'_>, answer: Answer) -> Value {
    let mut cookies = Vec::new();
    let mut headers = serde_json::Map::new();
    let mut kind = None;
    for (name, value) in answer.headers {
        match name {
            "set-cookie" => cookies.push(value),
            "content-type" => kind = Some(value.split(';').next().unwrap().to_owned()),
            "content-length" => {}
            "content-security-policy" => {
                let (start, rest) = value.split_once("sha256-").unwrap();
                let (_, end) = rest.split_once('\'').unwrap();
                headers.insert(name.to_owned(), json!(format!("{start}sha256-*'{end}")));
            }
            _ => assert!(headers.insert(name.to_owned(), json!(value)).is_none(), "{name}"),
        }
    }
    cookies.sort();
    let mut told = json!({ "status": answer.status, "headers": headers, "cookies": cookies });
    let is_page = kind.as_deref() == Some("text/html");
    if is_page && answer.status >= 400 {
        // The vectors leave open what is on the page of a refusal.
        told["headers"].as_object_mut().unwrap().remove("content-security-policy");
    }
    if let Some(kind) = &kind {
        told["type"] = json!(kind);
    }
    let is_refusal = answer.status >= 400 && kind.is_some() && !is_page;
    if request.method == "HEAD" || is_refusal {
        told["body"] = json!({ "text": answer.body });
    } else if kind.as_deref() == Some("application/json") {
        let mut body: Value = serde_json::from_str(&answer.body).unwrap();
        if body.get("nonce").is_some() {
            body["nonce"] = json!("*");
        }
        told["body"] = json!({ "json": body });
    }
    told
}

fn body(value: &Value) -> Vec<u8> {
    let Some(parts) = value["parts"].as_array() else { return value.as_str().unwrap().into() };
    let part = |part: &Value| match part["times"].as_u64() {
        Some(times) => part["repeat"].as_str().unwrap().repeat(usize::try_from(times).unwrap()),
        None => part["text"].as_str().unwrap().to_owned(),
    };
    parts.iter().map(part).collect::<String>().into_bytes()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|start| u8::from_str_radix(&text[start..=start + 1], 16).unwrap()).collect()
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
