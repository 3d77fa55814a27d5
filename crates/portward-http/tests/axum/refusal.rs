//! What every answer has, and the three refusals.

use portward_http::{LINK_COOKIE, PEEK_COOKIE, SESSION_COOKIE};

use crate::world::{Ask, Reply, World, ask, form};

const PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn every_answer_has_its_headers() {
    let world = World::new();
    let link = world.memory.link(9);
    let peeked = form("/portal/peek", &[("token", &link)]).of(&world).await;
    let fields = [("nonce", &*peeked.nonce()), ("token", &*link)];
    let cookie = peeked.set(PEEK_COOKIE).unwrap().to_owned();
    let redeem = || form("/portal/redeem", &fields).cookie(PEEK_COOKIE, &cookie);
    let session = redeem().of(&world).await.set(SESSION_COOKIE).unwrap().to_owned();
    let all = [
        ask("GET", &format!("/portal/{link}")),
        ask("HEAD", &format!("/portal/{link}")),
        ask("GET", "/portal/pwl_x"),
        ask("GET", "/portal/pwl_x").header("accept", PAGE),
        ask("GET", "/portal"),
        ask("HEAD", "/portal"),
        ask("GET", "/portal").cookie(LINK_COOKIE, &link),
        ask("GET", "/portal").cookie(LINK_COOKIE, "pwl_x"),
        ask("PUT", "/portal"),
        form("/portal/peek", &[("token", &link)]),
        form("/portal/peek", &[]),
        redeem(),
        redeem().header("accept", "application/json"),
        form("/portal/redeem", &[]),
        form("/portal/redeem", &[]).header("origin", "null"),
        form("/portal/redeem", &[]).body("x".repeat(5000)),
        ask("POST", "/portal/redeem").body("nonce=x"),
        ask("GET", "/portal/redeem"),
        form("/portal/renew", &[]).cookie(SESSION_COOKIE, &session),
        form("/portal/renew", &[]).header("authorization", &format!("Bearer {session}")),
        form("/portal/renew", &[]),
        form("/portal/leave", &[]),
    ];
    let mut seen = Vec::new();
    for request in all {
        let reply = request.of(&world).await;
        seen.push(reply.status);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-robots-tag"), Some("noindex, nofollow"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let is_page = reply.is_page();
        assert_eq!(reply.header("referrer-policy"), Some(if is_page { "same-origin" } else { "no-referrer" }));
        assert_eq!(reply.header("content-security-policy").is_some(), is_page);
        assert_eq!(reply.header("location").is_some(), reply.status == 303);
        assert_eq!(reply.header("allow").is_some(), reply.status == 405);
        assert_eq!(reply.header("retry-after").is_some(), reply.status == 503);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [200, 204, 303, 400, 403, 405, 413, 415]);
}

