//! The holder's side against the server's.

use portward_http::{Client, ClientError, ClientRequest, Rules, RulesOptions};

use crate::world::{ORIGIN, Reply, World, ask};

async fn send(world: &World, request: &ClientRequest) -> Reply {
    let path = request.url.strip_prefix(ORIGIN).unwrap();
    let start = ask(request.method, path).body(request.body.clone());
    request.headers.iter().fold(start, |ask, (name, value)| ask.header(name, value)).of(world).await
}

fn lines(reply: &Reply) -> Vec<(&str, &[u8])> {
    reply.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

#[tokio::test]
async fn a_program_comes_in_by_a_link_of_either_form() {
    let world = World::new();
    let rules = Rules::new(ORIGIN, RulesOptions::default()).unwrap();
    let link = world.memory.link(2);
    for url in [rules.link_url(&link), rules.link_url_fragment(&link)] {
        let (client, token) = Client::of_link(&url).unwrap();
        assert_eq!(token, link);
        let reply = send(&world, &client.peek(&token)).await;
        let peeked = Client::read_peeked(reply.status, &lines(&reply), reply.body.as_bytes()).unwrap();
        assert_eq!(peeked.expires_at.unix(), 1_800_000_600);
        let reply = send(&world, &client.redeem(&token, &peeked)).await;
        let redeemed = Client::read_redeemed(reply.status, reply.body.as_bytes()).unwrap();
        assert_eq!(redeemed.expires_at.unix(), 1_800_000_900);
        let reply = send(&world, &client.renew(&redeemed.session)).await;
        let renewed = Client::read_redeemed(reply.status, reply.body.as_bytes()).unwrap();
        assert_ne!(renewed.session, redeemed.session);
        let home = ask("GET", "/portal/").header("authorization", &format!("Bearer {}", renewed.session));
        assert_eq!(home.of(&world).await.body, "42");
    }
    assert_eq!((world.memory.uses(&link), world.heard()), (2, vec![]));
}

#[tokio::test]
async fn a_program_learns_the_three_refusals() {
    let world = World::new();
    let client = Client::new("https://portal.example/portal").unwrap();
    let session = async |request: &ClientRequest| {
        let reply = send(&world, request).await;
        Client::read_redeemed(reply.status, reply.body.as_bytes()).map(drop)
    };
    let foreign = World::new().memory.link(1);
    let reply = send(&world, &client.peek(&foreign)).await;
    let peeked = Client::read_peeked(reply.status, &lines(&reply), reply.body.as_bytes());
    assert_eq!(peeked, Err(ClientError::Refused));
    assert_eq!(session(&client.renew("pws_x")).await, Err(ClientError::Damaged));
    world.memory.set_down(true);
    assert_eq!(session(&client.renew("pws_x")).await, Err(ClientError::Unavailable));
}

#[test]
fn addresses_of_links_are_read_strictly() {
    let link = World::new().memory.link(1);
    let read = |url: &str| Client::of_link(url).map(|(client, _)| client);
    let portal = Ok(Client::new("https://portal.example/portal").unwrap());
    for good in ["/portal/LINK", "/portal#LINK", "/portal/LINK?utm_source=mail", "/portal?utm_source=mail#LINK"] {
        assert_eq!(read(&format!("{ORIGIN}{}", good.replace("LINK", &link))), portal, "{good}");
    }
    for bad in [
        "",
        "LINK",
        "portal.example/portal/LINK",
        "https://portal.example/LINK",
        "http://portal.example/portal/LINK",
        "https://a@portal.example/portal/LINK",
        "javascript:/portal/LINK",
    ] {
        assert_eq!(read(&bad.replace("LINK", &link)), Err(ClientError::Url), "{bad}");
    }
    for bad in ["/portal/pwl_x", "/portal#", "/portal/pws_x", "/portal#LINK?x"] {
        assert_eq!(read(&format!("{ORIGIN}{}", bad.replace("LINK", &link))), Err(ClientError::Damaged), "{bad}");
    }
}

#[test]
fn answers_of_others_are_not_believed() {
    let cookie = format!("__Host-portward-peek={}; Path=/", "A".repeat(43));
    let json = br#"{"nonce":"pwn_x","expires_at":1}"#;
    let read = |status, cookie: &str, body: &[u8]| {
        Client::read_peeked(status, &[("Set-Cookie", cookie.as_bytes())], body).map(|peeked| peeked.nonce)
    };
    assert_eq!(read(200, &cookie, json), Ok("pwn_x".to_owned()));
    for (status, cookie, body) in [
        (200, "", &json[..]),
        (200, "__Host-portward-peek=A", json),
        (200, "other=1", json),
        (200, &cookie, b"{}"),
        (200, &cookie, b"<html>"),
        (302, &cookie, json),
        (404, &cookie, json),
    ] {
        assert_eq!(read(status, cookie, body), Err(ClientError::Answer));
    }
    for (status, error) in [
        (400, ClientError::Damaged),
        (403, ClientError::Refused),
        (429, ClientError::Unavailable),
        (502, ClientError::Unavailable),
    ] {
        assert_eq!(Client::read_redeemed(status, b"<html>"), Err(error));
    }
}
