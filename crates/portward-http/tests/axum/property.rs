//! No request makes it panic, and none gets a session but by redeeming or renewing.

use portward::Timestamp;
use portward_http::{Action, Client, Peeked, Redeemed, Refusal, Request, Rules, RulesOptions};
use proptest::prelude::*;

use crate::world::ORIGIN;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "(pwl_|pws_|pwn_|Bearer pws_)[A-Za-z0-9_-]{0,60}",
        "[A-Za-z0-9_-]{43}",
        "pwn_AQ[A-Za-z0-9_-]{75}[AQgw]",
        "(text/html|application/json|\\*/\\*|application/x-www-form-urlencoded)([,;] ?(q=[0-9.]{0,3}|\\*/\\*)){0,3}",
        Just(ORIGIN.to_owned()),
        Just("same-origin".to_owned()),
    ]
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let names = prop::sample::select(vec![
        "cookie",
        "Cookie",
        "authorization",
        "accept",
        "origin",
        "sec-fetch-site",
        "content-type",
        "x-other",
    ]);
    let cookies = prop::collection::vec(("(__Host-portward-(link|peek|session)|.{0,5})=?", text()), 0..4);
    let cookies = cookies.prop_map(|pairs| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ").into_bytes()
    });
    let values = prop_oneof![text().prop_map(String::into_bytes), cookies, prop::collection::vec(any::<u8>(), 0..40)];
    (names.prop_map(str::to_owned), values)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let fields = prop::collection::vec(("(nonce|token|.{0,3})", text()), 0..4);
    let form = fields
        .prop_map(|fields| form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish().into_bytes());
    prop_oneof![form, prop::collection::vec(any::<u8>(), 0..80), Just(vec![b'x'; 5000])]
}

fn path() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec!["", "/peek", "/redeem", "/renew", "/leave", "/", "/pwl_x", "?x"]);
    prop_oneof![
        known.prop_map(|end| format!("/portal{end}")),
        ".{0,20}",
        text().prop_map(|text| format!("/portal/{text}"))
    ]
}

proptest! {
    #[test]
    fn no_request_panics(
        method in prop_oneof![Just("GET".to_owned()), Just("HEAD".to_owned()), Just("POST".to_owned()), ".{0,5}"],
        path in path(),
        headers in prop::collection::vec(header(), 0..8),
        body in body(),
    ) {
        let rules = Rules::new(ORIGIN, RulesOptions::default()).unwrap();
        let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let request = Request { method: &method, path: &path, headers: &headers, body: &body };
        let now = Timestamp::from_unix(1);
        let cookie = "A".repeat(43).parse().unwrap();
        let redeemed = || Ok(Redeemed { session: "pws_x".to_owned(), expires_at: Timestamp::from_unix(0) });
        let answers = match rules.read(&request) {
            Action::NotOurs => vec![],
            Action::Answer(answer) => vec![answer],
            Action::Peek(peek) => {
                prop_assert!(method != "POST" || path.starts_with("/portal/peek"));
                let peeked = Peeked { nonce: "<\"".to_owned(), expires_at: now, cookie };
                vec![rules.answer_peek(&peek, Ok(peeked)), rules.answer_peek(&peek, Err(Refusal::Refused.into()))]
            }
            Action::Redeem(redeem) => {
                // Nothing but a form that was posted to the one path gets here.
                prop_assert!(method == "POST" && path.starts_with("/portal/redeem"));
                vec![rules.answer_redeem(&redeem, redeemed(), now), rules.answer_redeem(&redeem, Err(Refusal::Damaged.into()), now)]
            }
            Action::Renew(renew) => {
                prop_assert!(method == "POST" && path.starts_with("/portal/renew"));
                vec![rules.answer_renew(&renew, redeemed(), now), rules.answer_renew(&renew, Err(Refusal::Unavailable.into()), now)]
            }
        };
        for answer in answers {
            prop_assert!(answer.headers.iter().any(|(name, value)| (*name, &**value) == ("cache-control", "no-store")));
            prop_assert!(method != "HEAD" || answer.body.is_empty());
            let gives = answer.headers.iter().any(|(name, value)| *name == "set-cookie" && value.contains("=pws_x;"));
            prop_assert!(!gives || path.starts_with("/portal/redeem") || path.starts_with("/portal/renew"));
            for (_, value) in &answer.headers {
                prop_assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{value:?}");
            }
        }
        let _ = rules.session(&request);
    }

    #[test]
    fn no_answer_and_no_address_panics(
        status in prop_oneof![Just(200), any::<u16>()],
        headers in prop::collection::vec(header(), 0..4),
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..80), Just(br#"{"nonce":"x","expires_at":1}"#.to_vec())],
        url in prop_oneof![".{0,60}", text().prop_map(|text| format!("https://portal.example/portal/{text}"))],
    ) {
        let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let _ = Client::read_peeked(status, &headers, &body);
        let _ = Client::read_redeemed(status, &body);
        let _ = Client::of_link(&url);
        let _ = Client::new(&url);
    }
}
