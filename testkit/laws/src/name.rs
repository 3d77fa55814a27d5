//! A name has one spelling: what is taken prints back as it was written, and two texts never mean the same. `spec/keys.md` section 2.

use portward::envelope::DataScope;
use portward::{Identifier, IdentifierError, Vocabulary};

pub(crate) fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = Identifier::new(text);
    assert_eq!(read.err(), fault(text));
    if let Ok(identifier) = read {
        assert_eq!(identifier.to_string(), text);
    }
    if let Ok(scope) = text.parse::<DataScope>() {
        assert_eq!((scope.as_str(), format!("{}:{}", scope.kind(), scope.name()).as_str()), (text, text));
        assert!(Identifier::new(scope.name()).is_ok());
    }
    let names: Vec<&str> = text.split('\n').collect();
    if let Ok(vocabulary) = Vocabulary::new(names.clone()) {
        assert_eq!(vocabulary.all().collect::<Vec<_>>(), names);
        let all = vocabulary.expand(&names).unwrap();
        assert_eq!(vocabulary.names(all).collect::<Vec<_>>(), names);
        assert!(Vocabulary::new(names.iter().chain(&names[..1]).copied()).is_err(), "a name is there once");
    }
}

/// The rules of the page, once more.
fn fault(text: &str) -> Option<IdentifierError> {
    if text.is_empty() || text.len() > 64 {
        return Some(IdentifierError::Length);
    }
    if !text.bytes().all(|byte| (0x21..=0x7E).contains(&byte)) {
        return Some(IdentifierError::Character);
    }
    let is_hex = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bare = match text.get(..9) {
        Some(prefix) if prefix.eq_ignore_ascii_case("urn:uuid:") => &text[9..],
        _ => text,
    };
    let bare = bare.strip_prefix('{').and_then(|bare| bare.strip_suffix('}')).unwrap_or(bare);
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let canonical = groups == [8, 4, 4, 4, 12] && is_hex(&text.replace('-', "")) && text.to_ascii_lowercase() == text;
    (is_hex(&bare.replace('-', "")) && !canonical).then_some(IdentifierError::Ambiguous)
}
