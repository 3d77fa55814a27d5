use serde_json::Value;

/// One case, with short ways to its inputs.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The case.
    pub value: &'a Value,
}

impl<'a> Input<'a> {
    /// A text.
    pub fn text(&self, name: &str) -> &'a str {
        self.value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {}", self.value["id"]))
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> u64 {
        self.value[name].as_u64().unwrap_or_else(|| panic!("{name} is no number in {}", self.value["id"]))
    }

    /// Bytes in hexadecimal.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.text(name))
    }

    /// So many bytes.
    pub fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().expect("the right length")
    }

    /// Whether it is there, and not null.
    pub fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }
}

/// Text, bytes, or a text repeated, in which each `%` stands for the number of the repetition.
pub fn of_part(part: &Value) -> Vec<u8> {
    let text = |name: &str| part[name].as_str();
    match (text("text"), text("hex"), text("repeat")) {
        (Some(text), None, None) => text.into(),
        (None, Some(hex), None) => unhex(hex),
        (None, None, Some(repeat)) => {
            let times = part["times"].as_u64().unwrap();
            (0..times).flat_map(|number| repeat.replace('%', &format!("{number:08x}")).into_bytes()).collect()
        }
        _ => panic!("no such part: {part}"),
    }
}

/// The bytes of hexadecimal digits.
pub fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
