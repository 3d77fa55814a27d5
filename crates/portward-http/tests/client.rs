//! What a holder believes of an answer, whoever gave it.
#![expect(clippy::unwrap_used, reason = "test code")]

use portward_http::{Client, ClientError};
use portward_test_vectors::Vectors;
use serde_json::{Value, json};

const PEEK: &str = "__Host-portward-peek";

/// The value of the peek cookie of an answer with these lines.
fn peeked(lines: &[&str]) -> Result<String, ClientError> {
    let lines: Vec<_> = lines.iter().map(|line| ("Set-Cookie", line.as_bytes())).collect();
    let body = br#"{"nonce":"pwn_x","expires_at":1}"#;
    Client::read_peeked(200, &lines, body).map(|peeked| peeked.cookie.to_text())
}

fn redeemed(session: &str) -> Result<String, ClientError> {
    let body = json!({ "session": session, "expires_at": 1 }).to_string();
    Client::read_redeemed(200, body.as_bytes()).map(|redeemed| redeemed.session)
}

/// Tokens of the vectors that are whole.
fn tokens(op: &str) -> Vec<String> {
    let vectors = Vectors::read("portward", "token");
    let good = |case: &&Value| case["op"] == op && case["expect"].get("ok").is_some();
    vectors.cases.iter().filter(good).map(|case| case["token"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_peek_cookie_is_found_in_whatever_line() {
    let value = "A".repeat(42) + "E";
    let cookie = format!("{PEEK}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
    let dated = "lb=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/";
    for lines in [
        vec![cookie.clone()],
        vec![dated.to_owned(), cookie.clone()],
        vec![format!("{cookie}, {dated}")],
        vec![format!("{dated}, {cookie}")],
        vec![format!("{dated},{cookie},a=b")],
        vec![format!("{PEEK}\t= {value} ")],
    ] {
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(peeked(&lines), Ok(value.clone()), "{lines:?}");
    }
}

#[test]
fn another_cookie_is_not_taken_for_it_nor_one_of_two() {
    let (first, second) = (format!("{PEEK}={}", "A".repeat(43)), format!("{PEEK}={}E", "B".repeat(42)));
    assert!(peeked(&[&first]).is_ok(), "the control");
    for lines in [
        vec![],
        vec![format!("x{first}")],
        vec![format!("x; {first}")],
        vec![format!("x=y; Path={first}")],
        vec![first.to_lowercase()],
        vec![format!("{first}A")],
        vec![format!("{PEEK}=; Max-Age=0")],
        vec![format!("{PEEK}=\"{}\"", "A".repeat(43))],
        vec![first.clone(), second.clone()],
        vec![format!("{first}, {second}")],
        vec![first.clone(), first.clone()],
        vec![format!("{PEEK}=; Max-Age=0"), first.clone()],
    ] {
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(peeked(&lines), Err(ClientError::Answer), "{lines:?}");
    }
}

#[test]
fn a_session_is_one() {
    let (sessions, links) = (tokens("verify_session"), tokens("verify_link"));
    assert!(sessions.len() > 20 && links.len() > 20);
    for session in &sessions {
        assert_eq!(redeemed(session).as_ref(), Ok(session));
    }
    let session = &sessions[0];
    let strange = ["", "pws_", "x", "pws_x\r\nx: y"].map(str::to_owned);
    let around = [format!("{session}\r\n"), format!(" {session}"), format!("{session}\nx: y"), session[1..].to_owned()];
    for other in strange.iter().chain(&around).chain(&links) {
        assert_eq!(redeemed(other), Err(ClientError::Answer), "{other:?}");
    }
}

#[test]
fn a_request_has_the_lines_that_it_is_to_have() {
    let client = Client::new("https://portal.example/portal").unwrap();
    let session = &tokens("verify_session")[0];
    let line = |session: &str| client.renew(session).headers.pop().unwrap();
    assert_eq!(line(session), ("authorization", format!("Bearer {session}")));
    assert_eq!(line("pws_a\r\nx: y\u{e9}").1, "Bearer pws_ax:y");
}
