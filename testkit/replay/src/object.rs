use serde_json::Value;

use crate::unhex;

/// The object: bytes, or those of a fixture after some edits.
pub fn object<'a>(value: &Value, fixture: impl FnOnce(&str) -> &'a Value) -> Vec<u8> {
    if let Some(hex) = value.as_str() {
        return unhex(hex);
    }
    let mut bytes = unhex(fixture(value["base"].as_str().unwrap()).as_str().unwrap());
    for edit in value["edits"].as_array().unwrap() {
        let (name, what) = edit.as_object().unwrap().iter().next().unwrap();
        let number = |place: usize| usize::try_from(what[place].as_u64().unwrap()).unwrap();
        match name.as_str() {
            "xor" => {
                let mask = unhex(what[1].as_str().unwrap());
                bytes[number(0)..].iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
            }
            "cut" => bytes.truncate(usize::try_from(what.as_u64().unwrap()).unwrap()),
            "append" => {
                let times = edit.get("times").map_or(1, |times| usize::try_from(times.as_u64().unwrap()).unwrap());
                bytes.extend(unhex(what.as_str().unwrap()).repeat(times));
            }
            "delete" => drop(bytes.drain(number(0)..number(1))),
            "insert" => drop(bytes.splice(number(0)..number(0), unhex(what[1].as_str().unwrap()))),
            "swap" => {
                let (first, second) = (bytes[number(0)..number(1)].to_vec(), bytes[number(2)..number(3)].to_vec());
                bytes[number(0)..number(1)].copy_from_slice(&second);
                bytes[number(2)..number(3)].copy_from_slice(&first);
            }
            other => panic!("unknown edit {other}"),
        }
    }
    bytes
}