#[tokio::test]
async fn a_page_has_the_policy_of_the_specification() {
    let policy = async |world: World| {
        let reply = ask("GET", "/portal").of(&world).await;
        reply.header("content-security-policy").unwrap().to_owned()
    };
    let (start, rest) = (
        "default-src 'none'; script-src 'sha256-",
        "'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    let plain = policy(World::new()).await;
    assert!(plain.starts_with(start) && plain.ends_with(rest) && plain.len() == start.len() + 44 + rest.len());
    // `printf 'p{}' | openssl dgst -sha256 -binary | base64`
    let style = "; style-src 'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='";
    let styled = policy(World::with_style("p{}")).await;
    assert!(styled.contains(style) && styled.replace(style, "") == plain);
}

/// Every way to be refused, under both forms of an answer.
#[tokio::test]
async fn a_refusal_is_the_same_bytes_for_every_reason() {
    let world = World::new();
    let foreign = World::new().memory.link(1);
    let (link, revoked, spent) = (world.memory.link(1), world.memory.link(1), world.memory.link(0));
    world.memory.revoke(&revoked);
    let peek = async |token: &str| {
        let reply = form("/portal/peek", &[("token", token)]).of(&world).await;
        (reply.nonce(), reply.set(PEEK_COOKIE).unwrap().to_owned())
    };
    let redeem = |token: &str, (nonce, cookie): &(String, String)| {
        form("/portal/redeem", &[("nonce", nonce), ("token", token)]).cookie(PEEK_COOKIE, cookie)
    };
    let (good, of_revoked, of_spent) = (peek(&link).await, peek(&revoked).await, peek(&spent).await);
    let session = redeem(&link, &good).of(&world).await.set(SESSION_COOKIE).unwrap().to_owned();
    let refused: [(&str, &dyn Fn() -> Ask); 10] = [
        ("forged", &|| form("/portal/peek", &[("token", &tampered(&link))])),
        ("unknown_root", &|| form("/portal/peek", &[("token", &foreign)])),
        ("wrong_kind", &|| form("/portal/peek", &[("token", &session)])),
        ("nonce_forged", &|| redeem(&spent, &good)),
        ("link_revoked", &|| redeem(&revoked, &of_revoked)),
        ("uses_exhausted", &|| redeem(&spent, &of_spent)),
        ("origin_foreign", &|| form("/portal/redeem", &[]).header("origin", "https://evil.example")),
        ("site_foreign", &|| form("/portal/leave", &[]).header("sec-fetch-site", "cross-site")),
        ("session_missing", &|| ask("GET", "/portal/")),
        ("permission_denied", &|| ask("GET", "/portal/invoices").cookie(SESSION_COOKIE, &session)),
    ];
    let damaged: [(&str, &dyn Fn() -> Ask); 12] = [
        ("too_short", &|| ask("GET", "/portal/pwl_")),
        ("bad_base64", &|| ask("GET", "/portal/pwl_x!")),
        ("bad_prefix", &|| form("/portal/peek", &[("token", "x")])),
        ("too_long", &|| form("/portal/peek", &[("token", &format!("pwl_{}", "A".repeat(1024)))])),
        ("field_missing", &|| form("/portal/peek", &[])),
        ("cookie_missing", &|| form("/portal/redeem", &[("nonce", &good.0), ("token", &link)])),
        ("link_missing", &|| form("/portal/redeem", &[("nonce", &good.0)])),
        ("session_missing", &|| form("/portal/renew", &[])),
        ("field_repeated", &|| form("/portal/renew", &[("a", ""), ("a", "")])),
        ("cookie_malformed", &|| redeem(&link, &(good.0.clone(), "x".to_owned()))),
        ("nonce_malformed", &|| redeem(&link, &("x".to_owned(), good.1.clone()))),
        ("bad_base64", &|| ask("GET", "/portal/").cookie(SESSION_COOKIE, "pws_x")),
    ];
    let unavailable: [(&str, &dyn Fn() -> Ask); 3] = [
        ("store_unavailable", &|| form("/portal/peek", &[("token", &link)])),
        ("store_unavailable", &|| redeem(&link, &good)),
        ("store_unavailable", &|| form("/portal/renew", &[]).cookie(SESSION_COOKIE, &session)),
    ];
    let all = [(403, "refused", &refused[..]), (400, "damaged", &damaged[..]), (503, "unavailable", &unavailable[..])];
    for (status, word, rows) in all {
        world.memory.set_down(status == 503);
        for accept in ["application/json", "*/*", PAGE] {
            let mut replies = Vec::new();
            for (code, request) in rows {
                let reply = request().header("accept", accept).of(&world).await;
                assert_eq!((reply.status, world.heard()), (status, vec![*code]));
                replies.push(reply);
            }
            let first: &Reply = &replies[0];
            assert_eq!(first.is_page(), accept == PAGE);
            if accept != PAGE {
                assert_eq!(first.body, format!(r#"{{"error":"{word}"}}"#));
            }
            assert_eq!(first.header("retry-after"), (status == 503).then_some("1"));
            assert!(first.cookies().is_empty());
            for (reply, (code, _)) in replies.iter().zip(rows) {
                assert_eq!(reply, first, "{code}");
            }
        }
    }
    // And what is in order is not refused.
    world.memory.set_down(false);
    assert_eq!(redeem(&link, &good).of(&world).await.status, 303);
    assert_eq!(form("/portal/renew", &[]).cookie(SESSION_COOKIE, &session).of(&world).await.status, 204);
}

/// A link of good form whose tag is another's.
fn tampered(link: &str) -> String {
    use base64::Engine as _;
    let codec = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = codec.decode(&link[4..]).unwrap();
    let end = bytes.len() - 4;
    bytes[end - 1] ^= 1;
    let crc = crc32(&[b"pwl_", &bytes[..end]].concat());
    bytes[end..].copy_from_slice(&crc.to_be_bytes());
    format!("pwl_{}", codec.encode(bytes))
}

/// Bit by bit, as IEEE 802.3 says.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}
