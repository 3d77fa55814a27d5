//! Rust source as words and marks; comments, strings and numbers carry no paths and are dropped or blanked.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or keyword; a raw identifier keeps its `r#`.
    Word(String),
    /// `::` that continues a path; one that starts a path is dropped.
    PathSep,
    /// Any other sign.
    Mark(char),
    /// A string, character, number or lifetime.
    Literal,
}

impl Token {
    pub(crate) fn word(&self) -> Option<&str> {
        if let Kind::Word(word) = &self.kind { Some(word) } else { None }
    }

    pub(crate) fn mark(&self) -> Option<char> {
        if let Kind::Mark(mark) = self.kind { Some(mark) } else { None }
    }
}

pub(crate) fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    let mut previous = ' ';
    while let Some(first) = rest.chars().next() {
        let (length, kind) = next(rest, first);
        if kind != Some(Kind::PathSep) || is_word(previous) || previous == '>' {
            tokens.extend(kind.map(|kind| Token { kind, line }));
        }
        let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        line += taken.matches('\n').count();
        previous = taken.chars().next_back().unwrap_or(previous);
        rest = after;
    }
    tokens
}

/// The length of what stands at the start of `rest`, and its kind if it is kept.
fn next(rest: &str, first: char) -> (usize, Option<Kind>) {
    if first.is_whitespace() {
        (first.len_utf8(), None)
    } else if rest.starts_with("//") {
        (rest.find('\n').unwrap_or(rest.len()), None)
    } else if rest.starts_with("/*") {
        (block_comment(rest), None)
    } else if let Some(length) = string(rest).or_else(|| quote(rest)) {
        (length, Some(Kind::Literal))
    } else if first.is_ascii_digit() {
        (number(rest), Some(Kind::Literal))
    } else if is_word(first) {
        let prefix = if rest.starts_with("r#") { 2 } else { 0 };
        let length = prefix + word(rest.get(prefix..).unwrap_or_default());
        (length, rest.get(..length).map(|word| Kind::Word(word.to_owned())))
    } else if rest.starts_with("::") {
        (2, Some(Kind::PathSep))
    } else {
        (first.len_utf8(), Some(Kind::Mark(first)))
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// `"…"` and `r#"…"#`, also with the prefixes `b` and `c`.
fn string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).map(|after| after.trim_start_matches('#'));
        let hashes_fit = prefix.ends_with('r') || !rest.get(prefix.len()..).unwrap_or_default().starts_with('#');
        hashes_fit && after.is_some_and(|after| after.starts_with('"'))
    })?;
    let after = rest.get(prefix.len()..)?;
    if !prefix.ends_with('r') {
        return Some(prefix.len() + 1 + until_quote(after.get(1..)?, '"'));
    }
    let hashes = after.find('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let body = after.get(hashes + 1..)?;
    let length = body.find(&close).map_or(body.len(), |end| end + close.len());
    Some(prefix.len() + hashes + 1 + length)
}

/// `'x'`, `b'x'` and `'lifetime`.
fn quote(rest: &str) -> Option<usize> {
    let prefix = usize::from(rest.starts_with("b'"));
    let body = rest.get(prefix..)?.strip_prefix('\'')?;
    let mut chars = body.chars();
    let is_character = chars.next()? == '\\' || chars.next() == Some('\'');
    Some(prefix + 1 + if is_character { until_quote(body, '\'') } else { word(body) })
}

/// The length up to and with the closing quote; a backslash takes the next character with it.
fn until_quote(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, character) in body.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return index + 1,
            _ => {}
        }
    }
    body.len()
}

/// A fraction belongs to the number, a range or a method call does not.
fn number(rest: &str) -> usize {
    let whole = word(rest);
    let fraction = rest.get(whole..).and_then(|after| after.strip_prefix('.'));
    match fraction.filter(|fraction| fraction.starts_with(|first: char| first.is_ascii_digit())) {
        Some(fraction) => whole + 1 + word(fraction),
        None => whole,
    }
}

fn word(rest: &str) -> usize {
    rest.find(|character| !is_word(character)).unwrap_or(rest.len())
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        lex(text).iter().filter_map(Token::word).map(str::to_owned).collect()
    }

    #[test]
    fn text_in_comments_and_literals_is_no_word() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(words(r##"a "b \" c" r"d\" e r#"f " g"# b"h" br"i" c"j" k"##), ["a", "e", "k"]);
        assert_eq!(words(r"a 'b' '\'' b'c' '\u{1F}' 'd e 1.5e3 0..f 2.max g"), ["a", "e", "f", "max", "g"]);
        assert_eq!(words("r#type é"), ["r#type", "é"]);
    }

    #[test]
    fn lines_are_counted_through_comments_and_strings() {
        let tokens = lex("/* 1\n2 */ \"\n\"\nfour");
        assert_eq!(tokens.last().map(|token| token.line), Some(4));
    }

    #[test]
    fn paths_are_seen_and_unfinished_text_ends() {
        let kinds: Vec<Kind> = lex("-> ::a::b:").into_iter().map(|token| token.kind).collect();
        let word = |text: &str| Kind::Word(text.to_owned());
        let arrow = [Kind::Mark('-'), Kind::Mark('>')];
        assert_eq!(kinds, [&arrow[..], &[word("a"), Kind::PathSep, word("b"), Kind::Mark(':')]].concat());
        for unfinished in ["\"a", "r#\"a", "/* a", "'", "b'", "'\\"] {
            lex(unfinished);
        }
    }
}
