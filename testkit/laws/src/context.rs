//! A context is taken as the page says, in any order, and an object opens under the context it was sealed under and no other.
//! `spec/envelope.md` section 2.
//!
//! Input: keys and values, each behind its length (u16).

use std::collections::BTreeMap;

use portward::Identifier;
use portward::envelope::{Context, ContextError, OpenError};

use crate::blocks::parts;
use crate::damage::{SCOPE, keys};

type Pairs<'a> = Vec<(&'a str, &'a str)>;

pub(crate) fn holds(data: &[u8]) {
    let parts: Option<Vec<&str>> = parts(data).into_iter().map(|part| std::str::from_utf8(part).ok()).collect();
    let Some(parts) = parts else { return };
    let pairs: Pairs<'_> = parts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let read = Context::from_pairs(pairs.iter().copied());
    assert_eq!(read.as_ref().err().copied(), fault(&pairs));
    let Ok(context) = read else { return };

    let sorted: BTreeMap<&str, &str> = pairs.iter().copied().collect();
    assert_eq!(context.pairs().collect::<Pairs<'_>>(), sorted.clone().into_iter().collect::<Pairs<'_>>());
    let backwards = Context::from_pairs(pairs.iter().rev().copied());
    assert_eq!(backwards, Ok(context.clone()));

    let keys = keys(context.tenant(), SCOPE);
    let object = keys.seal_record(&context, b"so it is").unwrap();
    assert_eq!(keys.open_record(&backwards.unwrap(), &object).unwrap(), b"so it is");
    for other in others(&sorted) {
        let Ok(other) = Context::from_pairs(other.iter().map(|(key, value)| (key.as_str(), value.as_str()))) else {
            continue;
        };
        assert_ne!(other, context);
        let refused =
            if other.tenant() == context.tenant() { OpenError::WrongCommitment } else { OpenError::WrongTenant };
        assert_eq!(keys.open_record(&other, &object), Err(refused));
    }
    let value = |key| context.pairs().find(|(known, _)| *known == key).map_or("", |(_, value)| value);
    if let Some([one, other]) = twins(&context, value("name"), value("id")) {
        let object = keys.seal_record(&one, b"so it is").unwrap();
        assert_eq!(keys.open_record(&other, &object), Err(OpenError::WrongCommitment));
    }
}

/// Two contexts whose keys and values are the same bytes in a row.
fn twins(context: &Context, first: &str, second: &str) -> Option<[Context; 2]> {
    let with = |pairs: [(&str, &str); 2]| {
        pairs.iter().try_fold(context.clone(), |context, (key, value)| context.with(key, value)).ok()
    };
    let (long, longer) = (format!("{first}x-twin-b{second}"), format!("{second}x-twin-c{first}"));
    Some([with([("x-twin-a", &long), ("x-twin-c", first)])?, with([("x-twin-a", first), ("x-twin-b", &longer)])?])
}

/// Each differs in one thing.
fn others<'a>(pairs: &'a BTreeMap<&str, &str>) -> impl Iterator<Item = Vec<(String, String)>> + 'a {
    let owned = |(key, value): (&&str, &&str)| (key.to_string(), value.to_string());
    let change = move |at: usize, how: fn(&mut Vec<(String, String)>, usize)| {
        let mut other: Vec<_> = pairs.iter().map(owned).collect();
        how(&mut other, at);
        other
    };
    (0..pairs.len()).flat_map(move |at| {
        [
            change(at, |other, at| other[at].1.push('0')),
            change(at, |other, at| _ = other.remove(at)),
            change(at, |other, at| other[at].0.push('0')),
            change(at, |other, at| other.insert(at, (format!("x-{at}-more"), "0".to_owned()))),
            // What stands in one value, moved into the next.
            change(at, |other, at| {
                let next = (at + 1) % other.len();
                let last = other[at].1.pop().unwrap();
                other[next].1.insert(0, last);
            }),
        ]
        .into_iter()
        .filter(move |other| *other != pairs.iter().map(owned).collect::<Vec<_>>())
    })
}

/// The rules of the page, once more.
fn fault(pairs: &[(&str, &str)]) -> Option<ContextError> {
    let mut seen = BTreeMap::new();
    for (key, value) in pairs {
        let own = |key: &str| {
            (1..=62).contains(&key.len()) && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let known = matches!(*key, "tenant" | "name" | "id") || key.strip_prefix("x-").is_some_and(own);
        if !known || seen.contains_key(key) {
            return Some(ContextError::Key);
        }
        if !(1..=256).contains(&value.len()) || *key == "tenant" && Identifier::new(value).is_err() {
            return Some(ContextError::Value);
        }
        seen.insert(key, value);
    }
    if !["tenant", "name", "id"].iter().all(|key| seen.contains_key(key)) {
        return Some(ContextError::Incomplete);
    }
    let length = 2 + pairs.iter().map(|(key, value)| 4 + key.len() + value.len()).sum::<usize>();
    (pairs.len() > 16 || length > 4096).then_some(ContextError::TooLong)
}
