//! Once over a real socket.

use portward_http::{PEEK_COOKIE, SESSION_COOKIE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::world::World;

#[tokio::test]
async fn the_whole_way_over_a_socket() {
    let world = World::at("http://localhost:3000");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, world.app.clone()).into_future());
    let ask = async |request: String| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let head = |method: &str, path: &str, more: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\n{more}\r\n")
    };
    let form = |path: &str, body: &str, more: &str| {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let origin = "Origin: http://localhost:3000";
        head("POST", path, &format!("{kind}\r\n{origin}\r\nContent-Length: {}\r\n{more}", body.len())) + body
    };
    let cookie = |answer: &str, name: &str| {
        let start = format!("set-cookie: {name}=");
        answer.split_once(&start).unwrap().1.split_once(';').unwrap().0.to_owned()
    };

    let link = world.memory.link(1);
    let opened = ask(head("GET", &format!("/portal/{link}"), "")).await;
    assert!(opened.starts_with("HTTP/1.1 303 See Other\r\n") && opened.contains("\r\nlocation: /portal\r\n"));
    let page = ask(head("GET", "/portal", &format!("Cookie: __Host-portward-link={link}\r\n"))).await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("\r\ncontent-security-policy: "));
    let headers = ask(head("HEAD", "/portal", &format!("Cookie: __Host-portward-link={link}\r\n"))).await;
    assert!(headers.starts_with("HTTP/1.1 200 OK\r\n") && headers.ends_with("\r\n\r\n"), "{headers}");
    let length = page.split_once("\r\n\r\n").unwrap().1.len();
    assert!(headers.contains(&format!("\r\ncontent-length: {length}\r\n")), "{headers}");

    let nonce = page.split_once("name=\"nonce\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let cookies = format!("Cookie: {PEEK_COOKIE}={}; __Host-portward-link={link}\r\n", cookie(&page, PEEK_COOKIE));
    let redeemed = ask(form("/portal/redeem", &format!("nonce={nonce}"), &cookies)).await;
    assert!(redeemed.starts_with("HTTP/1.1 303 See Other\r\n"), "{redeemed}");
    let session = format!("Cookie: {SESSION_COOKIE}={}\r\n", cookie(&redeemed, SESSION_COOKIE));
    assert!(ask(head("GET", "/portal/", &session)).await.ends_with("\r\n\r\n42"));
    assert!(ask(form("/portal/renew", "", &session)).await.starts_with("HTTP/1.1 204 No Content\r\n"));
    assert!(ask(form("/portal/leave", "", &session)).await.contains("Max-Age=0"));
    let too_long = ask(form("/portal/redeem", &"x".repeat(5000), "")).await;
    assert!(too_long.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{too_long}");
    assert_eq!(world.memory.uses(&link), 1);
    server.abort();
}
