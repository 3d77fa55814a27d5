//! Tokens, keys and URLs with passwords that stood on a command line, kept out of what is said about it.

/// The same text with each token, key and URL of a database cut after its prefix.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, prefix)) = next_secret(rest) {
        let (before, after) = rest.split_at(at.saturating_add(prefix.len()));
        masked.push_str(before);
        rest = if prefix.ends_with('/') { behind_url(after) } else { after.trim_start_matches(is_of_token) };
        if rest.len() < after.len() {
            masked.push('…');
        }
    }
    masked + rest
}

fn next_secret(text: &str) -> Option<(usize, &'static str)> {
    let known = PREFIXES.iter().filter_map(|prefix| text.find(prefix).map(|at| (at, *prefix)));
    // Of any other scheme, mistyped ones too, what has a user in it.
    let has_user = |at: usize| {
        let url = text.get(at..).and_then(|behind| behind.split(char::is_whitespace).next());
        url.is_some_and(|url| url.contains('@'))
    };
    let others = text.match_indices(AUTHORITY).map(|(at, _)| (at, AUTHORITY)).filter(|(at, _)| has_user(*at));
    known.chain(others).min()
}

const fn is_of_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

/// A password may hold a quotation mark; one at the end is that of the message.
fn behind_url(text: &str) -> &str {
    let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\\');
    let end = text.find(is_end).unwrap_or(text.len());
    let url = text.get(..end).unwrap_or(text);
    text.get(url.trim_end_matches('\'').len()..).unwrap_or_default()
}

const AUTHORITY: &str = "://";
const PREFIXES: [&str; 5] = ["pwl_", "pws_", "pwk1_", "postgres://", "postgresql://"];
