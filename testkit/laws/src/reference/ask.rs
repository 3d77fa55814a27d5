//! What is asked, made of bytes.

use serde_json::{Value, json};

use crate::blocks::parts;
use crate::draft::{Draft, saved};
use crate::sign;
use crate::snapshot::scope_of;
use crate::token::{root, tenant_generation};
use crate::wire::hex;
use crate::world::NOW;

pub(super) fn question(op: u8, data: &[u8]) -> Option<Value> {
    let text = || std::str::from_utf8(data).ok();
    Some(match op {
        0 => verify("verify_link", text()?),
        1 => verify("verify_session", text()?),
        2 => mended("verify_link", text()?)?,
        3 => mended("verify_session", text()?)?,
        4 => signed("verify_link", sign::LINK, data)?,
        5 => signed("verify_session", sign::SESSION, data)?,
        6 => json!({ "op": "header", "header": hex(data) }),
        7 => json!({ "op": "slot", "slot": hex(data) }),
        8 => json!({ "op": "context", "pairs": pairs(data)? }),
        9 => json!({ "op": "scope", "text": text()? }),
        10 => json!({ "op": "identifier", "text": text()? }),
        11 => file("keyring_file", data),
        12 => file("deployment_file", data),
        13 => file("vault_file", data),
        14 => json!({ "op": "feed_request", "request": hex(data) }),
        15 => snapshot(data)?,
        16 => delta(data)?,
        17 => json!({ "op": "backup_manifest", "manifest": hex(data) }),
        _ => return None,
    })
}

fn verify(op: &str, token: &str) -> Value {
    json!({ "op": op, "token": token, "now": NOW.wall.unix(), "keyring": "main", "deployment": "main" })
}

/// With the right checksum.
fn mended(op: &str, token: &str) -> Option<Value> {
    let (prefix, bytes) = sign::untext(token)?;
    Some(verify(op, &sign::text(prefix, &bytes)))
}

/// Head and blocks, each behind its length, under their true tag.
fn signed(op: &str, prefix: &str, data: &[u8]) -> Option<Value> {
    let parts = parts(data);
    let (head, blocks) = parts.split_first()?;
    let unsigned = sign::text(prefix, &[head, &[0; 32][..]].concat());
    let kind = if prefix == sign::LINK { 1 } else { 2 };
    let tag = portward::UntrustedToken::parse(&unsigned).ok().and_then(|token| {
        let key = sign::token_key(root(head), kind, &token.tenant().to_string(), tenant_generation(head))?;
        Some(sign::chain(&key, head, blocks))
    });
    let content = [head, &blocks.concat()[..], &tag.unwrap_or([7; 32])].concat();
    Some(verify(op, &sign::text(prefix, &content)))
}

fn pairs(data: &[u8]) -> Option<Vec<[&str; 2]>> {
    let parts: Option<Vec<&str>> = parts(data).into_iter().map(|part| std::str::from_utf8(part).ok()).collect();
    Some(parts?.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

fn file(op: &str, data: &[u8]) -> Value {
    json!({ "op": op, "parts": [{ "hex": hex(data) }] })
}

/// A body, as a saved snapshot of a scope.
fn snapshot(data: &[u8]) -> Option<Value> {
    let (bits, body) = data.split_first()?;
    let message = saved(&scope_of(*bits), body);
    Some(feed(*bits, &[message]))
}

/// A body, as a list that follows on a snapshot whose body stands before it.
fn delta(data: &[u8]) -> Option<Value> {
    let (bits, rest) = data.split_first()?;
    let parts = parts(rest);
    let [base, body, ..] = parts[..] else { return None };
    let base = Draft::saved(&scope_of(*bits), base);
    Some(feed(*bits, &[base.sealed(), base.delta(body, 1).sealed()]))
}

fn feed(bits: u8, messages: &[Vec<u8>]) -> Value {
    let names: Vec<_> =
        (0..).zip(crate::pool::TENANTS).filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name).collect();
    let scope = if names.is_empty() { json!("all") } else { json!(names) };
    let messages: Vec<_> = messages.iter().map(|message| hex(message)).collect();
    json!({ "op": "feed", "deployment": "main", "keyring": "main", "scope": scope, "messages": messages, "now": NOW.wall.unix() })
}
