//! No crate but the bindings and `testkit/timing` may hold unsafe code, and the compiler is told so.

use super::lex::{Token, lex};
use super::violation::Violation;

/// Checks the root file of a library or program.
pub(crate) fn check(path: &str, text: &str) -> Option<Violation> {
    let tokens = lex(text);
    let forbids = tokens.windows(6).any(is_forbid);
    let why = "the crate root lacks `#![forbid(unsafe_code)]`".to_owned();
    (!forbids).then(|| Violation { path: path.to_owned(), line: 1, why })
}

fn is_forbid(window: &[Token]) -> bool {
    let [hash, bang, open, forbid, paren, lint] = window else { return false };
    let marks = [hash, bang, open, paren].map(Token::mark);
    marks == [Some('#'), Some('!'), Some('['), Some('(')]
        && forbid.word() == Some("forbid")
        && lint.word() == Some("unsafe_code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attribute_must_be_there_and_unconditional() {
        assert!(check("src/lib.rs", "//! A crate.\n#![forbid(unsafe_code)]\nmod a;").is_none());
        for missing in [
            "",
            "// #![forbid(unsafe_code)]",
            "#![deny(unsafe_code)]",
            "#[forbid(unsafe_code)] mod a;",
            "#![cfg_attr(test, forbid(unsafe_code))]",
        ] {
            assert!(check("src/lib.rs", missing).is_some(), "{missing}");
        }
    }
}
