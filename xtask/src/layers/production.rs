//! The part of a source file that is compiled into the product: all but what `#[cfg(test)]` guards.

use super::lex::Token;

pub(crate) struct Production {
    pub(crate) tokens: Vec<Token>,
    /// Modules in files of their own that only tests have.
    pub(crate) test_modules: Vec<String>,
}

pub(crate) fn production(mut rest: &[Token]) -> Production {
    let mut kept = Production { tokens: Vec::new(), test_modules: Vec::new() };
    while let [token, after @ ..] = rest {
        match attribute(rest) {
            Some(Attribute { inner: true, test: true, .. }) => {
                kept.tokens.clear();
                return kept;
            }
            Some(Attribute { test: true, length, .. }) => {
                let guarded = skip_attributes(rest.get(length..).unwrap_or_default());
                kept.test_modules.extend(file_module(guarded));
                rest = guarded.get(item_length(guarded)..).unwrap_or_default();
            }
            _ => {
                kept.tokens.push(token.clone());
                rest = after;
            }
        }
    }
    kept
}

struct Attribute {
    /// `#![…]`
    inner: bool,
    /// `cfg(test)` or `cfg(all(…, test))`
    test: bool,
    length: usize,
}

fn attribute(tokens: &[Token]) -> Option<Attribute> {
    let at = |index: usize| tokens.get(index).and_then(Token::mark);
    let inner = at(1) == Some('!');
    let open = 1 + usize::from(inner);
    if at(0) != Some('#') || at(open) != Some('[') {
        return None;
    }
    let length = open + group_length(tokens.get(open..)?);
    let words: Vec<&str> = tokens.get(open..length)?.iter().filter_map(Token::word).collect();
    let test = words.first() == Some(&"cfg") && words.contains(&"test");
    Some(Attribute { inner, test: test && !words.contains(&"not") && !words.contains(&"any"), length })
}

fn skip_attributes(mut tokens: &[Token]) -> &[Token] {
    while let Some(attribute) = attribute(tokens) {
        tokens = tokens.get(attribute.length..).unwrap_or_default();
    }
    tokens
}

/// `mod name;`, whose text is elsewhere.
fn file_module(item: &[Token]) -> Option<String> {
    match skip_visibility(item) {
        [keyword, name, end, ..] if keyword.word() == Some("mod") && end.mark() == Some(';') => {
            name.word().map(str::to_owned)
        }
        _ => None,
    }
}

/// The length of the item, statement, field or arm that stands at the start.
fn item_length(tokens: &[Token]) -> usize {
    let after = skip_visibility(tokens);
    let word = |index: usize| after.get(index).and_then(Token::word).unwrap_or_default();
    let is_item = ITEMS.contains(&word(0));
    let ends_with_brace =
        !matches!(word(0), "use" | "static" | "type" | "let") && (word(0) != "const" || BODIES.contains(&word(1)));
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.mark() {
            Some('(' | '[' | '{') => depth += 1,
            // The end of what encloses the item.
            Some(')' | ']' | '}') if depth == 0 => return index,
            Some(close @ (')' | ']' | '}')) => {
                depth -= 1;
                if depth == 0 && close == '}' && ends_with_brace {
                    return index + 1;
                }
            }
            Some(';') if depth == 0 => return index + 1,
            Some(',') if depth == 0 && !is_item => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn skip_visibility(tokens: &[Token]) -> &[Token] {
    match tokens {
        [public, rest @ ..] if public.word() == Some("pub") => match rest {
            [open, ..] if open.mark() == Some('(') => rest.get(group_length(rest)..).unwrap_or_default(),
            _ => rest,
        },
        _ => tokens,
    }
}

/// The length of the bracketed group at the start, with its brackets.
fn group_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.mark() {
            Some('(' | '[' | '{') => depth += 1,
            Some(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

const ITEMS: &[&str] = &[
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
];
/// What follows `const` where it starts a function.
const BODIES: &[&str] = &["async", "extern", "fn", "unsafe"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lex::lex;

    fn kept(text: &str) -> String {
        let production = production(&lex(text));
        production.tokens.iter().filter_map(Token::word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn items_for_tests_are_left_out_and_nothing_more() {
        assert_eq!(kept("#[cfg(test)] mod tests { fn a() {} } fn b() {}"), "fn b");
        assert_eq!(kept("#[cfg(test)] use x::{y, z}; fn b() {}"), "fn b");
        assert_eq!(kept("#[cfg(test)] #[expect(dead_code)] pub(crate) fn a<T, U>() {} fn b() {}"), "fn b");
        assert_eq!(kept("#[cfg(test)] const A: [u8; 2] = { [0; 2] }; const fn b() {}"), "const fn b");
        assert_eq!(kept("#[cfg(test)] const fn a() {} fn b() {}"), "fn b");
        assert_eq!(kept("struct S { #[cfg(test)] a: A, b: B }"), "struct S b B");
        assert_eq!(kept("struct S { b: B, #[cfg(test)] a: A } fn c() {}"), "struct S b B fn c");
        assert_eq!(kept("#[cfg(all(test, unix))] fn a() {} fn b() {}"), "fn b");
        assert_eq!(kept("fn a() {} #![cfg(test)] fn b() {}"), "");
    }

    #[test]
    fn other_conditions_are_kept() {
        assert_eq!(kept("#[cfg(not(test))] fn a() {}"), "cfg not test fn a");
        assert_eq!(kept("#[cfg(unix)] fn a() {}"), "cfg unix fn a");
        assert_eq!(kept("#[cfg_attr(test, derive(Debug))] struct A;"), "cfg_attr test derive Debug struct A");
    }

    #[test]
    fn a_test_module_in_its_own_file_is_named() {
        assert_eq!(production(&lex("#[cfg(test)] mod tests; mod wire;")).test_modules, ["tests"]);
        assert!(production(&lex("mod tests;")).test_modules.is_empty());
    }
}
